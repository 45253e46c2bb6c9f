/* service/library/facts.h - when older pictures were taken, and with what.
 *
 * Pictures get their EXIF facts when they come in; those of a database from before that are read once, by the keeper, a
 * few at a time and with pauses, because nobody waits for it.  For src/service only. */
#ifndef AY_SERVICE_FACTS_H
#define AY_SERVICE_FACTS_H

#include "service/internal.h"

/* Look at all pictures nobody has looked at; returns when done, when the service closes, or when the store is away. */
void ay_facts_fill(ay_service *s);

#endif
