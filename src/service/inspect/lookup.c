#include "service/inspect/lookup.h"
#include "base/mem.h"
#include "inspect/secret.h"
#include "net/tunnel.h"

#include <stdio.h>
#include <string.h>

struct ay_lookup {
    char site[AY_INSPECT_WORD], line[AY_INSPECT_WORD];
    const atomic_bool *cancel;
    ay_tunnel *tunnel; /* NULL: directly */
    ay_plant *plant;
    ay_arena arena; /* of the last call */
    ay_plant_answer *answers; /* [n] of the last call, in arena */
    size_t n;
    ay_lookup_counts counts;
    ay_lookup_missed *missed;
    void *missed_ctx;
};

static ay_status read_secret(const ay_inspect_site *site, const char *text, const char *what, char **out, ay_err *err)
{
    char name[256];

    snprintf(name, sizeof name, "site %s: %s", site->name, what);
    return ay_secret_read(text, name, out, err);
}

static ay_status open_tunnel(ay_lookup *l, const ay_inspect_site *site, ay_err *err)
{
    char *password = NULL, *phrase = NULL;
    ay_status status = read_secret(site, site->ssh_password, "the SSH password", &password, err);

    if (status == AY_OK)
        status = read_secret(site, site->ssh_passphrase, "the passphrase of the SSH key", &phrase, err);
    if (status == AY_OK) {
        ay_tunnel_options o = {.host = site->ssh_host,
                               .port = site->ssh_port,
                               .user = site->ssh_user,
                               .key_file = site->ssh_key_file,
                               .passphrase = phrase,
                               .password = password,
                               .fingerprint = site->ssh_fingerprint,
                               .known_hosts = site->ssh_known_hosts,
                               .to_host = *site->host ? site->host : "127.0.0.1",
                               .to_port = site->port,
                               .connect_ms = site->ssh_connect_s * 1000,
                               .keepalive_ms = site->ssh_keepalive_s * 1000};
        status = ay_tunnel_open(&l->tunnel, &o, l->cancel, err);
    }
    ay_secret_free(password);
    ay_secret_free(phrase);
    return status;
}

/* What the tunnel knows says more than "connection closed". */
static ay_status explain(ay_lookup *l, ay_status status, ay_err *err)
{
    ay_tunnel_state s = {.why = ""};

    if (l->tunnel && status != AY_OK && status != AY_ECANCELLED)
        ay_tunnel_look(l->tunnel, &s);
    if (*s.why && (!s.up || s.refused))
        ay_err_wrap(err, "%.300s", s.why);
    return status;
}

static ay_status open_plant(ay_lookup *l, const ay_inspect_site *site, ay_err *err)
{
    char *password = NULL;
    ay_status status = read_secret(site, site->password, "the database's password", &password, err);

    if (status == AY_OK) {
        ay_plant_options o = {.host = site->host,
                              .address = l->tunnel ? "127.0.0.1" : NULL,
                              .port = l->tunnel ? ay_tunnel_port(l->tunnel) : site->port,
                              .database = site->database,
                              .user = site->user,
                              .password = password,
                              .ssl = ay_inspect_site_ssl(site),
                              .ssl_root = site->ssl_root,
                              .table = site->table,
                              .connect_ms = site->connect_s * 1000,
                              .statement_ms = site->statement_s * 1000,
                              .patience_ms = site->patience_s * 1000};
        for (int i = 0; i < AY_PLANT_COLUMNS; i++)
            o.column[i] = site->column[i];
        status = ay_plant_open(&l->plant, &o, l->cancel, err);
    }
    ay_secret_free(password);
    return explain(l, status, err);
}

