/* http/tls.c - see http/tls.h.
 *
 * libmicrohttpd asks for the certificate in every handshake through a callback that has no argument
 * for us, hence the one global `current`: one server with a local authority per process.  A
 * certificate that was replaced may still be used by a handshake under way; it is kept in `old`
 * until the end (a few kilobytes for every change of address). */
#include "http/tls.h"
#include "http/names.h"

#include "base/file.h"
#include "base/mem.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 24 * 3600, CA_DAYS = 3650, LEAF_DAYS = 396, RENEW_DAYS = 60 };

typedef struct leaf {
    gnutls_pcert_st chain[2]; /* the server's, the authority's */
    int chain_len;
    gnutls_privkey_t key;
    time_t expires;
    char host[256];
    ay_address addresses[AY_NAMES_MAX];
    size_t address_count;
    struct leaf *next;
} leaf;

struct ay_tls {
    pthread_mutex_t lock;
    ay_buf cert_pem, key_pem; /* files the user brought */
    gnutls_x509_crt_t ca;
    gnutls_x509_privkey_t ca_key;
    leaf *now, *old;
};

static ay_tls *current; /* set before the first handshake, cleared after the last */

static ay_status tls_fail(ay_err *err, ay_status status, const char *what, int rc)
{
    return ay_fail(err, status, "%s: %s", what, gnutls_strerror(rc));
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *rdn, int rdn_count,
                    const gnutls_pk_algorithm_t *algos, int algo_count, gnutls_pcert_st **pcert,
                    unsigned *pcert_count, gnutls_privkey_t *key)
{
    (void)session, (void)rdn, (void)rdn_count, (void)algos, (void)algo_count;
    pthread_mutex_lock(&current->lock);
    *pcert = current->now->chain;
    *pcert_count = (unsigned)current->now->chain_len;
    *key = current->now->key;
    pthread_mutex_unlock(&current->lock);
    return 0;
}

/* Sixteen random bytes, positive and not zero: no two certificates of ours share a serial number.
 */
static int set_serial(gnutls_x509_crt_t crt)
{
    unsigned char serial[16];
    int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);

    serial[0] = (serial[0] & 0x7f) | 0x40;
    return rc < 0 ? rc : gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
}

static int new_key(gnutls_x509_privkey_t *out)
{
    int rc = gnutls_x509_privkey_init(out);

    if (rc >= 0)
        rc = gnutls_x509_privkey_generate(*out, GNUTLS_PK_ECDSA,
                                          GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    return rc;
}

/* Subject, key, version, serial, dates (from yesterday: phones' clocks differ) and key identifier.
 */
static int fill_common(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *name, int days)
{
    unsigned char id[64];
    size_t id_len = sizeof id;
    time_t now = time(NULL);
    int rc = gnutls_x509_crt_set_version(crt, 3);

    if (rc >= 0)
        rc = set_serial(crt);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_activation_time(crt, now - DAY);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_expiration_time(crt, now + (time_t)(days - 1) * DAY);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_key(crt, key);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, "Assay", 5);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                           (unsigned)strlen(name));
    if (rc >= 0)
        rc = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &id_len);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_subject_key_id(crt, id, id_len);
    return rc;
}

