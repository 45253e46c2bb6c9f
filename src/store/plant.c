#include "store/plant.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/plant_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_PORT = 5432, CONNECT_MS = 10000, STATEMENT_MS = 30000, PATIENCE_MS = 30000, DIGITS = 14, DAY = 11,
       MOST_CLOSER = 200, LEAST_PAUSE_MS = 100, MOST_PAUSE_MS = 2000, PRODUCTS = 4 };
static const uint64_t MS = 1000000;

static const char *const usual_column[AY_PLANT_COLUMNS] = {"product_name", "site", "line_id", "create_time", "image_path"};

const char *ay_plant_outcome_name(ay_plant_outcome o)
{
    static const char *const names[AY_PLANT_OUTCOMES] = {"found",     "no row",  "no product", "several products",
                                                         "elsewhere", "renamed", "bad name"};

    return o >= 0 && o < AY_PLANT_OUTCOMES ? names[o] : "unknown";
}

/* ---- statements */

/* "a.b" -> "a"."b": whatever stands there is a name and nothing else. */
static void quote(ay_buf *out, const char *name, bool parts)
{
    ay_buf_putc(out, '"');
    for (const char *s = name; *s; s++) {
        if (*s == '"')
            ay_buf_puts(out, "\"\"");
        else if (*s == '.' && parts)
            ay_buf_puts(out, "\".\"");
        else
            ay_buf_putc(out, *s);
    }
    ay_buf_putc(out, '"');
}

/* text with @p, @s, @l, @t, @i (columns) and @@ (the table) replaced; '?' becomes r's columns. */
static char *write_statement(const ay_plant_options *o, const char *text)
{
    static const char letters[] = "pslti";
    ay_buf b = {0};
    char *out;

    for (const char *s = text; *s; s++) {
        const char *letter = *s == '@' ? strchr(letters, s[1]) : NULL;
        if (*s != '@') {
            ay_buf_putc(&b, *s);
            continue;
        }
        s++;
        if (letter)
            ay_buf_puts(&b, "r.");
        quote(&b, letter ? o->column[letter - letters] : o->table, !letter);
    }
    out = b.failed ? NULL : ay_strdup(b.data);
    ay_buf_fini(&b);
    return out;
}

/* $1 site, $2 line, $3 paths, $4 days, $5 first and $6 last day.  A row for each product of each name. */
static const char ask_text[] =
    "SELECT w.i, btrim(@p::text, E' \\t\\r\\n'), count(*)"
    " FROM unnest($3::text[], $4::date[]) WITH ORDINALITY AS w(path, day, i)"
    " JOIN @@ AS r ON @i = w.path AND @t BETWEEN w.day AND w.day + 1"
    " WHERE @s = $1 AND @l = $2 AND @t BETWEEN $5::date AND $6::date + 1"
    " GROUP BY 1, 2 ORDER BY 1, 2";

/* The same parameters.  At most two rows a name: one of the same path wherever it is; one of other files of the
 * same moment, here.  "YYYY-MM-DD/<14 digits>/" are the 26 characters that all pictures of a moment share. */
#define CLOSER "min(@s::text), min(@l::text), min(@t)::text, count(*), min(@i::text), min(@p::text)" \
               " FROM unnest($3::text[], $4::date[]) WITH ORDINALITY AS w(path, day, i) JOIN @@ AS r ON "
#define NEAR " @t BETWEEN $5::date - 7 AND $6::date + 8"
static const char closer_text[] =
    "SELECT w.i, 1 AS same, " CLOSER "@i = w.path WHERE" NEAR " GROUP BY 1"
    " UNION ALL SELECT w.i, 0, " CLOSER "left(@i, 26) = left(w.path, 26) WHERE @s = $1 AND @l = $2 AND" NEAR " GROUP BY 1"
    " ORDER BY 1, 2 DESC";

/* Are table and columns there, and may they be read? */
static const char probe_text[] = "SELECT @p, @s, @l, @t, @i FROM @@ AS r LIMIT 0";

/* ---- opening */

