/* net/ssh_server_test.h - an SSH server that forwards, lies, freezes and breaks off as a test wants.
 *
 * libssh's server half on a free port of the loopback address; one thread a session.  It knows one user's
 * password and one public key and opens nothing but direct-tcpip channels. */
#ifndef AY_NET_SSH_SERVER_TEST_H
#define AY_NET_SSH_SERVER_TEST_H

#include "base/mem.h"
#include "base/test.h"
#include "net/tunnel_parts.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

typedef struct {
    int fd, port;
    pthread_t thread;
    ssh_bind bind;
    ssh_key host_key;
    const char *password, *user;
    const ssh_key *user_key; /* NULL: keys are not taken */
    bool interactive;        /* the password is asked for, question by question */
    bool mute;               /* connections are taken and nothing is said */
    atomic_bool stop, freeze, cut;
    atomic_int sessions, logins;
} ssh_test;

typedef struct {
    ssh_test *s;
    ssh_session session;
} ssh_test_one;

static inline int ssh_test_dial(const char *host, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, host, &a.sin_addr);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void ssh_test_refuse_auth(const ssh_test *s, ssh_message m)
{
    ssh_message_auth_set_methods(m, (s->interactive ? SSH_AUTH_METHOD_INTERACTIVE : s->password ? SSH_AUTH_METHOD_PASSWORD : 0) |
                                        (s->user_key ? SSH_AUTH_METHOD_PUBLICKEY : 0));
    ssh_message_reply_default(m);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline bool ssh_test_auth(ssh_test *s, ssh_session session, ssh_message m)
{
    static const char *ask[] = {"Password: "};
    static char echo[] = {0};
    int kind = ssh_message_subtype(m);
    const char *name = ssh_message_auth_user(m); /* NULL in an answer */
    bool user = !name || strcmp(name, s->user) == 0;

    if (kind == SSH_AUTH_METHOD_PASSWORD && user && s->password && !s->interactive &&
        strcmp(ssh_message_auth_password(m), s->password) == 0)
        return ssh_message_auth_reply_success(m, 0) == SSH_OK;
    if (kind == SSH_AUTH_METHOD_INTERACTIVE && s->interactive && user) {
        if (!ssh_message_auth_kbdint_is_response(m)) {
            ssh_message_auth_interactive_request(m, "login", "", 1, ask, echo);
            return false;
        }
        if (ssh_userauth_kbdint_getnanswers(session) == 1 &&
            strcmp(ssh_userauth_kbdint_getanswer(session, 0), s->password) == 0)
            return ssh_message_auth_reply_success(m, 0) == SSH_OK;
    }
    if (kind == SSH_AUTH_METHOD_PUBLICKEY && user && s->user_key &&
        ssh_key_cmp(ssh_message_auth_pubkey(m), *s->user_key, SSH_KEY_CMP_PUBLIC) == 0) {
        if (ssh_message_auth_publickey_state(m) == SSH_PUBLICKEY_STATE_VALID)
            return ssh_message_auth_reply_success(m, 0) == SSH_OK;
        if (ssh_message_auth_publickey_state(m) == SSH_PUBLICKEY_STATE_NONE) {
            ssh_message_auth_reply_pk_ok_simple(m);
            return false;
        }
    }
    ssh_test_refuse_auth(s, m);
    return false;
}
#pragma GCC diagnostic pop

static inline void ssh_test_message(ssh_test *s, ssh_session session, ssh_message m, ay_pump *pumps)
{
    if (ssh_message_type(m) == SSH_REQUEST_AUTH) {
        atomic_fetch_add(&s->logins, ssh_test_auth(s, session, m));
    } else if (ssh_message_type(m) == SSH_REQUEST_CHANNEL_OPEN && ssh_message_subtype(m) == SSH_CHANNEL_DIRECT_TCPIP) {
        int fd = ssh_test_dial(ssh_message_channel_request_open_destination(m),
                               ssh_message_channel_request_open_destination_port(m));
        for (int i = 0; i < AY_TUNNEL_CONNECTIONS && fd >= 0; i++)
            if (pumps[i].fd < 0) {
                ay_pump_start(&pumps[i], session, ssh_message_channel_request_open_reply_accept(m), fd, 0);
                return;
            }
        ssh_message_reply_default(m);
    } else {
        ssh_message_reply_default(m);
    }
}

static inline void ssh_test_talk(ssh_test *s, ssh_session session, ay_pump *pumps)
{
    ssh_event event = ssh_event_new();

    ssh_set_blocking(session, 0);
    ssh_event_add_session(event, session);
    while (!atomic_load(&s->stop) && !atomic_load(&s->cut) && ssh_is_connected(session)) {
        ssh_message m;
        if (atomic_load(&s->freeze)) {
            usleep(5000);
            continue;
        }
        if (ssh_event_dopoll(event, 2) == SSH_ERROR)
            break;
        while ((m = ssh_message_get(session))) {
            ssh_test_message(s, session, m, pumps);
            ssh_message_free(m);
        }
        for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++) {
            bool refused = false;
            if (pumps[i].fd >= 0 && !ay_pump_step(&pumps[i], NULL, 0, &refused))
                ay_pump_end(&pumps[i], true);
        }
    }
    ssh_event_remove_session(event, session);
    ssh_event_free(event);
}

