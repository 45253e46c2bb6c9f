/* store/mysql_link.c - connecting, and what must be true of a connection before it is used.
 *
 * A connection that fails is tried again at the next statement, but not before a pause that doubles
 * from 0.1 to 2 seconds: whoever asks meanwhile hears at once that the database is away, and the service
 * is back two seconds after the database at the latest.  No thread of our own: a dead peer is found by
 * the kernel (keep-alive after 30 s of silence), a dead connection by the statement that meets it. */
#include "store/mysql.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { CONNECT_S = 3, LOCK_S = 3, LEAST_MARIADB = 100500, LEAST_MYSQL = 80017 };
static const uint64_t MS = 1000000, LEAST_PAUSE = 100 * 1000000, MOST_PAUSE = 2000 * 1000000ull;

/* ---- what error numbers mean */

bool ay_mysql_lost(unsigned code)
{
    switch (code) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_COMMANDS_OUT_OF_SYNC:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case 4031: /* MySQL 8: disconnected for being idle */
        return true;
    }
    return false;
}

/* Numbers that only one of MySQL and MariaDB has stand as numbers. */
ay_status ay_mysql_meaning(unsigned code)
{
    switch (code) {
    case ER_DUP_ENTRY:
    case ER_DUP_UNIQUE:
        return AY_EEXISTS;
    case ER_ROW_IS_REFERENCED:
    case ER_ROW_IS_REFERENCED_2:
    case ER_NO_REFERENCED_ROW:
    case ER_NO_REFERENCED_ROW_2:
    case ER_TABLE_EXISTS_ERROR:
        return AY_ECONFLICT;
    case ER_DATA_TOO_LONG:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_BAD_NULL_ERROR:
        return AY_EINVAL;
    case ER_NET_PACKET_TOO_LARGE:
    case CR_NET_PACKET_TOO_LARGE:
        return AY_ELIMIT;
    case ER_NO_SUCH_TABLE:
    case ER_BAD_FIELD_ERROR:
    case ER_NOT_KEYFILE:
    case ER_CRASHED_ON_USAGE:
    case ER_INDEX_CORRUPT:
        return AY_ECORRUPT;
    case ER_OUTOFMEMORY:
    case ER_OUT_OF_RESOURCES:
    case CR_OUT_OF_MEMORY:
        return AY_ENOMEM;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case ER_STATEMENT_TIMEOUT: /* MariaDB */
    case 3024:                 /* the same in MySQL */
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_MAX_PREPARED_STMT_COUNT_REACHED:
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case ER_READ_ONLY_MODE:
        return AY_EBUSY;
    }
    return ay_mysql_lost(code) ? AY_EBUSY : AY_EIO;
}

/* What to do about it; "" when the server's own words say enough. */
static const char *advice(unsigned code, bool writable)
{
    switch (code) {
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
        if (!writable)
            return "; to read, the user needs GRANT SELECT ON database.* TO user";
        return "; the user needs all privileges on the database (GRANT ALL PRIVILEGES ON database.* TO"
               " user)";
    case ER_ACCESS_DENIED_ERROR:
        return "; check the user, the host it may come from, and ASSAY_STORE_PASSWORD";
    case ER_BAD_DB_ERROR:
        return !writable ? "" : "; make it with CREATE DATABASE, Assay makes the tables";
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
        return "; there is no room left for the database: free some on its disk";
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case ER_READ_ONLY_MODE:
        return "; the database takes no writes now: is this a replica?";
    case ER_NET_PACKET_TOO_LARGE:
    case CR_NET_PACKET_TOO_LARGE:
        return "; raise max_allowed_packet on the server";
    case ER_NO_SUCH_TABLE:
        return "; is this a database of Assay's?";
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
        return "; raise max_connections on the server";
    }
    return "";
}

ay_status ay_mysql_fail(ay_mysql *s, unsigned code, const char *text, const char *what, ay_err *err)
{
    ay_status status = ay_mysql_meaning(code);

    if (ay_mysql_lost(code)) {
        ay_fail(err, status, "the database went away: %s", text);
        s->broken = s->open;
        ay_mysql_drop(s); /* text lives in it */
        return status;
    }
    if (code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT)
        s->broken = s->open; /* the server has rolled back, or may have */
    return ay_fail(err, status, "%s%s [%u] (%.60s)", text, advice(code, s->writable), code, what);
}