static void string_places(ay_plant_options *o, const char **all[AY_PLANT_STRINGS])
{
    const char **places[] = {&o->host, &o->address, &o->database, &o->user, &o->password, &o->ssl, &o->ssl_root, &o->table};
    enum { FIXED = sizeof places / sizeof *places };

    memcpy(all, places, sizeof places);
    for (int i = 0; i < AY_PLANT_COLUMNS; i++)
        all[FIXED + i] = &o->column[i];
}

static ay_status options_copy(ay_plant_options *to, const ay_plant_options *from, ay_err *err)
{
    const char **all[AY_PLANT_STRINGS];
    bool whole = true;

    *to = *from;
    to->ssl = from->ssl && *from->ssl ? from->ssl : "prefer";
    to->table = from->table && *from->table ? from->table : "public.amr_raw_data";
    for (int i = 0; i < AY_PLANT_COLUMNS; i++)
        to->column[i] = from->column[i] && *from->column[i] ? from->column[i] : usual_column[i];
    string_places(to, all);
    for (int i = 0; i < AY_PLANT_STRINGS; i++)
        if (*all[i] && **all[i])
            whole = (*all[i] = ay_strdup(*all[i])) != NULL && whole;
        else
            *all[i] = NULL;
    to->port = to->port ? to->port : USUAL_PORT;
    to->connect_ms = to->connect_ms > 0 ? to->connect_ms : CONNECT_MS;
    to->statement_ms = to->statement_ms > 0 ? to->statement_ms : STATEMENT_MS;
    to->patience_ms = to->patience_ms > 0 ? to->patience_ms : PATIENCE_MS;
    return whole ? AY_OK : ay_fail(err, AY_ENOMEM, "connecting to the plant's database");
}

static ay_status options_check(const ay_plant_options *o, ay_err *err)
{
    static const char *const modes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
    bool known = !o->ssl || !*o->ssl;

    if ((!o->host || !*o->host) && (!o->address || !*o->address))
        return ay_fail(err, AY_EINVAL, "the plant's database needs a host");
    if (!o->database || !*o->database || !o->user || !*o->user)
        return ay_fail(err, AY_EINVAL, "the plant's database needs a name and a user");
    if (o->port < 0 || o->port > 65535)
        return ay_fail(err, AY_EINVAL, "the plant's database: a port is a number from 1 to 65535");
    if (o->table && strchr(o->table, '.') != strrchr(o->table, '.'))
        return ay_fail(err, AY_EINVAL, "the plant's database: a table is named schema.table, not '%.80s'", o->table);
    for (size_t i = 0; i < sizeof modes / sizeof *modes && !known; i++)
        known = strcmp(o->ssl, modes[i]) == 0;
    return known ? AY_OK : ay_fail(err, AY_EINVAL, "the plant's database: ssl is disable, prefer, require, verify-ca or "
                                                   "verify-full, not '%.40s'", o->ssl);
}

void ay_plant_close(ay_plant *p)
{
    const char **all[AY_PLANT_STRINGS];

    if (!p)
        return;
    ay_plant_drop(p);
    string_places(&p->o, all);
    for (int i = 0; i < AY_PLANT_STRINGS; i++) {
        char *s = (char *)(uintptr_t)*all[i];
        if (s)
            explicit_bzero(s, strlen(s));
        ay_free(s);
    }
    ay_free(p->ask);
    ay_free(p->closer);
    ay_free(p);
}

/* ---- again when a connection was lost */

typedef struct {
    ay_status (*work)(ay_plant *p, void *ctx, ay_plant_step *step, ay_err *err);
    void *ctx;
} attempt;

/* Whether a connection cannot be made, or ends in the middle, the work is done again from its start: it only
 * reads.  What the server says about a statement is final. */