/* What the authority may vouch for: RFC 5280 4.2.1.10. */
static int add_constraints(gnutls_x509_crt_t crt, const char *host)
{
    /* Private networks; and all of global IPv6, whose addresses change by the day at home and which
     * nobody types. */
    static const char *const nets[] = {"127.0.0.0/8",    "10.0.0.0/8",     "172.16.0.0/12",
                                       "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
                                       "::1/128",        "fc00::/7",       "2000::/3"};
    const char *names[] = {"localhost", "local", host};
    ay_address own[AY_NAMES_MAX];
    size_t own_count = ay_names_addresses(own, AY_NAMES_MAX);
    gnutls_x509_name_constraints_t nc;
    int rc = gnutls_x509_name_constraints_init(&nc);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc >= 0 && i < sizeof names / sizeof *names; i++) {
        gnutls_datum_t d = {(unsigned char *)names[i], (unsigned)strlen(names[i])};
        if (d.size)
            rc = gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_DNSNAME, &d);
    }
    for (size_t i = 0; rc >= 0 && i < sizeof nets / sizeof *nets; i++) {
        gnutls_datum_t d = {0};
        rc = gnutls_x509_cidr_to_rfc5280(nets[i], &d);
        if (rc >= 0)
            rc = gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_IPADDRESS, &d);
        gnutls_free(d.data);
    }
    for (size_t i = 0; rc >= 0 && i < own_count; i++) { /* a public address of this host, alone */
        unsigned char range[8] = {0, 0, 0, 0, 255, 255, 255, 255};
        gnutls_datum_t d = {memcpy(range, own[i].bytes, 4), sizeof range};
        gnutls_datum_t address = {range, 4};
        if (own[i].len == 4 &&
            !gnutls_x509_name_constraints_check(nc, GNUTLS_SAN_IPADDRESS, &address))
            rc = gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_IPADDRESS, &d);
    }
    if (rc >= 0)
        rc = gnutls_x509_crt_set_name_constraints(crt, nc, 1);
    gnutls_x509_name_constraints_deinit(nc);
    return rc;
}

static ay_status export_pem(ay_tls *t, const char *key_path, const char *crt_path, ay_err *err)
{
    gnutls_datum_t key = {0}, crt = {0};
    mode_t mask = umask(077);
    ay_status status = AY_OK;
    int rc = gnutls_x509_privkey_export2(t->ca_key, GNUTLS_X509_FMT_PEM, &key);

    if (rc >= 0)
        rc = gnutls_x509_crt_export2(t->ca, GNUTLS_X509_FMT_PEM, &crt);
    if (rc < 0)
        status = tls_fail(err, AY_EIO, "export the certificate authority", rc);
    if (!status)
        status = ay_file_write(key_path, key.data, key.size, err);
    if (!status && chmod(key_path, 0600) != 0)
        status = ay_fail(err, AY_EIO, "%s: cannot be made private", key_path);
    if (!status)
        status = ay_file_write(crt_path, crt.data, crt.size, err);
    umask(mask);
    if (key.data)
        gnutls_memset(key.data, 0, key.size);
    gnutls_free(key.data);
    gnutls_free(crt.data);
    return status;
}

