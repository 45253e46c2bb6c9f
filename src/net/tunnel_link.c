#include "base/clock.h"
#include "net/tunnel_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t MS = 1000000;
enum { LOOK_MS = 100, PROMPTS = 8, WORDS = 200, HASH_TEXT = 80 };

/* What one attempt goes by. */
typedef struct {
    const ay_tunnel_options *o;
    const atomic_bool *stop;
    uint64_t end;
    char name[160]; /* "the SSH server host:port" */
} attempt;

static bool given(const char *s)
{
    return s && *s;
}

/* Wait for the socket; AY_OK also when nothing came yet. */
static ay_status wait_for(const attempt *a, int fd, short events, ay_err *err)
{
    struct pollfd p = {.fd = fd, .events = events};
    uint64_t now = ay_clock_mono();

    if (a->stop && atomic_load(a->stop))
        return ay_fail(err, AY_ECANCELLED, "connecting to %s was cancelled", a->name);
    if (now >= a->end)
        return ay_fail(err, AY_EIO, "%s did not answer within %d ms", a->name, a->o->connect_ms);
    poll(&p, 1, a->end - now < LOOK_MS * MS ? (int)((a->end - now) / MS) + 1 : LOOK_MS);
    return AY_OK;
}

short ay_link_wants(const ay_link *l)
{
    return POLLIN | (ssh_get_poll_flags(l->session) & SSH_WRITE_PENDING ? POLLOUT : 0);
}

static ay_status wait_link(const attempt *a, const ay_link *l, ay_err *err)
{
    return wait_for(a, l->fd, ay_link_wants(l), err);
}

/* ---- the socket */

/* A peer that is gone shows within the keep-alive's bound even when nothing is asked of it. */
static void set_socket(int fd, int keepalive_ms)
{
    int on = 1;
    unsigned lost = 3u * (unsigned)keepalive_ms;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost, sizeof lost);
}

/* One address.  AY_EIO without words: try the next. */
static ay_status dial_one(const attempt *a, const struct addrinfo *ai, int *out, int *why, ay_err *err)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bad = 0;
    socklen_t n = sizeof bad;
    ay_status status = AY_OK;

    *why = errno;
    if (fd < 0)
        return AY_OK;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        *why = errno;
        while (status == AY_OK && *why == EINPROGRESS && poll(&p, 1, 0) == 0)
            status = wait_for(a, fd, POLLOUT, err);
        if (*why == EINPROGRESS && getsockopt(fd, SOL_SOCKET, SO_ERROR, &bad, &n) == 0)
            *why = bad;
    } else {
        *why = 0;
    }
    if (status == AY_OK && *why == 0) {
        set_socket(fd, a->o->keepalive_ms);
        *out = fd;
        return AY_OK;
    }
    close(fd);
    return status;
}

static ay_status dial(const attempt *a, int *out, ay_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG}, *all = NULL;
    char port[16];
    int rc, why = 0;
    ay_status status = AY_OK;

    *out = -1;
    snprintf(port, sizeof port, "%d", a->o->port);
    rc = getaddrinfo(a->o->host, port, &hints, &all);
    if (rc == EAI_NONAME || rc == EAI_ADDRFAMILY) { /* a machine with the loopback alone */
        hints.ai_flags = AI_NUMERICSERV;
        rc = getaddrinfo(a->o->host, port, &hints, &all);
    }
    if (rc != 0)
        return ay_fail(err, AY_EIO, "%s: no address is known for it: %s", a->name,
                       rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    for (const struct addrinfo *ai = all; ai && *out < 0 && status == AY_OK; ai = ai->ai_next)
        status = dial_one(a, ai, out, &why, err);
    freeaddrinfo(all);
    if (status == AY_OK && *out < 0)
        status = ay_fail(err, AY_EIO, "%s cannot be reached: %s", a->name, strerror(why));
    return status;
}

/* ---- key exchange */

static ay_status set_options(ssh_session s, const attempt *a, int fd)
{
    const ay_tunnel_options *o = a->o;
    unsigned port = (unsigned)o->port;
    bool no = false;
    int bad = 0;

    ssh_set_blocking(s, 0);
    bad |= ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no);
    bad |= ssh_options_set(s, SSH_OPTIONS_HOST, o->host);
    bad |= ssh_options_set(s, SSH_OPTIONS_PORT, &port);
    bad |= ssh_options_set(s, SSH_OPTIONS_USER, o->user);
    if (given(o->known_hosts) && !given(o->fingerprint)) {
        bad |= ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, o->known_hosts);
        bad |= ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    }
    bad |= ssh_options_set(s, SSH_OPTIONS_FD, &fd);
    return bad ? AY_EINVAL : AY_OK;
}

static ay_status shake_hands(const attempt *a, ay_link *l, ay_err *err)
{
    int rc;
    ay_status status = AY_OK;

    while ((rc = ssh_connect(l->session)) == SSH_AGAIN && status == AY_OK)
        status = wait_link(a, l, err);
    if (status == AY_OK && rc != SSH_OK)
        status = ay_fail(err, AY_EIO, "%s: %.*s", a->name, WORDS, ssh_get_error(l->session));
    return status;
}

