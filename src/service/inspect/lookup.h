/* service/inspect/lookup.h - product names for coded pictures: a site of the database file made into answers.
 *
 * Joins net/tunnel.h (when the site names an SSH server with a user and a password or key), store/plant.h, and
 * passwords read where the file says they are.  What the line's prepare step asks for one batch at a time is
 * ay_lookup_products(); counts and, for each name that is not found, a reason are kept for the report: the
 * system that is replaced dropped such pictures with a line in its log.
 *
 * A line that comes back is waited for (store/plant.h: patience); a server whose key changed, or a password that is refused
 * meanwhile, ends the look-up with the tunnel's own words.
 *
 * Threads: one at a time; the tunnel has a thread of its own. */
#ifndef AY_SERVICE_LOOKUP_H
#define AY_SERVICE_LOOKUP_H

#include "inspect/names.h"
#include "inspect/settings.h"
#include "store/plant.h"

#include <jansson.h>
#include <stdatomic.h>

typedef struct ay_lookup ay_lookup;

typedef struct {
    long asked, found;
    long by[AY_PLANT_OUTCOMES];   /* names by what came of them; by[AY_PLANT_FOUND] is found */
    long connections, statements; /* to the database */
    long lines;                   /* times that the tunnel came up; 0: there is none */
} ay_lookup_counts;

/* For each name that has no product, when it is known.  Strings are good for the call. */
typedef void ay_lookup_missed(void *ctx, const char *file, ay_plant_outcome outcome, const char *reason);

/* Open tunnel and database.  cancel (may be NULL) is looked at by every call.  AY_ENOTFOUND: a secret's variable or file
 * is not there; else as ay_tunnel_open() and ay_plant_open(). */
ay_status ay_lookup_open(ay_lookup **out, const ay_inspect_site *site, const char *line, const atomic_bool *cancel, ay_err *err);
void ay_lookup_on_miss(ay_lookup *l, ay_lookup_missed *missed, void *ctx);
/* For ay_line_gather_options.product, with the lookup as its ctx.  out[i] is good until the next call; NULL: not
 * found. */
ay_status ay_lookup_products(void *lookup, const ay_line_name *names, size_t n, const char **out, ay_err *err);
/* The reason of the i-th name of the last call; NULL when it was found. */
const char *ay_lookup_reason(const ay_lookup *l, size_t i);
const char *ay_lookup_outcome(const ay_lookup *l, size_t i); /* in a word: "found", "no row" ...; static */
void ay_lookup_count(const ay_lookup *l, ay_lookup_counts *out);
/* {"asked", "found", "missed": {"no row": 2, ...}, "connections", "statements", "tunnels"}; a new reference, NULL: no memory. */
json_t *ay_lookup_counts_json(const ay_lookup_counts *c);
void ay_lookup_close(ay_lookup *l); /* NULL is fine */

#endif