static ay_status make_authority(ay_tls *t, const char *key_path, const char *crt_path, ay_err *err)
{
    char host[256], name[300];
    int rc = new_key(&t->ca_key);

    ay_names_host(host, sizeof host);
    snprintf(name, sizeof name, "Assay on %.60s", host[0] ? host : "this machine");
    if (rc >= 0)
        rc = gnutls_x509_crt_init(&t->ca);
    if (rc >= 0)
        rc = fill_common(t->ca, t->ca_key, name, CA_DAYS);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_basic_constraints(t->ca, 1, 0);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_key_usage(t->ca, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
    if (rc >= 0)
        rc = add_constraints(t->ca, host);
    if (rc >= 0)
        rc = gnutls_x509_crt_sign2(t->ca, t->ca, t->ca_key, GNUTLS_DIG_SHA256, 0);
    if (rc < 0)
        return tls_fail(err, AY_EIO, "make a certificate authority", rc);
    return export_pem(t, key_path, crt_path, err);
}

static void forget_authority(ay_tls *t)
{
    if (t->ca)
        gnutls_x509_crt_deinit(t->ca);
    if (t->ca_key)
        gnutls_x509_privkey_deinit(t->ca_key);
    t->ca = NULL;
    t->ca_key = NULL;
}

/* Read both files; AY_ENOTFOUND when there is no authority yet. */
static ay_status load_authority(ay_tls *t, const char *key_path, const char *crt_path, ay_err *err)
{
    ay_buf key = {0}, crt = {0};
    ay_status status = ay_file_read(crt_path, 1 << 16, &crt, err);
    gnutls_datum_t d;
    int rc;

    if (!status)
        status = ay_file_read(key_path, 1 << 16, &key, err);
    if (status)
        goto out;
    rc = gnutls_x509_crt_init(&t->ca);
    if (rc >= 0)
        rc = gnutls_x509_privkey_init(&t->ca_key);
    d = (gnutls_datum_t){(unsigned char *)crt.data, (unsigned)crt.len};
    if (rc >= 0)
        rc = gnutls_x509_crt_import(t->ca, &d, GNUTLS_X509_FMT_PEM);
    d = (gnutls_datum_t){(unsigned char *)key.data, (unsigned)key.len};
    if (rc >= 0)
        rc = gnutls_x509_privkey_import(t->ca_key, &d, GNUTLS_X509_FMT_PEM);
    if (rc < 0)
        status = ay_fail(err, AY_ECORRUPT, "%s, %s: %s (remove both to make a new authority)",
                         crt_path, key_path, gnutls_strerror(rc));
out:
    if (key.data)
        gnutls_memset(key.data, 0, key.len);
    ay_buf_fini(&key);
    ay_buf_fini(&crt);
    return status;
}

/* Does the key belong to the certificate?  A crash between writing the two leaves a pair that does
 * not fit. */
static bool is_pair(const ay_tls *t)
{
    unsigned char a[64], b[64];
    size_t an = sizeof a, bn = sizeof b;

    return gnutls_x509_crt_get_key_id(t->ca, GNUTLS_KEYID_USE_SHA256, a, &an) >= 0 &&
           gnutls_x509_privkey_get_key_id(t->ca_key, GNUTLS_KEYID_USE_SHA256, b, &bn) >= 0 &&
           an == bn && memcmp(a, b, an) == 0;
}

/* May the authority vouch for every IPv4 address of this host?  (Only a public one can be new.) */
static bool covers_addresses(const ay_tls *t)
{
    ay_address own[AY_NAMES_MAX];
    size_t n = ay_names_addresses(own, AY_NAMES_MAX);
    gnutls_x509_name_constraints_t nc;
    bool all = true;

    if (gnutls_x509_name_constraints_init(&nc) < 0)
        return true;
    if (gnutls_x509_crt_get_name_constraints(t->ca, nc, 0, NULL) >= 0)
        for (size_t i = 0; i < n; i++) {
            gnutls_datum_t d = {own[i].bytes, 4};
            all = all && (own[i].len != 4 ||
                          gnutls_x509_name_constraints_check(nc, GNUTLS_SAN_IPADDRESS, &d));
        }
    gnutls_x509_name_constraints_deinit(nc);
    return all;
}

/* Is the authority good for as long as a certificate from it lives? */
static bool authority_usable(const ay_tls *t)
{
    return gnutls_x509_crt_get_expiration_time(t->ca) > time(NULL) + (time_t)LEAF_DAYS * DAY &&
           is_pair(t) && covers_addresses(t);
}

static ay_status open_authority(ay_tls *t, const char *dir, ay_err *err)
{
    char key_path[4096], crt_path[4096];
    ay_err why;
    ay_status status = ay_file_mkdirs(dir, err);

    snprintf(key_path, sizeof key_path, "%s/ca.key", dir);
    snprintf(crt_path, sizeof crt_path, "%s/ca.crt", dir);
    if (status)
        return status;
    status = load_authority(t, key_path, crt_path, &why);
    if (!status && authority_usable(t))
        return AY_OK;
    if (status && status != AY_ENOTFOUND)
        return ay_fail(err, status, "%s", why.msg);
    forget_authority(t);
    return make_authority(t, key_path, crt_path, err);
}

/* Every name and address a person may type.  What the authority may not vouch for is left out,
 * since one such name would make the whole certificate invalid. */
static int add_names(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca, const leaf *l)
{
    gnutls_x509_name_constraints_t nc;
    char local[300], text[3][300];
    int n = 0, rc = gnutls_x509_name_constraints_init(&nc);
    bool limited;

    if (rc < 0)
        return rc;
    limited = gnutls_x509_crt_get_name_constraints(ca, nc, 0, NULL) >= 0;
    snprintf(text[n++], sizeof text[0], "localhost");
    if (l->host[0]) {
        snprintf(local, sizeof local, "%.250s.local", l->host);
        snprintf(text[n++], sizeof text[0], "%s", l->host);
        if (!strchr(l->host, '.'))
            snprintf(text[n++], sizeof text[0], "%s", local);
    }
    rc = 0;
    for (int i = 0; rc >= 0 && i < n; i++) {
        gnutls_datum_t d = {(unsigned char *)text[i], (unsigned)strlen(text[i])};
        if (!limited || gnutls_x509_name_constraints_check(nc, GNUTLS_SAN_DNSNAME, &d))
            rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, text[i], d.size,
                                                      GNUTLS_FSAN_APPEND);
    }
    for (size_t i = 0; rc >= 0 && i < l->address_count; i++) {
        gnutls_datum_t d = {(unsigned char *)l->addresses[i].bytes, (unsigned)l->addresses[i].len};
        if (!limited || gnutls_x509_name_constraints_check(nc, GNUTLS_SAN_IPADDRESS, &d))
            rc = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, d.data, d.size,
                                                      GNUTLS_FSAN_APPEND);
    }
    gnutls_x509_name_constraints_deinit(nc);
    return rc;
}