/* ---- the host key */

static ay_status shown_key(const attempt *a, ssh_session s, char dst[HASH_TEXT], const char **kind, ay_err *err)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t n = 0;
    char *text = NULL;

    *kind = "";
    if (ssh_get_server_publickey(s, &key) == SSH_OK &&
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n) == 0)
        text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, n);
    if (text) {
        snprintf(dst, HASH_TEXT, "%s", text);
        *kind = ssh_key_type_to_char(ssh_key_type(key)); /* a constant */
    }
    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
    return **kind ? AY_OK : ay_fail(err, AY_EIO, "%s: its host key cannot be read", a->name);
}

/* Is shown ("SHA256:...") among wanted, with or without that word and padding, parted by commas? */
static bool fingerprint_fits(const char *wanted, const char *shown)
{
    static const char word[] = "SHA256:";
    size_t n;

    shown += strncmp(shown, word, sizeof word - 1) == 0 ? sizeof word - 1 : 0;
    n = strcspn(shown, "=");
    for (const char *p = wanted; *p; p += strcspn(p, ", "), p += strspn(p, ", ")) {
        const char *w = p + (strncmp(p, word, sizeof word - 1) == 0 ? sizeof word - 1 : 0);
        if (strcspn(w, ", =") == n && strncmp(w, shown, n) == 0)
            return true;
    }
    return false;
}

static ay_status unknown_server(const attempt *a, const char *shown, const char *kind, ay_err *err)
{
    const char *file = given(a->o->known_hosts) ? a->o->known_hosts : "~/.ssh/known_hosts";

    return ay_fail(err, AY_ENOTFOUND, "%s is not known: it shows the %s key %s. When its administrator says that this "
                   "is right, give it as the fingerprint, or: ssh-keyscan -p %d %.80s >> %.120s", a->name, kind, shown,
                   a->o->port, a->o->host, file);
}

static ay_status check_server(const attempt *a, ssh_session s, ay_err *err)
{
    char shown[HASH_TEXT];
    const char *kind, *changed = "SOMEBODY MAY STAND BETWEEN: nothing was sent to it. If it was set up anew, ask its "
                                 "administrator for the fingerprint and write that down instead";
    ay_status status = shown_key(a, s, shown, &kind, err);

    if (status != AY_OK)
        return status;
    if (given(a->o->fingerprint)) {
        if (fingerprint_fits(a->o->fingerprint, shown))
            return AY_OK;
        return ay_fail(err, AY_ECONFLICT, "%s shows the %s key %s, which is not the fingerprint that was given. %s",
                       a->name, kind, shown, changed);
    }
    switch (ssh_session_is_known_server(s)) {
    case SSH_KNOWN_HOSTS_OK:
        return AY_OK;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        return ay_fail(err, AY_ECONFLICT, "the key of %s HAS CHANGED: it shows the %s key %s, another one is known. %s",
                       a->name, kind, shown, changed);
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
        return unknown_server(a, shown, kind, err);
    default:
        return ay_fail(err, AY_EIO, "%s: the file of known hosts cannot be read: %.*s", a->name, WORDS,
                       ssh_get_error(s));
    }
}

/* ---- login */

/* Never ask at the terminal; that it was asked for is all that is to be known. */
static int no_prompt(const char *prompt, char *buf, size_t len, int echo, int verify, void *asked)
{
    (void)prompt, (void)buf, (void)len, (void)echo, (void)verify;
    *(bool *)asked = true;
    return -1;
}

static ay_status load_key(const attempt *a, ssh_key *key, ay_err *err)
{
    const char *file = a->o->key_file, *phrase = given(a->o->passphrase) ? a->o->passphrase : NULL;
    bool asked = false;
    int rc;

    if (access(file, R_OK) != 0)
        return ay_fail(err, AY_EIO, "the SSH key %.200s: %s", file, strerror(errno));
    rc = ssh_pki_import_privkey_file(file, phrase, no_prompt, &asked, key);
    if (rc == SSH_OK)
        return AY_OK;
    if (asked)
        return ay_fail(err, AY_EINVAL, "the SSH key %.200s is encrypted: give its passphrase", file);
    return ay_fail(err, AY_EINVAL, "the SSH key %.200s cannot be read: it is no private key%s", file,
                   phrase ? ", or the passphrase is another one" : "");
}

static ay_status login_key(const attempt *a, ay_link *l, int *rc, ay_err *err)
{
    ssh_key key = NULL;
    ay_status status = load_key(a, &key, err);

    while (status == AY_OK && (*rc = ssh_userauth_publickey(l->session, NULL, key)) == SSH_AUTH_AGAIN)
        status = wait_link(a, l, err);
    ssh_key_free(key);
    return status;
}

