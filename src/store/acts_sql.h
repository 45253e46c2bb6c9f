/* store/acts_sql.h - what the kinds of acts share.  For src/store only. */
#ifndef AY_STORE_ACTS_SQL_H
#define AY_STORE_ACTS_SQL_H

#include "base/buf.h"
#include "store/acts.h"
#include "store/sql.h"

enum { AY_SQL_MANY = 200 }; /* values in one list of a statement */

typedef ay_status ay_act_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err);

/* tags.c, bulk.c */
ay_act_undo ay_tag_made_undo, ay_album_made_undo, ay_saved_made_undo, ay_tag_put_undo, ay_tag_take_undo, ay_album_put_undo, ay_album_order_undo, ay_tag_name_undo,
    ay_album_name_undo, ay_saved_name_undo, ay_saved_query_undo, ay_members_move_undo, ay_members_copy_undo, ay_class_made_undo;

/* Run `head ? tail`: head and tail with "(?, ?...)" of n values between them.  args: those of head, the n, those of tail. */
ay_status ay_sql_write_in(ay_store *s, const char *head, const char *tail, const ay_sql_value *args, int before, int n, int after,
                          int64_t *changed, ay_err *err);
ay_status ay_sql_select_in(ay_store *s, const char *head, const char *tail, const ay_sql_value *args, int before, int n, int after,
                           ay_sql_row row, void *ctx, ay_err *err);

/* Digests as one text, 64 digits each, and back: how acts name pictures. */
typedef struct {
    const char *at;
    char one[AY_SHA256_HEX];
} ay_digests;
bool ay_digests_next(ay_digests *d); /* d->at: the text; false: no more */

/* acts.c, for trash.c: take back all of an act; forget its rows. */
ay_status ay_acts_undo(ay_store *s, int64_t act, ay_store_restored *out, ay_err *err);
ay_status ay_acts_forget(ay_store *s, int64_t act, ay_err *err);

#endif
