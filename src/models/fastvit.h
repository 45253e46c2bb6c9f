/* models/fastvit.h - the two halves of FastViT: what lies in files (fastvit_fold.c) and the network
 * (fastvit.c).  For src/models only. */
#ifndef AY_MODELS_FASTVIT_H
#define AY_MODELS_FASTVIT_H

#include "models/arch.h"

/* Where the tower's names begin: "" or "visual.trunk." or "image_encoder.model.".  False: the file
 * holds no FastViT. */
bool ay_fastvit_prefix(const ay_source *src, char prefix[AY_PREFIX_MAX]);

/* The tower by timm's names and in the form for inference, whatever the file has: see the table and
 * the formulas in fastvit_fold.c.  Names keep their prefix.  The classifier is called head.proj
 * ("head.fc" is what training puts on a body, head.c). */
ay_status ay_fastvit_rewrite(const ay_source *src, ay_rewritten *out, ay_err *err);

#endif