static ay_status patiently(ay_plant *p, const attempt *a, int patience_ms, ay_err *err)
{
    uint64_t end = ay_clock_mono() + (uint64_t)patience_ms * MS, pause = LEAST_PAUSE_MS * MS;

    for (;;) {
        ay_plant_step step = AY_PLANT_LOST;
        ay_err why = {{0}};
        ay_status status = ay_plant_connect(p, &why);
        if (status == AY_OK)
            status = a->work(p, a->ctx, &step, &why);
        if (status == AY_OK)
            return AY_OK;
        if (step != AY_PLANT_LOST || status == AY_ECANCELLED || status == AY_ENOMEM || ay_clock_mono() + pause >= end) {
            if (err)
                *err = why;
            return status;
        }
        status = ay_plant_pause(p, pause, err);
        if (status != AY_OK)
            return status;
        pause = pause * 2 < MOST_PAUSE_MS * MS ? pause * 2 : MOST_PAUSE_MS * MS;
    }
}

/* A transaction that writes nothing, whatever would be sent in it, with the server's own limit of time. */
static ay_status begin(ay_plant *p, ay_plant_step *step, ay_err *err)
{
    char sql[128];
    PGresult *rows;
    ay_status status;

    snprintf(sql, sizeof sql, "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = %d", p->o.statement_ms);
    *step = ay_plant_run(p, sql, 0, NULL, &rows, &status, err);
    PQclear(rows);
    return status;
}

/* Nothing was changed, so this only gives the snapshot back; a connection that does not is let go. */
static void end(ay_plant *p)
{
    PGresult *rows;
    ay_status status;

    if (p->db && ay_plant_run(p, "ROLLBACK", 0, NULL, &rows, &status, NULL) == AY_PLANT_DONE)
        PQclear(rows);
    else
        ay_plant_drop(p);
}

static ay_status probe(ay_plant *p, void *ctx, ay_plant_step *step, ay_err *err)
{
    PGresult *rows = NULL;
    ay_status status = begin(p, step, err);

    if (status == AY_OK) {
        *step = ay_plant_run(p, ctx, 0, NULL, &rows, &status, err);
        PQclear(rows);
        end(p);
    }
    return status;
}

static void name_it(ay_plant *p)
{
    if (p->o.host && p->o.address)
        snprintf(p->name, sizeof p->name, "the plant's database %.60s on %.60s (through %.40s:%d)", p->o.database, p->o.host,
                 p->o.address, p->o.port);
    else
        snprintf(p->name, sizeof p->name, "the plant's database %.60s on %.80s:%d", p->o.database,
                 p->o.host ? p->o.host : p->o.address, p->o.port);
}

ay_status ay_plant_open(ay_plant **out, const ay_plant_options *o, const atomic_bool *cancel, ay_err *err)
{
    ay_plant *p;
    char *probing = NULL;
    ay_status status = options_check(o, err);

    *out = NULL;
    if (status != AY_OK)
        return status;
    p = ay_calloc(1, sizeof *p);
    if (!p)
        return ay_fail(err, AY_ENOMEM, "connecting to the plant's database");
    status = options_copy(&p->o, o, err);
    if (status == AY_OK) {
        name_it(p);
        p->ask = write_statement(&p->o, ask_text);
        p->closer = write_statement(&p->o, closer_text);
        probing = write_statement(&p->o, probe_text);
        if (!p->ask || !p->closer || !probing)
            status = ay_fail(err, AY_ENOMEM, "connecting to %s", p->name);
    }
    p->cancel = cancel;
    if (status == AY_OK)
        status = patiently(p, &(attempt){probe, probing}, 0, err);
    p->cancel = NULL;
    ay_free(probing);
    if (status == AY_OK)
        *out = p;
    else
        ay_plant_close(p);
    return status;
}

void ay_plant_count(const ay_plant *p, long *connections, long *statements)
{
    *connections = p->connections;
    *statements = p->statements;
}

/* ---- one batch */

typedef struct {
    const char *site, *line;
    const ay_plant_name *names; /* of the batch */
    size_t n;
    ay_arena *arena;
    ay_plant_answer *out; /* [n] */

    size_t place[AY_PLANT_BATCH]; /* of the i-th that is asked for, in names */
    size_t asked;
    ay_buf paths, days;
    char first[DAY], last[DAY];
} batch;