static inline void *ssh_test_session(void *arg)
{
    ssh_test_one *one = arg;
    ssh_test *s = one->s;
    ay_pump *pumps = ay_calloc(AY_TUNNEL_CONNECTIONS, sizeof *pumps);

    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++)
        pumps[i].fd = -1;
    if (ssh_handle_key_exchange(one->session) == SSH_OK)
        ssh_test_talk(s, one->session, pumps);
    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++)
        ay_pump_end(&pumps[i], false);
    shutdown(ssh_get_fd(one->session), SHUT_RDWR);
    ssh_free(one->session);
    ay_free(pumps);
    ay_free(one);
    atomic_fetch_sub(&s->sessions, 1);
    return NULL;
}

static inline void *ssh_test_accept(void *arg)
{
    ssh_test *s = arg;
    int muted[64], n = 0;

    for (;;) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        ssh_test_one *one;
        pthread_t t;
        if (fd < 0)
            break;
        if (s->mute) {
            muted[n++ % 64] = fd;
            continue;
        }
        one = ay_calloc(1, sizeof *one);
        one->s = s;
        one->session = ssh_new();
        if (ssh_bind_accept_fd(s->bind, one->session, fd) != SSH_OK)
            abort();
        atomic_fetch_add(&s->sessions, 1);
        pthread_create(&t, NULL, ssh_test_session, one);
        pthread_detach(t);
    }
    while (n > 0)
        close(muted[--n]);
    return NULL;
}

/* port 0: any free one. */
static inline void ssh_test_start(ssh_test *s, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof a;
    ssh_key copy;
    char *text = NULL;
    bool no = false;
    int on = 1;

    atomic_store(&s->stop, false);
    atomic_store(&s->cut, false);
    s->bind = ssh_bind_new();
    CHECK(ssh_bind_options_set(s->bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no) == 0);
    if (!s->host_key)
        CHECK(ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &s->host_key) == SSH_OK);
    CHECK(ssh_pki_export_privkey_base64(s->host_key, NULL, NULL, NULL, &text) == SSH_OK);
    CHECK(ssh_pki_import_privkey_base64(text, NULL, NULL, NULL, &copy) == SSH_OK);
    ssh_string_free_char(text);
    CHECK(ssh_bind_options_set(s->bind, SSH_BIND_OPTIONS_IMPORT_KEY, copy) == 0);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    CHECK(bind(s->fd, (struct sockaddr *)&a, n) == 0 && listen(s->fd, 16) == 0);
    CHECK(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
    s->port = ntohs(a.sin_port);
    pthread_create(&s->thread, NULL, ssh_test_accept, s);
}

/* As a machine that is switched off; the key stays for another start. */
static inline void ssh_test_end(ssh_test *s)
{
    atomic_store(&s->stop, true);
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    while (atomic_load(&s->sessions))
        usleep(1000);
    ssh_bind_free(s->bind);
}

static inline void ssh_test_forget(ssh_test *s)
{
    ssh_key_free(s->host_key);
    s->host_key = NULL;
}

#endif
