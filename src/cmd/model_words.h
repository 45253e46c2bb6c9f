/* cmd/model_words.h - "assay model words".  Threads: the main one. */
#ifndef AY_CMD_MODEL_WORDS_H
#define AY_CMD_MODEL_WORDS_H

#include "cmd/args.h"

/* Operands: the verb, the encoder's FOLDER, PICTURES.  An exit code. */
int ay_model_words(const ay_args *a);

#endif
