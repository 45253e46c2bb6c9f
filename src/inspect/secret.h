/* inspect/secret.h - a password that a settings file names without holding it.
 *
 *     env:NAME     the environment's variable NAME
 *     file:/path   the first line of that file
 *     anything else is the secret itself, which earns a warning where it stands in a file
 *
 * What is read lives in memory of its own and is wiped when given back.
 * Threads: any (the environment is only read). */
#ifndef AY_INSPECT_SECRET_H
#define AY_INSPECT_SECRET_H

#include "base/err.h"

#include <stdbool.h>

/* Is it "env:..." or "file:..."? */
bool ay_secret_is_reference(const char *text);
/* *out is NULL for "", else for ay_secret_free().  what: "the password of ...", for messages, which never hold the
 * secret.  AY_ENOTFOUND: the variable or file is not there or empty; AY_ENOMEM, AY_EIO. */
ay_status ay_secret_read(const char *text, const char *what, char **out, ay_err *err);
void ay_secret_free(char *secret); /* NULL is fine */

#endif
