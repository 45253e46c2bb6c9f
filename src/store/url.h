/* store/url.h - how to reach a database server: scheme://user:password@host:port/database?socket=...&ssl=...
 *
 * One reader for all servers, as what people type wrong and what must not be printed is the same for each; a kind says what differs.
 * The server's own library would read such URLs too (libpq does), but then words of its own that lower what Assay promises would pass
 * unseen, and the password would have to be in there.
 *
 * Invariant: the password is in memory of its own, is wiped when that is freed, and is in no message.
 * Threads: none shared. */
#ifndef AY_STORE_URL_H
#define AY_STORE_URL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *scheme; /* "mysql" */
    int port;           /* the usual one */
    bool schemas;       /* knows schema=NAME and nodes=one|many */
} ay_sql_url_kind;

extern const ay_sql_url_kind ay_sql_url_mysql, ay_sql_url_postgres;

/* Strings point into text, which is ours. */
typedef struct {
    const ay_sql_url_kind *kind;
    char *text, *password;
    const char *user, *host, *database, *socket, *ca, *schema;
    unsigned port;
    int timeout_s; /* of one statement; 0: none */
    enum { AY_SQL_PLAIN, AY_SQL_TLS, AY_SQL_VERIFY } ssl;
    bool relaxed; /* take a server that may lose commits when power fails */
    bool many;    /* several Assays write there */
} ay_sql_url;

/* rest: what follows "scheme:".  The password of the URL, else of the file it names, else of
 * ASSAY_STORE_PASSWORD, else of the file that ASSAY_STORE_PASSWORD_FILE names, else none.  AY_EINVAL, AY_EIO. */
ay_status ay_sql_url_parse(ay_sql_url *u, const ay_sql_url_kind *kind, const char *rest, ay_err *err);
void ay_sql_url_fini(ay_sql_url *u);
/* "database assay on host:3306", for messages; never the password. */
void ay_sql_url_name(const ay_sql_url *u, char *dst, size_t cap);

#endif