/* Servers that ask question by question get the password for each that is not to be shown. */
static ay_status login_asked(const attempt *a, ay_link *l, int *rc, ay_err *err)
{
    ay_status status = AY_OK;

    for (int round = 0; round < PROMPTS && status == AY_OK; round++) {
        int n;
        while ((*rc = ssh_userauth_kbdint(l->session, NULL, NULL)) == SSH_AUTH_AGAIN && status == AY_OK)
            status = wait_link(a, l, err);
        if (*rc != SSH_AUTH_INFO)
            break;
        n = ssh_userauth_kbdint_getnprompts(l->session);
        for (int i = 0; i < n; i++) {
            char echo = 0;
            ssh_userauth_kbdint_getprompt(l->session, (unsigned)i, &echo);
            ssh_userauth_kbdint_setanswer(l->session, (unsigned)i, echo ? "" : a->o->password);
        }
    }
    return status;
}

static ay_status login_password(const attempt *a, ay_link *l, int methods, int *rc, ay_err *err)
{
    ay_status status = AY_OK;

    *rc = SSH_AUTH_DENIED;
    if (methods & SSH_AUTH_METHOD_PASSWORD)
        while (status == AY_OK && (*rc = ssh_userauth_password(l->session, NULL, a->o->password)) == SSH_AUTH_AGAIN)
            status = wait_link(a, l, err);
    if (status == AY_OK && *rc == SSH_AUTH_DENIED && methods & SSH_AUTH_METHOD_INTERACTIVE)
        status = login_asked(a, l, rc, err);
    return status;
}

static void list_methods(int methods, char *dst, size_t cap)
{
    snprintf(dst, cap, "%s%s%s", methods & SSH_AUTH_METHOD_PUBLICKEY ? " key" : "",
             methods & SSH_AUTH_METHOD_PASSWORD ? " password" : "",
             methods & SSH_AUTH_METHOD_INTERACTIVE ? " keyboard-interactive" : "");
}

static ay_status login(const attempt *a, ay_link *l, ay_err *err)
{
    int rc, methods;
    char takes[64];
    ay_status status = AY_OK;

    while ((rc = ssh_userauth_none(l->session, NULL)) == SSH_AUTH_AGAIN && status == AY_OK)
        status = wait_link(a, l, err);
    methods = ssh_userauth_list(l->session, NULL);
    list_methods(methods, takes, sizeof takes);
    if (status == AY_OK && rc != SSH_AUTH_SUCCESS && given(a->o->key_file) && methods & SSH_AUTH_METHOD_PUBLICKEY)
        status = login_key(a, l, &rc, err);
    if (status == AY_OK && rc == SSH_AUTH_PARTIAL)
        methods = ssh_userauth_list(l->session, NULL);
    if (status == AY_OK && (rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL) && given(a->o->password))
        status = login_password(a, l, methods, &rc, err);
    if (status != AY_OK || rc == SSH_AUTH_SUCCESS)
        return status;
    if (rc == SSH_AUTH_ERROR)
        return ay_fail(err, AY_EIO, "%s: logging in: %.*s", a->name, WORDS, ssh_get_error(l->session));
    return ay_fail(err, AY_ECONFLICT, "%s does not let %.60s in with the %s that was given; it takes:%s", a->name,
                   a->o->user,
                   given(a->o->key_file) ? given(a->o->password) ? "key and password" : "key" : "password",
                   *takes ? takes : " nothing that Assay can");
}

/* ---- all of it */

ay_status ay_link_open(ay_link *l, const ay_tunnel_options *o, const atomic_bool *stop, ay_err *err)
{
    attempt a = {.o = o, .stop = stop, .end = ay_clock_mono() + (uint64_t)o->connect_ms * MS};
    ay_status status;

    memset(l, 0, sizeof *l);
    snprintf(a.name, sizeof a.name, "the SSH server %.120s:%d", o->host, o->port);
    status = dial(&a, &l->fd, err);
    if (status != AY_OK)
        return status;
    l->session = ssh_new();
    if (!l->session || set_options(l->session, &a, l->fd) != AY_OK) {
        status = l->session ? ay_fail(err, AY_EINVAL, "%s: %.*s", a.name, WORDS, ssh_get_error(l->session))
                            : ay_fail(err, AY_ENOMEM, "preparing a session with %s", a.name);
        close(l->fd); /* the session takes it over in ssh_connect() */
        ssh_free(l->session);
        memset(l, 0, sizeof *l);
        return status;
    }
    status = shake_hands(&a, l, err);
    if (status == AY_OK)
        status = check_server(&a, l->session, err);
    if (status == AY_OK)
        status = login(&a, l, err);
    if (status == AY_OK) {
        l->event = ssh_event_new();
        if (!l->event || ssh_event_add_session(l->event, l->session) != SSH_OK)
            status = ay_fail(err, AY_ENOMEM, "preparing a session with %s", a.name);
    }
    if (status != AY_OK)
        ay_link_close(l);
    return status;
}

void ay_link_close(ay_link *l)
{
    if (l->event) {
        ssh_event_remove_session(l->event, l->session);
        ssh_event_free(l->event);
    }
    if (l->session) {
        ssh_options_set(l->session, SSH_OPTIONS_FD, NULL); /* or libssh leaves open what it was given, but not always */
        ssh_disconnect(l->session);
        ssh_free(l->session);
    }
    memset(l, 0, sizeof *l);
}
