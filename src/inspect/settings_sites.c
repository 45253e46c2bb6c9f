/* inspect/settings_sites.c - the database file: a site's SSH server, database and lines. */
#include "base/file.h"
#include "base/mem.h"
#include "inspect/secret.h"
#include "inspect/settings.h"
#include "inspect/settings_doc.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(ay_inspect_site, field), sizeof(((ay_inspect_site *)0)->field)
#define TEXT(key, field, fallback, help) {key, AY_IK_TEXT, AT(field), 0, 0, NULL, fallback, help}
#define SECRET(key, field, help) {key, AY_IK_SECRET, AT(field), 0, 0, NULL, "", help}
#define INT(key, field, lo, hi, fallback, help) {key, AY_IK_INT, AT(field), lo, hi, NULL, fallback, help}
#define WORD(key, field, words, fallback, help) {key, AY_IK_WORD, AT(field), 0, 0, words, fallback, help}
#define SSL_WORDS "disable|allow|prefer|require|verify-ca|verify-full"

/* clang-format off */
static const ay_ik_key site_keys[] = {
    TEXT("SSHTUNNEL.ssh_address_or_host", ssh_host, "", "SSH server to go through; empty: none"),
    TEXT("SSHTUNNEL.ssh_username", ssh_user, "", "user there"),
    SECRET("SSHTUNNEL.ssh_password", ssh_password, "env:NAME or file:/path; not needed with a key"),
    INT("SSHTUNNEL.ssh_port", ssh_port, 1, 65535, "22", "port there"),
    TEXT("SSHTUNNEL.ssh_key_file", ssh_key_file, "", "private key"),
    SECRET("SSHTUNNEL.ssh_key_passphrase", ssh_passphrase, "env:NAME or file:/path"),
    TEXT("SSHTUNNEL.ssh_fingerprint", ssh_fingerprint, "", "SHA256:... of the server's key; several parted by commas"),
    TEXT("SSHTUNNEL.ssh_known_hosts", ssh_known_hosts, "", "file of known servers, where no fingerprint is given; empty: the user's"),
    INT("SSHTUNNEL.ssh_connect_timeout", ssh_connect_s, 1, 600, "15", "seconds"),
    INT("SSHTUNNEL.ssh_keepalive", ssh_keepalive_s, 1, 3600, "10", "seconds; a line that is silent for three is given up"),
    WORD("database.ENGINE", engine, "postgresql", "postgresql", "kind of database"),
    TEXT("database.NAME", database, "", "its name"),
    TEXT("database.USER", user, "", "who reads; SELECT on the table is all that is needed"),
    SECRET("database.PASSWORD", password, "env:NAME or file:/path"),
    TEXT("database.HOST", host, "", "as the SSH server calls it, where there is one"),
    INT("database.PORT", port, 1, 65535, "5432", "port there"),
    WORD("database.SSLMODE", ssl, SSL_WORDS, "prefer", "encryption of the connection to the database"),
    TEXT("database.SSLROOTCERT", ssl_root, "", "certificates for verify-ca and verify-full"),
    TEXT("database.TABLE", table, "public.amr_raw_data", "schema.table"),
    TEXT("database.COLUMNS.product_name", column[0], "product_name", "name of that column"),
    TEXT("database.COLUMNS.site", column[1], "site", "name of that column"),
    TEXT("database.COLUMNS.line_id", column[2], "line_id", "name of that column"),
    TEXT("database.COLUMNS.create_time", column[3], "create_time", "name of that column"),
    TEXT("database.COLUMNS.image_path", column[4], "image_path", "name of that column"),
    INT("database.CONNECT_TIMEOUT", connect_s, 1, 600, "10", "seconds"),
    INT("database.STATEMENT_TIMEOUT", statement_s, 1, 86400, "30", "seconds"),
    INT("database.PATIENCE", patience_s, 1, 86400, "30", "seconds in which a lost connection is tried for again"),
};