static int add_authority_id(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca)
{
    unsigned char id[64];
    size_t len = sizeof id;
    int rc = gnutls_x509_crt_get_subject_key_id(ca, id, &len, NULL);

    return rc < 0 ? rc : gnutls_x509_crt_set_authority_key_id(crt, id, len);
}

static int make_leaf(ay_tls *t, leaf *l)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t crt = NULL;
    int rc = new_key(&key);

    if (rc >= 0)
        rc = gnutls_x509_crt_init(&crt);
    if (rc >= 0)
        rc = fill_common(crt, key, l->host[0] && strlen(l->host) < 60 ? l->host : "localhost",
                         LEAF_DAYS);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (rc >= 0)
        rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (rc >= 0)
        rc = add_names(crt, t->ca, l);
    if (rc >= 0)
        rc = add_authority_id(crt, t->ca);
    if (rc >= 0)
        rc = gnutls_x509_crt_sign2(crt, t->ca, t->ca_key, GNUTLS_DIG_SHA256, 0);
    if (rc >= 0)
        rc = gnutls_pcert_import_x509(&l->chain[0], crt, 0);
    if (rc >= 0 && (l->chain_len = 1))
        rc = gnutls_pcert_import_x509(&l->chain[1], t->ca, 0);
    if (rc >= 0 && (l->chain_len = 2))
        rc = gnutls_privkey_init(&l->key);
    if (rc >= 0)
        rc = gnutls_privkey_import_x509(l->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
    if (rc >= 0) {
        key = NULL; /* l->key owns it */
        l->expires = gnutls_x509_crt_get_expiration_time(crt);
    }
    if (key)
        gnutls_x509_privkey_deinit(key);
    if (crt)
        gnutls_x509_crt_deinit(crt);
    return rc;
}

static void free_leaves(leaf *l)
{
    while (l) {
        leaf *next = l->next;
        for (int i = 0; i < l->chain_len; i++)
            gnutls_pcert_deinit(&l->chain[i]);
        if (l->key)
            gnutls_privkey_deinit(l->key);
        ay_free(l);
        l = next;
    }
}

static bool same_names(const leaf *a, const leaf *b)
{
    if (strcmp(a->host, b->host) != 0 || a->address_count != b->address_count)
        return false;
    for (size_t i = 0; i < a->address_count; i++)
        if (strcmp(a->addresses[i].text, b->addresses[i].text) != 0)
            return false;
    return true;
}

ay_status ay_tls_refresh(ay_tls *t, bool *renewed, ay_err *err)
{
    leaf *l;
    int rc;

    *renewed = false;
    if (!t->ca)
        return AY_OK;
    if (!(l = ay_calloc(1, sizeof *l)))
        return ay_fail(err, AY_ENOMEM, "certificate");
    ay_names_host(l->host, sizeof l->host);
    l->address_count = ay_names_addresses(l->addresses, AY_NAMES_MAX);
    if (t->now && same_names(t->now, l) &&
        t->now->expires > time(NULL) + (time_t)RENEW_DAYS * DAY) {
        free_leaves(l);
        return AY_OK;
    }
    rc = make_leaf(t, l);
    if (rc < 0) {
        free_leaves(l);
        return tls_fail(err, AY_EIO, "make a certificate", rc);
    }
    pthread_mutex_lock(&t->lock);
    if (t->now) {
        t->now->next = t->old;
        t->old = t->now;
    }
    t->now = l;
    pthread_mutex_unlock(&t->lock);
    *renewed = true;
    return AY_OK;
}

