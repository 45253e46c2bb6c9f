#include "store/url.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ay_sql_url_kind ay_sql_url_mysql = {"mysql", 3306, false}, ay_sql_url_postgres = {"postgresql", 5432, true};

enum { USUAL_TIMEOUT = 60, PASSWORD_MAX = 4096 };

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* %41 -> A, in place; false for a lone '%' or a NUL. */
static bool decode(char *s)
{
    char *to = s;

    for (; *s; s++) {
        if (*s != '%') {
            *to++ = *s;
            continue;
        }
        int hi = hex(s[1]), lo = hi < 0 ? -1 : hex(s[2]);
        if (lo < 0 || hi + lo == 0)
            return false;
        *to++ = (char)(hi * 16 + lo);
        s += 2;
    }
    *to = '\0';
    return true;
}

static ay_status set_password(ay_sql_url *u, const char *text, size_t n, ay_err *err)
{
    u->password = ay_alloc(1, n + 1);
    if (!u->password)
        return ay_fail(err, AY_ENOMEM, "reading the store's URL");
    memcpy(u->password, text, n);
    u->password[n] = '\0';
    return AY_OK;
}

/* The first line of a file. */
static ay_status read_password(ay_sql_url *u, const char *path, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(path, PASSWORD_MAX, &text, err);

    if (status != AY_OK)
        ay_err_wrap(err, "the store's password");
    else
        status = set_password(u, text.data ? text.data : "",
                              text.data ? strcspn(text.data, "\r\n") : 0, err);
    if (text.data)
        explicit_bzero(text.data, text.len);
    ay_buf_fini(&text);
    return status;
}

/* A name that needs no quotes. */
static bool plain_name(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= 40 && (*s == '_' || (*s >= 'a' && *s <= 'z')) &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n && strncmp(s, "pg_", 3) != 0;
}

/* The words that one kind of server has; false: none of these. */
static bool set_own_word(ay_sql_url *u, const char *key, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;

    if (u->kind->schemas && strcmp(key, "schema") == 0 && plain_name(value))
        u->schema = value;
    else if (u->kind->schemas && strcmp(key, "nodes") == 0 && (strcmp(value, "many") == 0 || strcmp(value, "one") == 0))
        u->many = *value == 'm';
    else if (strcmp(key, "relaxed") == 0 && (yes || strcmp(value, "no") == 0))
        u->relaxed = yes;
    else
        return false;
    return true;
}

static ay_status set_word(ay_sql_url *u, const char *key, char *value, ay_err *err)
{
    long n = 0;

    if (strcmp(key, "socket") == 0) {
        u->socket = value;
    } else if (strcmp(key, "ca") == 0) {
        u->ca = value;
    } else if (strcmp(key, "password-file") == 0 && !u->password) {
        return read_password(u, value, err);
    } else if (strcmp(key, "timeout") == 0 && ay_str_to_long(value, 0, 86400, &n)) {
        u->timeout_s = (int)n;
    } else if (strcmp(key, "ssl") == 0 && strcmp(value, "off") == 0) {
        u->ssl = AY_SQL_PLAIN;
    } else if (strcmp(key, "ssl") == 0 && strcmp(value, "on") == 0) {
        u->ssl = AY_SQL_TLS;
    } else if (strcmp(key, "ssl") == 0 && strcmp(value, "verify") == 0) {
        u->ssl = AY_SQL_VERIFY;
    } else if (!set_own_word(u, key, value) && strcmp(key, "password-file") != 0) {
        return ay_fail(err, AY_EINVAL,
                       "the store's URL: '%.40s' is not understood; after '?' may stand socket=PATH,"
                       " ssl=off|on|verify, ca=FILE, password-file=FILE, timeout=SECONDS, relaxed=yes|no%s",
                       key, u->kind->schemas ? ", schema=NAME, nodes=one|many" : "");
    }
    return AY_OK;
}

static ay_status parse_words(ay_sql_url *u, char *query, ay_err *err)
{
    ay_status status = AY_OK;

    for (char *save = NULL, *w = strtok_r(query, "&", &save); w && status == AY_OK;
         w = strtok_r(NULL, "&", &save)) {
        char *value = strchr(w, '=');
        if (value)
            *value++ = '\0';
        if (!value || !decode(value))
            return ay_fail(err, AY_EINVAL, "the store's URL: '%.40s' needs a value", w);
        status = set_word(u, w, value, err);
    }
    return status;
}