#define POOL(key, field, kind, lo, hi, fallback, help) \
    {key, kind, offsetof(ay_inspect_pool, field), sizeof(((ay_inspect_pool *)0)->field), lo, hi, NULL, fallback, help}
static const ay_ik_key pool_keys[] = {
    POOL("ip", ip, AY_IK_TEXT, 0, 0, "", "of the server that keeps the line's pictures"),
    POOL("port", port, AY_IK_INT, 0, 65535, "0", "port there"),
    POOL("donwload_url_prefix", url_prefix, AY_IK_TEXT, 0, 0, "", "what a picture's path is put behind (so spelt in the files there are)"),
    POOL("line_ip", line_ip, AY_IK_TEXT, 0, 0, "", "of the line itself"),
};
/* clang-format on */

static const ay_ik_alias site_aliases[] = {
    {"SSHTUNNEL.ssh_host", "SSHTUNNEL.ssh_address_or_host"},
    {"SSHTUNNEL.ssh_pkey", "SSHTUNNEL.ssh_key_file"},
    {"SSHTUNNEL.ssh_private_key_password", "SSHTUNNEL.ssh_key_passphrase"},
};
static const ay_ik_alias pool_aliases[] = {{"download_url_prefix", "donwload_url_prefix"}};

const ay_ik_table ay_inspect_site_table = {site_keys, sizeof site_keys / sizeof *site_keys, site_aliases,
                                           sizeof site_aliases / sizeof *site_aliases};
const ay_ik_table ay_inspect_pool_table = {pool_keys, sizeof pool_keys / sizeof *pool_keys, pool_aliases, 1};

enum { MOST_SITES = 1000, MOST_POOLS = 10000, FILE_BYTES = 4 << 20 };

/* ---- reading */

typedef struct {
    ay_inspect_sites *all;
    ay_inspect_site *site; /* in hand */
    ay_inspect_pool *pool;
    ay_buf *warnings;
} reader;

static bool extend(void **items, int n, size_t size)
{
    void *more = ay_realloc(*items, (size_t)n + 1, size);

    if (!more)
        return false;
    memset((char *)more + (size_t)n * size, 0, size);
    *items = more;
    return true;
}

/* A key of the line in hand: the path is ip, port, ... */
static ay_status take_pool(void *ctx, const char *name, const char *text, const char *origin, ay_err *err)
{
    reader *r = ctx;
    const ay_ik_key *k = ay_ik_find(&ay_inspect_pool_table, name);

    if (!k)
        return ay_ik_unknown(&ay_inspect_pool_table, name, origin, err);
    return text ? ay_ik_set(k, r->pool, text, origin, err) : AY_OK;
}

static ay_status take_site(void *ctx, const char *name, const char *text, const char *origin, ay_err *err)
{
    reader *r = ctx;
    const ay_ik_key *k = ay_ik_find(&ay_inspect_site_table, name);

    if (!k && !text && ay_ik_section(&ay_inspect_site_table, name))
        return AY_OK;
    if (!k)
        return ay_ik_unknown(&ay_inspect_site_table, name, origin, err);
    if (text && *text && k->kind == AY_IK_SECRET && r->warnings && !ay_secret_is_reference(text))
        ay_buf_printf(r->warnings, "%s: %s stands there as it is, for everybody who can read or copy the file: write env:NAME or "
                      "file:/path instead, and change it\n", origin, k->name);
    return text ? ay_ik_set(k, r->site, text, origin, err) : AY_OK;
}

