/* net/licence.h - which licences of models a person agreed to: one line each in "accepted-licences" of the data folder.
 *
 *     org/name TAB licence TAB 2026-11-22T08:00:00Z
 *
 * A licence that allows any use (net/presets.h) needs no line.  An agreement is to one licence of one repository:
 * when either changes, it is asked for again.  The file is text so that a person can read it and take a line back.
 * Threads: any; other processes that write the same file at the same moment are not waited for. */
#ifndef AY_NET_LICENCE_H
#define AY_NET_LICENCE_H

#include "base/err.h"

#include <stdbool.h>

/* data: the data folder.  licence: as the repository names it, "" when it names none. */
bool ay_licence_accepted(const char *data, const char *repo, const char *licence);
/* Durably. */
ay_status ay_licence_accept(const char *data, const char *repo, const char *licence, ay_err *err);

#endif
