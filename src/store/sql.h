/* store/sql.h - what the files of this folder share: sessions, transactions, rows into arenas.
 * For src/store only, not for drivers. */
#ifndef AY_STORE_SQL_H
#define AY_STORE_SQL_H

#include "store/driver.h"
#include "store/store.h"

#include <pthread.h>

enum { AY_STORE_READERS = 4 };

/* One session writes (and reads what it must know to write), others read for the public reads, so that
 * a page of pictures does not wait for a disk to sync.  How many read beside each other is the driver's
 * to say; the first is there from the start, the others when they are first needed.
 *
 * Lock order: wlock before rlock; nothing takes both today.  rlock is held to take a session and to
 * give it back, not while it works. */
struct ay_store {
    const ay_store_driver *driver;
    char *rest; /* of the URL; wiped when freed, as it may hold a password */
    void *writer, *reader[AY_STORE_READERS];
    bool reading[AY_STORE_READERS]; /* guarded by rlock, as reader */
    pthread_mutex_t wlock;          /* recursive: held from begin to commit */
    pthread_mutex_t rlock;
    pthread_cond_t rfree;
    int depth; /* of begin(), guarded by wlock */
    int touched; /* of what galleries are made: store/stamp.h; guarded by wlock */
    unsigned told; /* what others will be told of the transaction under way: store/follow.h; guarded by wlock */
    void (*doubt)(void *ctx);
    void *doubt_ctx;
    void (*watch)(void *ctx, unsigned what);
    void *watch_ctx;
    pthread_t watcher;
    _Atomic bool watch_stop;
};

static inline ay_sql_value ay_sql_int(int64_t i)
{
    return (ay_sql_value){.type = AY_SQL_INT, .i = i};
}
ay_sql_value ay_sql_text(const char *s);
static inline ay_sql_value ay_sql_blob(const void *p, size_t n)
{
    return (ay_sql_value){.type = AY_SQL_BLOB, .p = p, .n = n};
}

/* The arguments of a statement: ARGS(ay_sql_int(1), ay_sql_text("x")) stands for (values, count). */
#define ARGS(...)                                                                                  \
    (const ay_sql_value[]){__VA_ARGS__},                                                           \
        (int)(sizeof((ay_sql_value[]){__VA_ARGS__}) / sizeof(ay_sql_value))

typedef ay_status (*ay_sql_row)(void *ctx, const ay_sql_value *c, int n, ay_err *err);

/* Run on the writing session; between ay_store_begin() and its end. */
ay_status ay_sql_write(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                       int64_t *changed, int64_t *id, ay_err *err);
ay_status ay_sql_select(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                        ay_sql_row row, void *ctx, ay_err *err);
/* Run on the reading session. */
ay_status ay_sql_read(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                      ay_sql_row row, void *ctx, ay_err *err);
/* The first column of the first row as a number, on the writing session; AY_ENOTFOUND without a
 * row, and then err is untouched. */
ay_status ay_sql_number(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                        int64_t *out, ay_err *err);

/* What a statement that changed so many rows does to galleries, into s->touched; and the new stamp, before the commit. */
void ay_stamp_see(ay_store *s, const char *sql, int64_t changed);
ay_status ay_stamp_put(ay_store *s, ay_err *err);

/* End what ay_store_begin() began: commit when status is AY_OK, else roll back.  Returns status, or
 * why the commit failed. */
ay_status ay_store_end(ay_store *s, ay_status status, ay_err *err);

/* A list that grows in an arena. */
typedef struct {
    ay_arena *arena;
    char *items;
    size_t n, cap, size; /* size of one item */
} ay_sql_list;
void *ay_sql_list_add(ay_sql_list *l); /* a zeroed item, or NULL */
/* A text column as a string in the arena; NULL when memory is refused. */
char *ay_sql_string(ay_arena *a, const ay_sql_value *c);

/* Free text: 0..max bytes of UTF-8, no control characters. */
ay_status ay_store_check_text(const char *what, const char *s, size_t max, ay_err *err);
ay_status ay_store_check_digest(const char *what, const char *s, ay_err *err);

ay_status ay_store_check_vector(const ay_store_vector *v, ay_err *err);
/* n floats between memory and their form in the database, little-endian, either way. */
void ay_sql_floats(void *to, const void *from, size_t n);

/* One row for the history; inside a transaction. */
ay_status ay_store_note(ay_store *s, const char *kind, const char *subject, const char *detail,
                        ay_err *err);
/* The same with the event's id. */
ay_status ay_store_event_write(ay_store *s, const char *kind, const char *subject, const char *detail, int64_t *id,
                               ay_err *err);
/* A new entry of the trash; *id goes into the trash column of what is thrown away. */
ay_status ay_store_trash_entry(ay_store *s, const char *kind, const char *subject, int64_t dataset,
                               char token[AY_TOKEN_SIZE], int64_t *id, ay_err *err);

/* The same for what is not deleted but changed: `what` is the history's word for it. */
ay_status ay_store_undo_entry(ay_store *s, const char *kind, const char *what, const char *subject, int64_t dataset,
                              char token[AY_TOKEN_SIZE], int64_t *id, ay_err *err);
/* What a table of its own has under an entry of the trash; one line in trash.c's list.  Each statement has the entry's id as its one
 * argument.  An obstacle's query gives a text (and a number) for what stands in the way of undoing, said with its %s. */
typedef struct {
    struct {
        const char *sql, *say;
    } obstacles[4];
    unsigned touches; /* AY_TOUCHED_... of store/store.h, where undo changed a row */
    const char *undo[6], *forget[6]; /* in this order; forget before the members, classes and data sets of the entry go */
} ay_store_extra;
extern const ay_store_extra ay_store_extra_apart, ay_store_extra_clusters, ay_store_extra_tags;
/* ay_store_member_add() inside a transaction, of what has been checked.  stay: ay_stay of store/arrivals.h.  AY_ENOTFOUND before anything is written: no such class. */
ay_status ay_store_member_write(ay_store *s, int64_t class_id, int stay, const char *file,
                                const ay_store_picture *p, const ay_store_vector *v, ay_store_added *out,
                                ay_err *err);
/* What ay_store_member_add() refuses. */
ay_status ay_store_picture_check(const ay_store_picture *p, ay_err *err);

/* A picture's row, unless it is there; inside a transaction. */
ay_status ay_store_picture_write(ay_store *s, const ay_store_picture *p, ay_err *err);
/* Forget the pictures that no member, live or in the trash, and no prediction refers to; out gets
 * their digests. */
ay_status ay_store_drop_orphans(ay_store *s, ay_arena *a, const char ***out, size_t *n,
                                ay_err *err);

/* Bring an empty or older database to AY_STORE_SCHEMA. */
ay_status ay_store_migrate(ay_store *s, ay_err *err);
/* AY_ECONFLICT when it is another one; by the reading session. */
ay_status ay_store_check_schema(ay_store *s, ay_err *err);

#endif
