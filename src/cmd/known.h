/* cmd/known.h - what "assay model verify" knows of a model besides its own arithmetic: that its files are
 * those that the hub named, and that it gives the published answer to a picture and a few texts.
 *
 * The published answer is OpenAI's for ViT-B/32: their CLIP.png against "a diagram", "a dog", "a cat".  The
 * picture is fetched once into <data>/known/ and checked by its digest.  Any model's folder may bring an
 * answer of its own in known-words.json:
 *   {"picture": "FILE", "texts": [...], "probabilities": [...]}    at least two texts, as many probabilities */
#ifndef AY_CMD_KNOWN_H
#define AY_CMD_KNOWN_H

#include "cmd/session.h"

/* word: the model as the person named it.  Print a line for each file of the cache; add to *wrong. */
ay_status ay_known_files(const char *word, int *wrong, ay_err *err);
/* Print the line of the published answer, where there is one for this model; add to *wrong.  Without the
 * picture the line says so, and that is not wrong. */
ay_status ay_known_words(const ay_args *a, const char *word, ay_engine *engine, int *wrong, ay_err *err);

#endif
