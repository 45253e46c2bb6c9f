#include "base/test.h"
#include "base/file.h"
#include "http/names.h"
#include "http/tls.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/assay-tls-XXXXXX", ca_path[64], key_path[64];
static ay_err err;

static void make_dir(void)
{
    static int made;

    if (!made++ && !mkdtemp(dir))
        abort();
    snprintf(ca_path, sizeof ca_path, "%s/ca.crt", dir);
    snprintf(key_path, sizeof key_path, "%s/ca.key", dir);
}

/* Verify what t serves against the authority's file, for a name; 0 when it is good. */
static unsigned verify(ay_tls *t, const char *name, gnutls_x509_crt_t *leaf)
{
    static gnutls_x509_crt_t chain[4];
    gnutls_x509_trust_list_t trust;
    ay_buf pem = {0};
    unsigned n = 4, status = ~0u;

    if (ay_tls_chain(t, &pem, &err))
        return ~0u;
    gnutls_datum_t d = {(unsigned char *)pem.data, (unsigned)pem.len};
    gnutls_x509_trust_list_init(&trust, 0);
    if (gnutls_x509_crt_list_import(chain, &n, &d, GNUTLS_X509_FMT_PEM, 0) < 0 || n != 2 ||
        gnutls_x509_trust_list_add_trust_file(trust, ca_path, NULL, GNUTLS_X509_FMT_PEM, 0, 0) != 1)
        return ~0u;
    gnutls_typed_vdata_st want[] = {
        {GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)name, (unsigned)strlen(name)},
        {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0}};
    if (gnutls_x509_trust_list_verify_crt2(trust, chain, n, want, 2, 0, &status, NULL) < 0)
        status = ~0u;
    gnutls_x509_trust_list_deinit(trust, 1);
    ay_buf_fini(&pem);
    *leaf = chain[0];
    gnutls_x509_crt_deinit(chain[1]);
    return status;
}

static void chain_is_valid_for_every_name(void)
{
    ay_address a[AY_NAMES_MAX];
    size_t n = ay_names_addresses(a, AY_NAMES_MAX);
    gnutls_x509_crt_t leaf;
    char host[256];
    ay_tls *t;

    make_dir();
    CHECK_OK(ay_tls_create_local(&t, dir, &err), err);
    CHECK(verify(t, "localhost", &leaf) == 0);
    time_t life =
        gnutls_x509_crt_get_expiration_time(leaf) - gnutls_x509_crt_get_activation_time(leaf);
    CHECK(life <= 397 * 86400 && life > 300 * 86400);
    CHECK(gnutls_x509_crt_get_pk_algorithm(leaf, NULL) == GNUTLS_PK_ECDSA);
    gnutls_x509_crt_deinit(leaf);
    ay_names_host(host, sizeof host);
    if (host[0]) {
        CHECK(verify(t, host, &leaf) == 0);
        gnutls_x509_crt_deinit(leaf);
    }
    for (size_t i = 0; i < n; i++) {
        CHECK(verify(t, a[i].text, &leaf) == 0);
        gnutls_x509_crt_deinit(leaf);
    }
    CHECK(verify(t, "bank.example", &leaf) != 0);
    gnutls_x509_crt_deinit(leaf);
    ay_tls_destroy(t);
}