/* host, host:port, [v6]:port or nothing. */
static ay_status parse_host(ay_sql_url *u, char *host, ay_err *err)
{
    char *end = *host == '[' ? strchr(host, ']') : NULL;
    char *colon = strchr(end ? end : host, ':');
    long port = u->kind->port;

    if (colon)
        *colon++ = '\0';
    if (end) {
        *end = '\0';
        host++;
    }
    if (colon && !ay_str_to_long(colon, 1, 65535, &port))
        return ay_fail(err, AY_EINVAL, "the store's URL: a port is a number from 1 to 65535");
    if (!decode(host))
        return ay_fail(err, AY_EINVAL, "the store's URL: the host's name is not understood");
    u->host = host;
    u->port = (unsigned)port;
    return AY_OK;
}

static ay_status parse_user(ay_sql_url *u, char *user, ay_err *err)
{
    char *colon = strchr(user, ':');
    ay_status status = AY_OK;

    if (colon)
        *colon++ = '\0';
    if (!decode(user) || (colon && !decode(colon)))
        return ay_fail(err, AY_EINVAL,
                       "the store's URL: in user and password write %%25 for %%, %%40 for @, %%2F for /,"
                       " %%3F for ?, %%3A for :");
    u->user = user;
    if (colon && *colon) {
        status = set_password(u, colon, strlen(colon), err);
        explicit_bzero(colon, strlen(colon));
    }
    return status;
}

static ay_status parse(ay_sql_url *u, char *p, ay_err *err)
{
    char *query = strchr(p, '?'), *slash, *at;
    ay_status status = AY_OK;

    if (query)
        *query++ = '\0';
    slash = strchr(p, '/');
    if (slash)
        *slash++ = '\0';
    if (!slash || !*slash || strchr(slash, '/') || !decode(slash) || strchr(slash, '`'))
        return ay_fail(err, AY_EINVAL,
                       "the store's URL names no database: %s://user@host:%d/database", u->kind->scheme, u->kind->port);
    u->database = slash;
    at = strrchr(p, '@');
    if (at) {
        *at++ = '\0';
        status = parse_user(u, p, err);
    }
    if (status == AY_OK)
        status = parse_host(u, at ? at : p, err);
    if (status == AY_OK && query)
        status = parse_words(u, query, err);
    return status;
}

ay_status ay_sql_url_parse(ay_sql_url *u, const ay_sql_url_kind *kind, const char *rest, ay_err *err)
{
    const char *word = getenv("ASSAY_STORE_PASSWORD"), *file = getenv("ASSAY_STORE_PASSWORD_FILE");
    ay_status status;

    *u = (ay_sql_url){.kind = kind, .user = "", .host = "", .socket = "", .ca = "", .schema = "assay",
                      .timeout_s = USUAL_TIMEOUT};
    if (strncmp(rest, "//", 2) != 0)
        return ay_fail(err, AY_EINVAL, "the store's URL reads %s://user@host:%d/database", kind->scheme, kind->port);
    u->text = ay_strdup(rest + 2);
    if (!u->text)
        return ay_fail(err, AY_ENOMEM, "reading the store's URL");
    status = parse(u, u->text, err);
    if (status == AY_OK && !u->password && word && *word)
        status = set_password(u, word, strlen(word), err);
    if (status == AY_OK && !u->password && file && *file)
        status = read_password(u, file, err);
    if (status == AY_OK && u->ssl == AY_SQL_PLAIN && *u->ca)
        status = ay_fail(err, AY_EINVAL, "the store's URL: ca= needs ssl=verify");
    if (status != AY_OK)
        ay_sql_url_fini(u);
    return status;
}

void ay_sql_url_fini(ay_sql_url *u)
{
    if (u->password)
        explicit_bzero(u->password, strlen(u->password));
    ay_free(u->password);
    ay_free(u->text);
    *u = (ay_sql_url){0};
}

void ay_sql_url_name(const ay_sql_url *u, char *dst, size_t cap)
{
    if (*u->socket || !*u->host || strcmp(u->host, "localhost") == 0)
        snprintf(dst, cap, "database %.64s on %.108s", u->database,
                 *u->socket ? u->socket : "this machine");
    else
        snprintf(dst, cap, "database %.64s on %.100s:%u", u->database, u->host, u->port);
}