/* "2026-03-14" of 14 digits that are a date and a time. */
static bool day_of(const char *timestamp, char day[DAY])
{
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y, mo, d, h, mi, s;

    if (!timestamp || strlen(timestamp) != DIGITS || strspn(timestamp, "0123456789") != DIGITS ||
        sscanf(timestamp, "%4d%2d%2d%2d%2d%2d", &y, &mo, &d, &h, &mi, &s) != 6)
        return false;
    if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > length[mo - 1] || h > 23 || mi > 59 || s > 60)
        return false;
    if (mo == 2 && d == 29 && (y % 4 != 0 || (y % 100 == 0 && y % 400 != 0)))
        return false;
    snprintf(day, DAY, "%.4s-%.2s-%.2s", timestamp, timestamp + 4, timestamp + 6);
    return true;
}

/* An element of an array as text: whatever is in s stays in it. */
static void array_add(ay_buf *b, const char *s)
{
    ay_buf_puts(b, b->len ? ",\"" : "{\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            ay_buf_putc(b, '\\');
        ay_buf_putc(b, *s);
    }
    ay_buf_putc(b, '"');
}

static ay_status answer(ay_arena *arena, ay_plant_answer *a, ay_plant_outcome outcome, const char *product,
                        const char *reason, ay_err *err)
{
    *a = (ay_plant_answer){.outcome = outcome};
    if (product)
        a->product = ay_arena_strdup(arena, product);
    if (reason)
        a->reason = ay_arena_strdup(arena, reason);
    if ((product && !a->product) || (reason && !a->reason))
        return ay_fail(err, AY_ENOMEM, "keeping what the plant's database answered");
    return AY_OK;
}

/* Which names can be asked for, and the arrays of them. */
static ay_status gather(batch *b, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < b->n && status == AY_OK; i++) {
        const ay_plant_name *m = &b->names[i];
        char day[DAY], path[DAY + DIGITS + 1 + 1024];
        const char *bad = !day_of(m->timestamp, day)                       ? "its name has no date and time"
                          : !m->file || strlen(m->file) > 1000             ? "its name is too long"
                          : !ay_utf8_valid(m->file, strlen(m->file)) ? "its name is no UTF-8, so no database can know it"
                                                                           : NULL;
        if (bad) {
            status = answer(b->arena, &b->out[i], AY_PLANT_BAD_NAME, NULL, bad, err);
            continue;
        }
        b->out[i] = (ay_plant_answer){.outcome = AY_PLANT_NO_ROW};
        snprintf(path, sizeof path, "%s/%s/%s", day, m->timestamp, m->file);
        array_add(&b->paths, path);
        array_add(&b->days, day);
        if (b->asked == 0 || strcmp(day, b->first) < 0)
            memcpy(b->first, day, DAY);
        if (b->asked == 0 || strcmp(day, b->last) > 0)
            memcpy(b->last, day, DAY);
        b->place[b->asked++] = i;
    }
    ay_buf_putc(&b->paths, '}');
    ay_buf_putc(&b->days, '}');
    if (status == AY_OK && (b->paths.failed || b->days.failed))
        status = ay_fail(err, AY_ENOMEM, "asking the plant's database");
    return status;
}

/* The place in names that a row's first column means; false: no such place. */
static bool place_of(const batch *b, const PGresult *rows, int row, size_t *place)
{
    long i;

    if (PQgetisnull(rows, row, 0) || !ay_str_to_long(PQgetvalue(rows, row, 0), 1, (long)b->asked, &i))
        return false;
    *place = b->place[i - 1];
    return true;
}

