/* cmd/models.h - the verbs of "assay model" that work on registered trained models. */
#ifndef AY_CMD_MODELS_H
#define AY_CMD_MODELS_H

#include "cmd/session.h"

/* "promote", "rollback", "history", "export", "import", "remove": does this file do it? */
bool ay_models_verb(const char *verb);
/* Operands as in a->rest, the verb first.  The exit code. */
int ay_models_run(const ay_args *a);
/* Print the registered models, one a line; nothing when there is no data folder yet. */
void ay_models_list(const ay_args *a);

#endif