static void authority_is_kept(void)
{
    char first[96], second[96];
    struct stat st;
    ay_tls *t;
    bool renewed;

    make_dir();
    CHECK_OK(ay_tls_create_local(&t, dir, &err), err);
    ay_tls_fingerprint(t, first);
    CHECK(strlen(first) == 95);
    CHECK_OK(ay_tls_refresh(t, &renewed, &err), err);
    CHECK(!renewed);
    ay_tls_destroy(t);
    CHECK(stat(key_path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK_OK(ay_tls_create_local(&t, dir, &err), err);
    ay_tls_fingerprint(t, second);
    CHECK(strcmp(first, second) == 0);
    ay_tls_destroy(t);
}

/* A crash between the two files leaves a key without its certificate: a new authority is made. */
static void pair_that_does_not_fit(void)
{
    char first[96], second[96];
    ay_buf old = {0};
    gnutls_x509_crt_t leaf;
    ay_tls *t;

    make_dir();
    CHECK_OK(ay_tls_create_local(&t, dir, &err), err);
    ay_tls_fingerprint(t, first);
    ay_tls_destroy(t);
    CHECK_OK(ay_file_read(ca_path, 0, &old, &err), err);
    unlink(key_path);
    CHECK_OK(ay_tls_create_local(&t, dir, &err), err);
    ay_tls_destroy(t);
    CHECK_OK(ay_file_write(ca_path, old.data, old.len, &err), err);
    CHECK_OK(ay_tls_create_local(&t, dir, &err), err);
    ay_tls_fingerprint(t, second);
    CHECK(strcmp(first, second) != 0 && verify(t, "localhost", &leaf) == 0);
    gnutls_x509_crt_deinit(leaf);
    ay_tls_destroy(t);
    ay_buf_fini(&old);
}

/* Give loopback's alias an address, or (NULL) take it away. */
static bool set_address(const char *alias, const char *text)
{
    struct ifreq r = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool ok = fd >= 0;

    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", alias);
    if (text) {
        inet_pton(AF_INET, text, &in.sin_addr);
        memcpy(&r.ifr_addr, &in, sizeof in);
        ok = ok && ioctl(fd, SIOCSIFADDR, &r) == 0;
        memset(&r.ifr_ifru, 0, sizeof r.ifr_ifru);
        r.ifr_flags = IFF_UP;
    }
    ok = ok && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool names(ay_tls *t, const char *address)
{
    gnutls_x509_crt_t leaf;
    bool good = verify(t, address, &leaf) == 0;

    gnutls_x509_crt_deinit(leaf);
    return good;
}

/* In a network of its own: 0 when all is well, else the step that went wrong. */
static int change_addresses(void)
{
    static const char first[] = "192.168.7.1", second[] = "10.20.30.40";
    char before[96], after[96];
    bool renewed = false;
    ay_tls *t;

    if (!set_address("lo", "127.0.0.1") || !set_address("lo:1", first) ||
        ay_tls_create_local(&t, dir, &err) != AY_OK)
        return 1;
    ay_tls_fingerprint(t, before);
    if (!names(t, first) || names(t, second))
        return 2;
    if (!set_address("lo:2", second) || ay_tls_refresh(t, &renewed, &err) != AY_OK || !renewed)
        return 3;
    if (!names(t, first) || !names(t, second) || !names(t, "localhost"))
        return 4;
    if (ay_tls_refresh(t, &renewed, &err) != AY_OK || renewed)
        return 5;
    if (!set_address("lo:1", NULL) || ay_tls_refresh(t, &renewed, &err) != AY_OK || !renewed)
        return 6;
    if (names(t, first) || !names(t, second))
        return 7;
    ay_tls_fingerprint(t, after); /* the phones that trust it need nothing new */
    ay_tls_destroy(t);
    return strcmp(before, after) == 0 ? 0 : 8;
}

static void a_new_address_gets_a_new_certificate(void)
{
    int status = -1;
    pid_t child;

    make_dir();
    child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
            _exit(77);
        _exit(change_addresses());
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        SKIP("no network namespace may be made here");
    CHECK(WEXITSTATUS(status) == 0);
}

static void damaged_files_are_told(void)
{
    ay_tls *t;

    make_dir();
    CHECK_OK(ay_file_write(ca_path, "not a certificate", 17, &err), err);
    CHECK(ay_tls_create_local(&t, dir, &err) == AY_ECORRUPT && strstr(err.msg, "ca.crt"));
    CHECK(!t);
    unlink(ca_path);
    unlink(key_path);
    rmdir(dir);
}

TESTS({"the chain is valid for every name", chain_is_valid_for_every_name},
      {"the authority is kept", authority_is_kept},
      {"key and certificate that do not fit", pair_that_does_not_fit},
      {"a new address gets a new certificate", a_new_address_gets_a_new_certificate},
      {"damaged files are told", damaged_files_are_told})