ay_status ay_lookup_open(ay_lookup **out, const ay_inspect_site *site, const char *line, const atomic_bool *cancel, ay_err *err)
{
    ay_lookup *l = ay_calloc(1, sizeof *l);
    ay_status status = AY_OK;

    *out = NULL;
    if (!l)
        return ay_fail(err, AY_ENOMEM, "looking up products");
    ay_arena_init(&l->arena, 0);
    l->cancel = cancel;
    snprintf(l->site, sizeof l->site, "%s", site->name);
    snprintf(l->line, sizeof l->line, "%s", line);
    if (!*line || strlen(line) >= sizeof l->line)
        status = ay_fail(err, AY_EINVAL, "a line has a name of 1 to %zu bytes", sizeof l->line - 1);
    if (status == AY_OK && ay_inspect_site_tunnelled(site))
        status = open_tunnel(l, site, err);
    if (status == AY_OK)
        status = open_plant(l, site, err);
    if (status == AY_OK)
        *out = l;
    else
        ay_lookup_close(l);
    return status;
}

void ay_lookup_on_miss(ay_lookup *l, ay_lookup_missed *missed, void *ctx)
{
    l->missed = missed;
    l->missed_ctx = ctx;
}

static void count(ay_lookup *l, const ay_line_name *names, const char **out)
{
    for (size_t i = 0; i < l->n; i++) {
        const ay_plant_answer *a = &l->answers[i];
        out[i] = a->product;
        l->counts.asked++;
        l->counts.by[a->outcome]++;
        if (a->outcome == AY_PLANT_FOUND)
            l->counts.found++;
        else if (l->missed)
            l->missed(l->missed_ctx, names[i].file, a->outcome, a->reason);
    }
}

ay_status ay_lookup_products(void *lookup, const ay_line_name *names, size_t n, const char **out, ay_err *err)
{
    ay_lookup *l = lookup;
    ay_plant_name *asked;
    ay_status status;

    ay_arena_fini(&l->arena);
    l->n = 0;
    l->answers = ay_arena_alloc(&l->arena, (n + 1) * sizeof *l->answers);
    asked = ay_arena_alloc(&l->arena, (n + 1) * sizeof *asked);
    if (!l->answers || !asked)
        return ay_fail(err, AY_ENOMEM, "looking up products");
    for (size_t i = 0; i < n; i++)
        asked[i] = (ay_plant_name){names[i].part[AY_LINE_TIMESTAMP], names[i].file};
    status = explain(l, ay_plant_lookup(l->plant, l->site, l->line, asked, n, l->cancel, &l->arena, l->answers, err), err);
    if (status != AY_OK)
        return status;
    l->n = n;
    count(l, names, out);
    return AY_OK;
}

const char *ay_lookup_reason(const ay_lookup *l, size_t i)
{
    return i < l->n ? l->answers[i].reason : NULL;
}

const char *ay_lookup_outcome(const ay_lookup *l, size_t i)
{
    return ay_plant_outcome_name(i < l->n ? l->answers[i].outcome : AY_PLANT_OUTCOMES);
}

void ay_lookup_count(const ay_lookup *l, ay_lookup_counts *out)
{
    ay_tunnel_state s = {0};

    *out = l->counts;
    ay_plant_count(l->plant, &out->connections, &out->statements);
    if (l->tunnel)
        ay_tunnel_look(l->tunnel, &s);
    out->lines = (long)s.lines;
}

json_t *ay_lookup_counts_json(const ay_lookup_counts *c)
{
    json_t *missed = json_object(), *o;

    for (int i = AY_PLANT_FOUND + 1; i < AY_PLANT_OUTCOMES; i++)
        if (c->by[i])
            json_object_set_new(missed, ay_plant_outcome_name((ay_plant_outcome)i), json_integer(c->by[i]));
    o = json_pack("{s:I, s:I, s:o, s:I, s:I, s:I}", "asked", (json_int_t)c->asked, "found", (json_int_t)c->found, "missed", missed,
                  "connections", (json_int_t)c->connections, "statements", (json_int_t)c->statements, "tunnels",
                  (json_int_t)c->lines);
    return o;
}

void ay_lookup_close(ay_lookup *l)
{
    if (!l)
        return;
    ay_plant_close(l->plant);
    ay_tunnel_close(l->tunnel);
    ay_arena_fini(&l->arena);
    ay_free(l);
}