/* Rows from..to-1 are of one name. */
static ay_status judge_one(batch *b, const PGresult *rows, int from, int to, ay_plant_answer *a, ay_err *err)
{
    char reason[512];
    int products = 0, at = 0;
    long bare = 0;
    const char *product = NULL;

    for (int r = from; r < to; r++) {
        const char *p = PQgetisnull(rows, r, 1) ? "" : PQgetvalue(rows, r, 1);
        if (!*p) {
            bare += strtol(PQgetvalue(rows, r, 2), NULL, 10);
            continue;
        }
        product = p;
        if (products < PRODUCTS && at < (int)sizeof reason - 120)
            at += snprintf(reason + at, sizeof reason - (size_t)at, "%s%.80s (%s)", products ? ", " : "its rows name different products: ",
                           p, PQgetvalue(rows, r, 2));
        products++;
    }
    if (products == 1)
        return answer(b->arena, a, AY_PLANT_FOUND, product, NULL, err);
    if (products == 0) {
        snprintf(reason, sizeof reason, "%s without a product", bare == 1 ? "it has a row" : "it has rows, all");
        return answer(b->arena, a, AY_PLANT_NO_PRODUCT, NULL, reason, err);
    }
    if (products > PRODUCTS)
        snprintf(reason + at, sizeof reason - (size_t)at, " and %d more", products - PRODUCTS);
    return answer(b->arena, a, AY_PLANT_SEVERAL, NULL, reason, err);
}

static ay_status judge(batch *b, const PGresult *rows, ay_err *err)
{
    int n = PQntuples(rows);
    ay_status status = AY_OK;

    for (int from = 0, to; from < n && status == AY_OK; from = to) {
        size_t place, next;
        if (!place_of(b, rows, from, &place))
            return ay_fail(err, AY_ECORRUPT, "the plant's database answered what was not asked");
        for (to = from + 1; to < n && place_of(b, rows, to, &next) && next == place;)
            to++;
        status = judge_one(b, rows, from, to, &b->out[place], err);
    }
    return status;
}

/* ---- a closer look at what has no row */

static ay_status judge_closer(batch *b, const PGresult *rows, int row, ay_plant_answer *a, ay_err *err)
{
    bool same = strcmp(PQgetvalue(rows, row, 1), "1") == 0;
    const char *v[6];
    char reason[512];

    if (a->reason) /* the row before said more */
        return AY_OK;
    for (int i = 0; i < 6; i++)
        v[i] = PQgetvalue(rows, row, 2 + i);
    if (same)
        snprintf(reason, sizeof reason, "it has %s row%s elsewhere: site %.60s, line %.60s, %.40s%s%.80s", v[3],
                 strcmp(v[3], "1") == 0 ? "" : "s", v[0], v[1], v[2], *v[5] ? ", product " : "", v[5]);
    else
        snprintf(reason, sizeof reason, "it has no row, but %s other file%s of that moment %s, such as %.200s%s%.80s", v[3],
                 strcmp(v[3], "1") == 0 ? "" : "s", strcmp(v[3], "1") == 0 ? "has" : "have", v[4],
                 *v[5] ? ", product " : "", v[5]);
    return answer(b->arena, a, same ? AY_PLANT_ELSEWHERE : AY_PLANT_RENAMED, NULL, reason, err);
}

static ay_status say_plainly(batch *b, const char *more, ay_err *err)
{
    ay_status status = AY_OK;
    char reason[400];

    snprintf(reason, sizeof reason, "it has no row at site %.60s, line %.60s on its day%.200s", b->site, b->line, more);
    for (size_t i = 0; i < b->asked && status == AY_OK; i++) {
        ay_plant_answer *a = &b->out[b->place[i]];
        if (a->outcome == AY_PLANT_NO_ROW && !a->reason)
            status = answer(b->arena, a, AY_PLANT_NO_ROW, NULL, reason, err);
    }
    return status;
}

/* The names without a row as a batch of their own, at most MOST_CLOSER. */
static ay_status without_row(const batch *b, batch *some, ay_plant_name *names, ay_err *err)
{
    for (size_t i = 0; i < b->asked && some->n < MOST_CLOSER; i++)
        if (b->out[b->place[i]].outcome == AY_PLANT_NO_ROW)
            names[some->n++] = b->names[b->place[i]];
    some->names = names;
    return gather(some, err);
}