static ay_tls *create(ay_err *err)
{
    ay_tls *t = ay_calloc(1, sizeof *t);

    if (!t)
        ay_fail(err, AY_ENOMEM, "certificates");
    else
        pthread_mutex_init(&t->lock, NULL);
    return t;
}

ay_status ay_tls_create_local(ay_tls **out, const char *dir, ay_err *err)
{
    ay_tls *t = create(err);
    ay_status status;
    bool renewed;

    *out = NULL;
    if (!t)
        return AY_ENOMEM;
    status = open_authority(t, dir, err);
    if (!status)
        status = ay_tls_refresh(t, &renewed, err);
    if (status) {
        ay_tls_destroy(t);
        return status;
    }
    current = t;
    *out = t;
    return AY_OK;
}

ay_status ay_tls_create_files(ay_tls **out, const char *cert, const char *key, ay_err *err)
{
    ay_tls *t = create(err);
    ay_status status;

    *out = NULL;
    if (!t)
        return AY_ENOMEM;
    status = ay_file_read(cert, 1 << 20, &t->cert_pem, err);
    if (!status)
        status = ay_file_read(key, 1 << 20, &t->key_pem, err);
    if (status)
        ay_tls_destroy(t);
    else
        *out = t;
    return status;
}

void ay_tls_destroy(ay_tls *t)
{
    if (!t)
        return;
    if (current == t)
        current = NULL;
    free_leaves(t->now);
    free_leaves(t->old);
    forget_authority(t);
    ay_buf_fini(&t->cert_pem);
    ay_buf_fini(&t->key_pem);
    pthread_mutex_destroy(&t->lock);
    ay_free(t);
}

void ay_tls_options(ay_tls *t, struct MHD_OptionItem *items)
{
    memset(items, 0, 3 * sizeof *items);
    items[0].option = items[1].option = items[2].option = MHD_OPTION_END;
    if (t->ca) {
        items[0].option = MHD_OPTION_HTTPS_CERT_CALLBACK;
        items[0].ptr_value = (void *)retrieve;
    } else {
        items[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, t->cert_pem.data};
        items[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, t->key_pem.data};
    }
}

ay_status ay_tls_authority(ay_tls *t, bool der, ay_buf *out, ay_err *err)
{
    gnutls_datum_t d = {0};
    int rc;

    if (!t || !t->ca)
        return ay_fail(err, AY_ENOTFOUND, "this server has no certificate authority of its own");
    rc = gnutls_x509_crt_export2(t->ca, der ? GNUTLS_X509_FMT_DER : GNUTLS_X509_FMT_PEM, &d);
    if (rc < 0)
        return tls_fail(err, AY_EIO, "export the authority's certificate", rc);
    ay_buf_add(out, d.data, d.size);
    gnutls_free(d.data);
    return AY_OK;
}

void ay_tls_fingerprint(ay_tls *t, char dst[96])
{
    unsigned char sum[32];
    size_t n = sizeof sum;

    dst[0] = '\0';
    if (!t || !t->ca || gnutls_x509_crt_get_fingerprint(t->ca, GNUTLS_DIG_SHA256, sum, &n) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        snprintf(dst + 3 * i, 4, "%02X%s", sum[i], i + 1 < n ? ":" : "");
}

ay_status ay_tls_chain(ay_tls *t, ay_buf *out, ay_err *err)
{
    ay_status status = AY_OK;

    pthread_mutex_lock(&t->lock);
    for (int i = 0; t->now && i < t->now->chain_len && !status; i++) {
        gnutls_datum_t d = {0};
        int rc = gnutls_pem_base64_encode2("CERTIFICATE", &t->now->chain[i].cert, &d);
        if (rc < 0)
            status = tls_fail(err, AY_EIO, "export the certificate", rc);
        else
            ay_buf_add(out, d.data, d.size);
        gnutls_free(d.data);
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}