static ay_status read_pools(reader *r, ay_doc *d, const yaml_node_t *map, const yaml_node_t *key, ay_err *err)
{
    char origin[AY_DOC_ORIGIN];
    ay_status status = AY_OK;

    ay_doc_origin(d, key, origin);
    if (ay_doc_null(map))
        return AY_OK;
    if (map->type != YAML_MAPPING_NODE)
        return ay_fail(err, AY_EINVAL, "%s: image_pool holds a section for each line", origin);
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top && status == AY_OK; p++) {
        const yaml_node_t *k = yaml_document_get_node(&d->yaml, p->key), *v = yaml_document_get_node(&d->yaml, p->value);
        void *pools = r->site->pools;
        ay_doc_origin(d, k, origin);
        if (k->type != YAML_SCALAR_NODE || v->type != YAML_MAPPING_NODE || k->data.scalar.length >= AY_INSPECT_WORD)
            return ay_fail(err, AY_EINVAL, "%s: image_pool holds a section for each line", origin);
        if (r->site->npools == MOST_POOLS || !extend(&pools, r->site->npools, sizeof *r->site->pools))
            return ay_fail(err, AY_ENOMEM, "%s", origin);
        r->site->pools = pools;
        r->pool = &r->site->pools[r->site->npools++];
        ay_ik_defaults(&ay_inspect_pool_table, r->pool);
        snprintf(r->pool->name, sizeof r->pool->name, "%s", ay_doc_text(k));
        status = ay_doc_walk(d, v, "", take_pool, r, err);
    }
    return status;
}

/* What a person meant and did not get. */
static void advise(const reader *r, const char *origin)
{
    const ay_inspect_site *s = r->site;

    if (r->warnings && *s->ssh_host && !ay_inspect_site_tunnelled(s))
        ay_buf_printf(r->warnings, "%s: site %s names an SSH server, but no %s: its database is asked directly\n", origin, s->name,
                      *s->ssh_user ? "password or key" : "user");
}

static ay_status read_site(reader *r, ay_doc *d, const yaml_node_t *key, const yaml_node_t *map, ay_err *err)
{
    char origin[AY_DOC_ORIGIN];
    ay_status status = AY_OK;
    void *sites = r->all->sites;

    ay_doc_origin(d, key, origin);
    if (key->type != YAML_SCALAR_NODE || map->type != YAML_MAPPING_NODE || key->data.scalar.length >= AY_INSPECT_WORD)
        return ay_fail(err, AY_EINVAL, "%s: expected a site with the sections SSHTUNNEL, database, image_pool", origin);
    for (int i = 0; i < r->all->n; i++)
        if (strcmp(r->all->sites[i].name, ay_doc_text(key)) == 0)
            return ay_fail(err, AY_EINVAL, "%s: the site %.80s stands there twice", origin, ay_doc_text(key));
    if (r->all->n == MOST_SITES || !extend(&sites, r->all->n, sizeof *r->all->sites))
        return ay_fail(err, AY_ENOMEM, "%s", origin);
    r->all->sites = sites;
    r->site = &r->all->sites[r->all->n++];
    ay_ik_defaults(&ay_inspect_site_table, r->site);
    snprintf(r->site->name, sizeof r->site->name, "%s", ay_doc_text(key));
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top && status == AY_OK; p++) {
        yaml_node_t *k = yaml_document_get_node(&d->yaml, p->key), *v = yaml_document_get_node(&d->yaml, p->value);
        const char *name = k->type == YAML_SCALAR_NODE ? ay_doc_text(k) : "";
        ay_doc_origin(d, k, origin);
        if (strcmp(name, "image_pool") == 0)
            status = read_pools(r, d, v, k, err);
        else if (strcmp(name, "SSHTUNNEL") != 0 && strcmp(name, "database") != 0)
            status = ay_fail(err, AY_EINVAL, "%s: a site has the sections SSHTUNNEL, database and image_pool, not '%.80s'", origin,
                             name);
        else if (v->type == YAML_MAPPING_NODE)
            status = ay_doc_walk(d, v, name, take_site, r, err);
        else if (!ay_doc_null(v))
            status = ay_fail(err, AY_EINVAL, "%s: %s is a section, it has no value of its own", origin, name);
    }
    ay_doc_origin(d, key, origin);
    advise(r, origin);
    return status;
}

