/* cmd/model_encoder.h - "assay model encoder".  Threads: the main one. */
#ifndef AY_CMD_MODEL_ENCODER_H
#define AY_CMD_MODEL_ENCODER_H

#include "cmd/args.h"

/* Operands: the verb, MODEL, PICTURES, DIR.  An exit code. */
int ay_model_encoder(const ay_args *a);

#endif