/* ---- short questions */

ay_status ay_mysql_exec(ay_mysql *s, const char *sql, ay_err *err)
{
    MYSQL_RES *rows;

    if (mysql_real_query(s->db, sql, strlen(sql)) != 0)
        return ay_mysql_fail(s, mysql_errno(s->db), mysql_error(s->db), sql, err);
    rows = mysql_store_result(s->db);
    if (rows)
        mysql_free_result(rows);
    return AY_OK;
}

ay_status ay_mysql_execf(ay_mysql *s, ay_err *err, const char *fmt, ...)
{
    ay_buf sql = {0};
    ay_status status;
    va_list ap;
    char text[1024];
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return ay_fail(err, AY_EINVAL, "a statement cannot be written");
    if ((size_t)n < sizeof text)
        return ay_mysql_exec(s, text, err);
    if (ay_buf_reserve(&sql, (size_t)n + 1)) {
        va_start(ap, fmt);
        vsnprintf(sql.data, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    status = sql.failed ? ay_fail(err, AY_ENOMEM, "a statement") : ay_mysql_exec(s, sql.data, err);
    ay_buf_fini(&sql);
    return status;
}

ay_status ay_mysql_ask(ay_mysql *s, char *dst, size_t cap, int *rows, ay_err *err, const char *fmt,
                       ...)
{
    char sql[2048];
    MYSQL_RES *result;
    size_t at = 0;
    MYSQL_ROW row;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    *dst = '\0';
    *rows = 0;
    if (mysql_real_query(s->db, sql, strlen(sql)) != 0 || !(result = mysql_store_result(s->db)))
        return ay_mysql_fail(s, mysql_errno(s->db), mysql_error(s->db), sql, err);
    while ((row = mysql_fetch_row(result))) {
        for (unsigned i = 0; i < mysql_num_fields(result) && *rows == 0 && at < cap; i++)
            at += (size_t)snprintf(dst + at, cap - at, "%s\n", row[i] ? row[i] : "");
        ++*rows;
    }
    mysql_free_result(result);
    return at < cap ? AY_OK : ay_fail(err, AY_ELIMIT, "an answer of the database is too long");
}

/* ---- one connection */

void ay_mysql_drop(ay_mysql *s)
{
    for (int i = 0; i < s->nkept; i++) {
        mysql_stmt_close(s->kept[i].st);
        ay_free(s->kept[i].sql);
    }
    s->nkept = s->oldest = 0;
    if (s->db)
        mysql_close(s->db);
    s->db = NULL;
}

/* Failures on Unix sockets, which have none of this, do not matter. */
static void keep_alive(MYSQL *db)
{
    int fd = (int)mysql_get_socket(db), on = 1, idle = 30, between = 10, count = 3, unheard = 30000;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unheard, sizeof unheard);
}

/* A server may ask its client for files, or for the password in clear: neither is answered. */
static void set_options(const ay_mysql *s, MYSQL *db)
{
    static const char plugins[] = "mysql_native_password,client_ed25519,caching_sha2_password,"
                                  "sha256_password,auth_gssapi_client";
    unsigned connect = CONNECT_S, write = 30, no = 0;
    unsigned wait = s->url.timeout_s ? (unsigned)s->url.timeout_s + 5 : 0;
    my_bool yes = 1, off = 0, verify = s->url.ssl == AY_SQL_VERIFY;

    mysql_optionsv(db, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
    mysql_optionsv(db, MYSQL_OPT_WRITE_TIMEOUT, &write);
    if (wait)
        mysql_optionsv(db, MYSQL_OPT_READ_TIMEOUT, &wait);
    mysql_optionsv(db, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_optionsv(db, MYSQL_OPT_RECONNECT, &off);
    mysql_optionsv(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(db, MARIADB_OPT_RESTRICTED_AUTH, plugins);
    if (s->url.ssl != AY_SQL_PLAIN) {
        mysql_optionsv(db, MYSQL_OPT_SSL_ENFORCE, &yes);
        mysql_optionsv(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    }
    if (*s->url.ca)
        mysql_optionsv(db, MYSQL_OPT_SSL_CA, s->url.ca);
}

static ay_status check_version(ay_mysql *s, ay_err *err)
{
    unsigned long version = mysql_get_server_version(s->db);
    const char *info = mysql_get_server_info(s->db);

    s->oracle = !strstr(info, "MariaDB");
    if (version < (s->oracle ? LEAST_MYSQL : LEAST_MARIADB))
        return ay_fail(err, AY_EUNSUPPORTED,
                       "the database server is %.60s; Assay needs MariaDB 10.5, or MySQL 8.0.17, or newer",
                       info);
    return AY_OK;
}

static ay_status set_session(ay_mysql *s, ay_err *err)
{
    ay_status status = ay_mysql_execf(
        s, err,
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',"
        " collation_connection = %s, wait_timeout = 31536000, innodb_lock_wait_timeout = 10,"
        " autocommit = 1, foreign_key_checks = 1, unique_checks = 1, time_zone = '+00:00'",
        s->oracle ? "utf8mb4_0900_bin" : "utf8mb4_nopad_bin");

    if (status == AY_OK)
        status = ay_mysql_execf(s, err, s->oracle ? "SET SESSION max_execution_time = %d000"
                                                  : "SET SESSION max_statement_time = %d",
                                s->url.timeout_s);
    if (status == AY_OK)
        status = ay_mysql_execf(s, err,
                                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ %s",
                                s->writable ? "WRITE" : "ONLY");
    return status;
}

/* Acknowledged means durable: a server that forgets commits when power fails is refused, unless the
 * URL says it will do. */
static ay_status inspect(ay_mysql *s, ay_err *err)
{
    long long packet = 0;
    int flush = 0, binlog = 0, sync = 0, rows;
    char text[128];
    ay_status status = ay_mysql_ask(s, text, sizeof text, &rows, err,
                                    "SELECT @@max_allowed_packet, @@innodb_flush_log_at_trx_commit,"
                                    " @@log_bin, @@sync_binlog");

    if (status != AY_OK)
        return status;
    sscanf(text, "%lld\n%d\n%d\n%d", &packet, &flush, &binlog, &sync);
    s->max_packet = packet > 0 ? (size_t)packet : 0;
    /* The library goes on in clear when the server offers nothing else. */
    if (s->url.ssl != AY_SQL_PLAIN && !mysql_get_ssl_cipher(s->db))
        return ay_fail(err, AY_EIO, "the database server offers no SSL, which the store's URL asks for:"
                                    " give it a certificate, or say ssl=off where the way to it is safe");
    if (!s->writable || s->url.relaxed)
        return AY_OK;
    if (flush != 1)
        return ay_fail(err, AY_EUNSUPPORTED,
                       "the database does not keep a commit when power fails"
                       " (innodb_flush_log_at_trx_commit is %d): set it to 1, or add relaxed=yes to the"
                       " store's URL", flush);
    if (binlog && sync != 1)
        return ay_fail(err, AY_EUNSUPPORTED,
                       "the database may lose commits when power fails (log_bin is on and sync_binlog is"
                       " %d): set it to 1, or add relaxed=yes to the store's URL", sync);
    return AY_OK;
}

/* ---- who writes */

static void lock_name(const ay_mysql *s, char dst[140])
{
    char name[65];

    snprintf(name, sizeof name, "assay:%.58s", s->url.database);
    mysql_real_escape_string(s->db, dst, name, strlen(name));
}

/* *got: whether the lock is ours now. */
static ay_status get_lock(ay_mysql *s, int seconds, bool *got, ay_err *err)
{
    char name[140], text[32];
    int rows;
    ay_status status;

    lock_name(s, name);
    status = ay_mysql_ask(s, text, sizeof text, &rows, err, "SELECT GET_LOCK('%s', %d)", name, seconds);
    *got = status == AY_OK && text[0] == '1';
    return status;
}

/* The connection that holds the lock; 0: none. */
static ay_status lock_holder(ay_mysql *s, unsigned long *id, ay_err *err)
{
    char name[140], text[32];
    int rows;
    ay_status status;

    lock_name(s, name);
    status = ay_mysql_ask(s, text, sizeof text, &rows, err, "SELECT IS_USED_LOCK('%s')", name);
    *id = strtoul(text, NULL, 10);
    return status;
}

static ay_status say_busy(ay_mysql *s, ay_err *err)
{
    unsigned long id = 0;
    char where[128] = "";
    int rows = 0;

    lock_holder(s, &id, NULL);
    if (s->db && id)
        ay_mysql_ask(s, where, sizeof where, &rows, NULL,
                     "SELECT host FROM information_schema.processlist WHERE id = %lu", id);
    where[strcspn(where, "\n")] = '\0';
    return ay_fail(err, AY_EBUSY, "the database %s is in use by another Assay (connection %lu%s%s)",
                   s->url.database, id, *where ? " from " : "", where);
}

static ay_status read_owner(ay_mysql *s, bool locking, bool *mine, ay_err *err)
{
    char text[96];
    int rows;
    ay_status status =
        ay_mysql_ask(s, text, sizeof text, &rows, err,
                     "SELECT owner, serial FROM assay_writer WHERE id = 1%s",
                     locking ? " FOR UPDATE" : "");

    if (status != AY_OK)
        return status;
    *mine = rows == 1 && strncmp(text, s->owner, 32) == 0 && text[32] == '\n';
    if (*mine && locking)
        s->serial = strtoll(text + 33, NULL, 10);
    return AY_OK;
}

static ay_status fence(ay_mysql *s, ay_err *err)
{
    s->fenced = true;
    return ay_fail(err, AY_EBUSY, "another Assay has taken over the database %s while it could not be"
                                  " reached: start this one again", s->url.database);
}

/* On a new connection of a session that held the lock before.  The old connection may still be there
 * for the server, with the lock and half a transaction; it is ended only when it is without doubt ours,
 * as numbers of connections begin again when a server does. */
static ay_status regain(ay_mysql *s, unsigned long before, ay_err *err)
{
    unsigned long holder = 0;
    bool mine = false, got = false;
    ay_status status = read_owner(s, false, &mine, err);

    if (status == AY_OK && !mine)
        return fence(s, err);
    if (status == AY_OK)
        status = get_lock(s, 0, &got, err);
    if (status == AY_OK && !got)
        status = lock_holder(s, &holder, err);
    if (status == AY_OK && !got && holder == before && before)
        ay_mysql_execf(s, NULL, "KILL CONNECTION %lu", before);
    if (status == AY_OK && !got)
        status = s->db ? get_lock(s, LOCK_S, &got, err) : AY_EBUSY;
    if (status == AY_OK && !got)
        return say_busy(s, err);
    if (status == AY_OK)
        status = read_owner(s, true, &mine, err); /* waits for what the old one may still do */
    if (status == AY_OK && !mine)
        return fence(s, err);
    if (status == AY_OK)
        s->doubt = false;
    return status;
}

/* The first connection of a writing session. */
static ay_status own(ay_mysql *s, ay_err *err)
{
    static const char *const tables[] = {
        "CREATE TABLE IF NOT EXISTS assay_writer (id INT NOT NULL PRIMARY KEY, owner CHAR(32) NOT NULL,"
        " serial BIGINT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=ascii COMMENT='assay: who writes'",
        "INSERT IGNORE INTO assay_writer (id, owner, serial) VALUES (1, '', 0)",
        "CREATE TABLE IF NOT EXISTS assay_undo (seq INT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " kind CHAR(1) NOT NULL, name VARCHAR(64) NOT NULL, of VARCHAR(64) NOT NULL) ENGINE=InnoDB"
        " DEFAULT CHARSET=ascii COMMENT='assay: a schema change under way'",
    };
    bool got = false, mine = false;
    ay_status status = get_lock(s, LOCK_S, &got, err);

    if (status == AY_OK && !got)
        return say_busy(s, err);
    for (size_t i = 0; status == AY_OK && i < sizeof tables / sizeof *tables; i++)
        status = ay_mysql_exec(s, tables[i], err);
    ay_random_hex(s->owner, 16);
    if (status == AY_OK)
        status = ay_mysql_execf(s, err, "UPDATE assay_writer SET owner = '%s' WHERE id = 1", s->owner);
    if (status == AY_OK)
        status = read_owner(s, true, &mine, err);
    if (status == AY_OK && !mine)
        status = ay_fail(err, AY_ECORRUPT, "the table assay_writer is not as Assay made it");
    return status == AY_OK ? ay_mysql_ddl_undo(s, err) : status;
}

/* ---- again and again */

static ay_status cannot_connect(const ay_mysql *s, MYSQL *db, ay_err *err)
{
    unsigned code = mysql_errno(db);
    char name[256];

    ay_sql_url_name(&s->url, name, sizeof name);
    return ay_fail(err, s->opening ? AY_EIO : AY_EBUSY, "%s cannot be reached: %s%s", name,
                   mysql_error(db), advice(code, s->writable));
}

static ay_status connect_once(ay_mysql *s, ay_err *err)
{
    MYSQL *db = mysql_init(NULL);
    const char *host = *s->url.socket || !*s->url.host ? "localhost" : s->url.host;
    unsigned long before = s->connection;
    ay_status status;

    if (!db)
        return ay_fail(err, AY_ENOMEM, "connecting to the database");
    set_options(s, db);
    if (!mysql_real_connect(db, host, *s->url.user ? s->url.user : NULL, s->url.password,
                            s->url.database, s->url.port, *s->url.socket ? s->url.socket : NULL,
                            CLIENT_FOUND_ROWS)) {
        status = cannot_connect(s, db, err);
        mysql_close(db);
        return status;
    }
    s->db = db;
    keep_alive(db);
    status = check_version(s, err);
    if (status == AY_OK)
        status = set_session(s, err);
    if (status == AY_OK)
        status = inspect(s, err);
    if (status == AY_OK && s->writable)
        status = s->opening ? own(s, err) : regain(s, before, err);
    if (status == AY_OK)
        s->connection = mysql_thread_id(db);
    else
        ay_mysql_drop(s);
    return status;
}

ay_status ay_mysql_first(ay_mysql *s, ay_err *err)
{
    ay_status status;

    s->opening = true;
    status = connect_once(s, err);
    s->opening = false;
    return status;
}

ay_status ay_mysql_ready(ay_mysql *s, ay_err *err)
{
    uint64_t now = ay_clock_mono();
    ay_err why = {{0}};
    ay_status status;

    if (s->open && (s->broken || !s->db))
        return ay_fail(err, AY_EBUSY, "the database ended the change that was under way");
    if (s->fenced && s->writable)
        return fence(s, err);
    if (s->db)
        return AY_OK;
    if (now < s->retry_at)
        return ay_fail(err, AY_EBUSY, "%s (tried again in %.1f s)", s->why,
                       (double)(s->retry_at - now) / 1e9);
    status = connect_once(s, &why);
    if (status == AY_OK) {
        s->backoff = 0;
        return AY_OK;
    }
    s->backoff = s->backoff * 2 < LEAST_PAUSE ? LEAST_PAUSE : s->backoff * 2;
    s->backoff = s->backoff > MOST_PAUSE ? MOST_PAUSE : s->backoff;
    s->retry_at = ay_clock_mono() + s->backoff;
    snprintf(s->why, sizeof s->why, "%.255s", why.msg);
    return ay_fail(err, status == AY_ENOMEM ? AY_ENOMEM : AY_EBUSY, "%s", why.msg);
}

static void sleep_until(uint64_t when)
{
    uint64_t now = ay_clock_mono(), ns = when > now ? when - now : 0;

    ns = ns < 10 * MS ? 10 * MS : ns;
    nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

ay_status ay_mysql_settle(ay_mysql *s, int wait_ms, ay_err *err)
{
    uint64_t end = ay_clock_mono() + (uint64_t)wait_ms * MS;

    s->doubt = true;
    for (;;) {
        ay_status status = ay_mysql_ready(s, NULL);
        if (status == AY_OK && s->doubt) { /* a connection that was not lost after all */
            bool mine = false;
            status = read_owner(s, true, &mine, NULL);
            s->fenced |= status == AY_OK && !mine;
            s->doubt = status != AY_OK || !mine;
        }
        if (!s->doubt)
            return s->serial == s->next
                       ? AY_OK
                       : ay_fail(err, AY_EBUSY,
                                 "the database went away before it kept the change: nothing was changed");
        if (s->fenced || ay_clock_mono() >= end)
            return ay_fail(err, AY_EUNKNOWN,
                           "the database went away while it kept the change; whether it did is found out"
                           " when it is back");
        sleep_until(s->db ? 0 : s->retry_at < end ? s->retry_at : end);
    }
}
