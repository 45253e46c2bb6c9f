/* service/library/facts.h - when older pictures were taken, and with what.
 *
 * Pictures get their EXIF facts when they come in; those of a database from before that are read once, by the keeper while it
 * has nothing else to do, a few at a time and with pauses: nobody waits for it.  Only a command that filters or orders by camera
 * or by when pictures were taken reads them all first (ay_facts_need()); a server answers with what is known.
 *
 * Whoever reads, what is read is kept, so that the next goes on there.  Threads: any. */
#ifndef AY_SERVICE_FACTS_H
#define AY_SERVICE_FACTS_H

#include "service/library/filter.h"
#include "service/service.h"

typedef enum { AY_FACTS_DONE, AY_FACTS_MORE, AY_FACTS_AWAY } ay_facts_left; /* AWAY: the store cannot be asked now */

/* Look at a few pictures behind *after ("" at first), which nobody has looked at.  For the keeper. */
ay_facts_left ay_facts_step(ay_service *s, char after[AY_SHA256_HEX]);
/* For commands: look at all, where the filter asks for what a camera wrote and this process may write. */
void ay_facts_need(ay_service *s, const ay_picture_filter *f);

#endif