ay_status ay_inspect_sites_read(ay_inspect_sites *out, const char *text, size_t size, const char *name, ay_buf *warnings,
                                ay_err *err)
{
    reader r = {.all = out, .warnings = warnings};
    ay_doc d;
    ay_status status;

    *out = (ay_inspect_sites){0};
    status = ay_doc_parse(&d, text, size, name, err);
    if (status != AY_OK)
        return status;
    for (const yaml_node_pair_t *p = d.root ? d.root->data.mapping.pairs.start : NULL;
         d.root && p < d.root->data.mapping.pairs.top && status == AY_OK; p++)
        status = read_site(&r, &d, yaml_document_get_node(&d.yaml, p->key), yaml_document_get_node(&d.yaml, p->value), err);
    ay_doc_fini(&d);
    if (status != AY_OK)
        ay_inspect_sites_fini(out);
    return status;
}

ay_status ay_inspect_sites_load(ay_inspect_sites *out, const char *path, ay_buf *warnings, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(path, FILE_BYTES, &text, err);

    *out = (ay_inspect_sites){0};
    if (status == AY_OK)
        status = ay_inspect_sites_read(out, text.data ? text.data : "", text.len, path, warnings, err);
    if (text.data)
        explicit_bzero(text.data, text.len);
    ay_buf_fini(&text);
    return status;
}

void ay_inspect_sites_fini(ay_inspect_sites *s)
{
    for (int i = 0; i < s->n; i++)
        ay_free(s->sites[i].pools);
    if (s->sites)
        explicit_bzero(s->sites, (size_t)s->n * sizeof *s->sites);
    ay_free(s->sites);
    *s = (ay_inspect_sites){0};
}

/* ---- asking */

ay_status ay_inspect_site_find(const ay_inspect_sites *s, const char *name, const ay_inspect_site **out, ay_err *err)
{
    char there[256] = "";
    int at = 0;

    *out = NULL;
    for (int i = 0; i < s->n && !*out; i++) {
        if (strcmp(s->sites[i].name, name) == 0)
            *out = &s->sites[i];
        if (at < (int)sizeof there - 40)
            at += snprintf(there + at, sizeof there - (size_t)at, "%s%.30s", i ? ", " : "", s->sites[i].name);
    }
    return *out ? AY_OK
                : ay_fail(err, AY_ENOTFOUND, "the database file has no site '%.80s'; it has: %s", name, s->n ? there : "none");
}

const ay_inspect_pool *ay_inspect_pool_find(const ay_inspect_site *s, const char *line)
{
    for (int i = 0; i < s->npools; i++)
        if (strcmp(s->pools[i].name, line) == 0)
            return &s->pools[i];
    return NULL;
}

bool ay_inspect_site_tunnelled(const ay_inspect_site *s)
{
    return *s->ssh_host && *s->ssh_user && (*s->ssh_password || *s->ssh_key_file);
}

const char *ay_inspect_site_ssl(const ay_inspect_site *s)
{
    static const char *const words[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

    return words[s->ssl];
}

/* A name as a YAML key, whatever is in it. */
static void print_name(ay_buf *out, int depth, const char *name)
{
    ay_buf_printf(out, "%*s'", depth * 2, "");
    for (const char *p = name; *p; p++)
        ay_buf_printf(out, *p == '\'' ? "''" : "%c", *p);
    ay_buf_puts(out, "':\n");
}

void ay_inspect_sites_print(const ay_inspect_sites *s, bool help, ay_buf *out)
{
    for (int i = 0; i < s->n; i++) {
        const ay_inspect_site *site = &s->sites[i];
        print_name(out, 0, site->name);
        ay_ik_print(&ay_inspect_site_table, site, 1, help, out);
        if (site->npools)
            ay_buf_puts(out, "  image_pool:\n");
        for (int j = 0; j < site->npools; j++) {
            print_name(out, 2, site->pools[j].name);
            ay_ik_print(&ay_inspect_pool_table, &site->pools[j], 3, help, out);
        }
    }
}