static ay_status take_closer(batch *b, batch *some, const PGresult *rows, ay_err *err)
{
    ay_status status = AY_OK;
    size_t j = 0, place;

    for (int row = 0; rows && row < PQntuples(rows) && status == AY_OK; row++) {
        if (!place_of(some, rows, row, &place))
            return ay_fail(err, AY_ECORRUPT, "the plant's database answered what was not asked");
        status = judge_closer(some, rows, row, &some->out[place], err);
    }
    for (size_t i = 0; i < b->asked && j < some->n; i++)
        if (b->out[b->place[i]].outcome == AY_PLANT_NO_ROW)
            b->out[b->place[i]] = some->out[j++];
    return status;
}

static ay_plant_step send_batch(ay_plant *p, const batch *b, const char *sql, PGresult **rows, ay_status *status,
                                ay_err *err)
{
    const char *const values[AY_PLANT_PARAMETERS] = {b->site, b->line, b->paths.data, b->days.data, b->first, b->last};

    return ay_plant_run(p, sql, AY_PLANT_PARAMETERS, values, rows, status, err);
}

/* That this takes too long, or is refused, is told and no failure: what was asked is known already. */
static ay_status look_closer(ay_plant *p, batch *b, ay_plant_step *step, ay_err *err)
{
    ay_plant_name names[MOST_CLOSER];
    ay_plant_answer out[MOST_CLOSER];
    batch some = {.site = b->site, .line = b->line, .arena = b->arena, .out = out};
    PGresult *rows = NULL;
    ay_status status = without_row(b, &some, names, err), asking = AY_OK;
    const char *more = "";

    if (status == AY_OK && some.asked > 0) {
        *step = send_batch(p, &some, p->closer, &rows, &asking, err);
        if (*step == AY_PLANT_LOST || asking == AY_ECANCELLED)
            status = asking;
        else if (*step == AY_PLANT_FAILED)
            more = "; whether it is elsewhere could not be found out in time";
        else
            status = take_closer(b, &some, rows, err);
    }
    if (status == AY_OK)
        status = say_plainly(b, more, err);
    PQclear(rows);
    ay_buf_fini(&some.paths);
    ay_buf_fini(&some.days);
    return status;
}

static ay_status ask_batch(ay_plant *p, void *ctx, ay_plant_step *step, ay_err *err)
{
    batch *b = ctx;
    PGresult *rows = NULL;
    ay_status status = begin(p, step, err);

    for (size_t i = 0; i < b->asked; i++) /* also when it is done again */
        b->out[b->place[i]] = (ay_plant_answer){.outcome = AY_PLANT_NO_ROW};
    if (status == AY_OK)
        *step = send_batch(p, b, p->ask, &rows, &status, err);
    if (status == AY_OK) {
        status = judge(b, rows, err);
        *step = status == AY_OK ? AY_PLANT_DONE : AY_PLANT_FAILED;
    }
    PQclear(rows);
    if (status == AY_OK)
        status = look_closer(p, b, step, err);
    end(p);
    return status;
}

ay_status ay_plant_lookup(ay_plant *p, const char *site, const char *line, const ay_plant_name *names, size_t n,
                          const atomic_bool *cancel, ay_arena *arena, ay_plant_answer *out, ay_err *err)
{
    ay_status status = AY_OK;

    if (!ay_utf8_valid(site, strlen(site)) || !ay_utf8_valid(line, strlen(line)))
        return ay_fail(err, AY_EINVAL, "site and line must be UTF-8");
    p->cancel = cancel;
    for (size_t at = 0; at < n && status == AY_OK; at += AY_PLANT_BATCH) {
        batch *b = ay_calloc(1, sizeof *b);
        if (!b) {
            status = ay_fail(err, AY_ENOMEM, "asking %s", p->name);
            break;
        }
        *b = (batch){.site = site, .line = line, .names = names + at, .arena = arena, .out = out + at};
        b->n = n - at < AY_PLANT_BATCH ? n - at : AY_PLANT_BATCH;
        status = gather(b, err);
        if (status == AY_OK && b->asked > 0)
            status = patiently(p, &(attempt){ask_batch, b}, p->o.patience_ms, err);
        ay_buf_fini(&b->paths);
        ay_buf_fini(&b->days);
        ay_free(b);
    }
    p->cancel = NULL;
    return status;
}
