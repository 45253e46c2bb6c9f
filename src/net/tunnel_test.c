#include "net/tunnel.h"
#include "base/clock.h"
#include "net/ssh_server_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* ---- what stands behind the tunnel: says back what it hears */

typedef struct {
    int fd, port;
    pthread_t thread;
    atomic_int open;
} echo_server;

typedef struct {
    echo_server *s;
    int fd;
} echo_one;

static void *echo_serve(void *arg)
{
    echo_one *one = arg;
    char b[4096];
    ssize_t n;

    while ((n = recv(one->fd, b, sizeof b, 0)) > 0)
        for (ssize_t at = 0, put; at < n && (put = send(one->fd, b + at, (size_t)(n - at), MSG_NOSIGNAL)) > 0;)
            at += put;
    close(one->fd);
    atomic_fetch_sub(&one->s->open, 1);
    free(one);
    return NULL;
}

static void *echo_accept(void *arg)
{
    echo_server *s = arg;

    for (;;) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        pthread_t t;
        if (fd < 0)
            return NULL;
        echo_one *one = calloc(1, sizeof *one);
        *one = (echo_one){s, fd};
        atomic_fetch_add(&s->open, 1);
        pthread_create(&t, NULL, echo_serve, one);
        pthread_detach(t);
    }
}

static void echo_start(echo_server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;

    memset(s, 0, sizeof *s);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(s->fd, (struct sockaddr *)&a, n) == 0 && listen(s->fd, 64) == 0);
    CHECK(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
    s->port = ntohs(a.sin_port);
    pthread_create(&s->thread, NULL, echo_accept, s);
}

static void echo_end(echo_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    while (atomic_load(&s->open))
        usleep(1000);
}

/* ---- helpers */

static ssh_test server;
static echo_server echo;
static char fingerprint[80];

static ay_tunnel_options usual(void)
{
    return (ay_tunnel_options){.host = "127.0.0.1",
                               .port = server.port,
                               .user = "plant",
                               .password = "sesame",
                               .fingerprint = fingerprint,
                               .to_host = "127.0.0.1",
                               .to_port = echo.port,
                               .connect_ms = 20000};
}

static void read_fingerprint(void)
{
    unsigned char *hash = NULL;
    size_t n;
    char *text;

    CHECK(ssh_get_publickey_hash(server.host_key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n) == 0);
    text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, n);
    snprintf(fingerprint, sizeof fingerprint, "%s", text);
    ssh_string_free_char(text);
    ssh_clean_pubkey_hash(&hash);
}

static void start_both(void)
{
    memset(&server, 0, sizeof server);
    server.user = "plant";
    server.password = "sesame";
    ssh_test_start(&server, 0);
    read_fingerprint();
    echo_start(&echo);
}

static void end_both(void)
{
    ssh_test_end(&server);
    ssh_test_forget(&server);
    echo_end(&echo);
}

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int dial(const ay_tunnel *t)
{
    int fd = ssh_test_dial("127.0.0.1", ay_tunnel_port(t));

    CHECK(fd >= 0);
    return fd;
}

/* Does what is said come back?  Waits for as long as it takes. */
static bool answers(int fd, const char *text)
{
    char b[256];
    size_t n = strlen(text), at = 0;

    if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
        return false;
    while (at < n) {
        ssize_t got = recv(fd, b + at, n - at, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return memcmp(b, text, n) == 0;
}

static bool wait_up(ay_tunnel *t, int64_t lines)
{
    ay_tunnel_state s;

    for (int i = 0; i < 6000; i++) {
        ay_tunnel_look(t, &s);
        if (s.up && s.lines >= lines)
            return true;
        usleep(10000);
    }
    return false;
}

static bool wait_down(ay_tunnel *t, const char *why)
{
    ay_tunnel_state s;

    for (int i = 0; i < 6000; i++) {
        ay_tunnel_look(t, &s);
        if (!s.up && strstr(s.why, why))
            return true;
        usleep(10000);
    }
    printf("  why: %s\n", s.why);
    return false;
}

/* ---- cases */

static void carries_both_ways(void)
{
    enum { SIZE = 3 << 20 };
    ay_tunnel_options o;
    ay_tunnel_state s;
    ay_tunnel *t;
    ay_err err;
    char *out = malloc(SIZE), *in = malloc(SIZE);
    size_t put = 0, got = 0;
    int fd;

    start_both();
    o = usual();
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    fd = dial(t);
    for (size_t i = 0; i < SIZE; i++)
        out[i] = (char)(i * 2654435761u >> 13);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (got < SIZE) {
        struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (put < SIZE ? POLLOUT : 0))};
        ssize_t n;
        CHECK(poll(&p, 1, 60000) == 1);
        if (put < SIZE && (n = send(fd, out + put, SIZE - put, MSG_NOSIGNAL)) > 0)
            put += (size_t)n;
        if ((n = recv(fd, in + got, SIZE - got, 0)) > 0)
            got += (size_t)n;
        CHECK(n != 0);
    }
    CHECK(memcmp(in, out, SIZE) == 0);
    /* the end travels too, one half at a time */
    fcntl(fd, F_SETFL, 0);
    shutdown(fd, SHUT_WR);
    CHECK(recv(fd, in, SIZE, 0) == 0);
    close(fd);
    for (int i = 0; i < 1000 && (ay_tunnel_look(t, &s), s.connections); i++)
        usleep(10000);
    CHECK(s.up && s.carried == 1 && s.connections == 0 && s.refused == 0 && s.lines == 1);
    ay_tunnel_close(t);
    end_both();
    free(in);
    free(out);
}

static void many_at_once_and_more_wait(void)
{
    enum { N = AY_TUNNEL_CONNECTIONS + 4 };
    ay_tunnel_options o;
    ay_tunnel *t;
    ay_err err;
    int fd[N];
    char text[32];

    start_both();
    o = usual();
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    for (int i = 0; i < N; i++)
        fd[i] = dial(t);
    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++) {
        snprintf(text, sizeof text, "connection %d", i);
        CHECK(answers(fd[i], text));
    }
    for (int i = 0; i < AY_TUNNEL_CONNECTIONS; i++)
        close(fd[i]);
    for (int i = AY_TUNNEL_CONNECTIONS; i < N; i++) {
        CHECK(answers(fd[i], "and this one"));
        close(fd[i]);
    }
    ay_tunnel_close(t);
    end_both();
}

/* A reader that does not read holds up nobody but itself. */
static void slow_reader_stops_nobody(void)
{
    ay_tunnel_options o;
    ay_tunnel *t;
    ay_err err;
    int slow, quick;
    char b[65536] = {0};

    start_both();
    o = usual();
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    slow = dial(t);
    fcntl(slow, F_SETFL, O_NONBLOCK);
    for (int quiet = 0; quiet < 20;) /* until nothing goes in any more */
        if (send(slow, b, sizeof b, MSG_NOSIGNAL) > 0)
            quiet = 0;
        else
            quiet++, usleep(10000);
    quick = dial(t);
    CHECK(answers(quick, "still there?"));
    close(slow);
    CHECK(answers(quick, "and now?"));
    close(quick);
    ay_tunnel_close(t);
    end_both();
}

static ay_status open_with(const ay_tunnel_options *o, ay_err *err)
{
    ay_tunnel *t = NULL;
    ay_status status = ay_tunnel_open(&t, o, NULL, err);

    CHECK((t != NULL) == (status == AY_OK));
    ay_tunnel_close(t);
    return status;
}

static void write_known(const char *path, const char *host, int port, ssh_key key)
{
    FILE *f = fopen(path, "w");
    char *text = NULL;

    CHECK(f && ssh_pki_export_pubkey_base64(key, &text) == SSH_OK);
    fprintf(f, "[%s]:%d %s %s\n", host, port, ssh_key_type_to_char(ssh_key_type(key)), text);
    fclose(f);
    ssh_string_free_char(text);
}

static void host_key_is_checked(void)
{
    char known[] = "/tmp/assay-tunnel-known-XXXXXX", list[200];
    ay_tunnel_options o;
    ssh_key other;
    ay_err err;

    start_both();
    o = usual();
    CHECK(ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &other) == SSH_OK);
    close(mkstemp(known));

    o.fingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    CHECK(open_with(&o, &err) == AY_ECONFLICT && strstr(err.msg, fingerprint) && strstr(err.msg, "SOMEBODY"));
    snprintf(list, sizeof list, "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, %s", fingerprint + strlen("SHA256:"));
    o.fingerprint = list;
    CHECK_OK(open_with(&o, &err), err);

    o.fingerprint = NULL;
    o.known_hosts = known;
    CHECK(open_with(&o, &err) == AY_ENOTFOUND && strstr(err.msg, fingerprint) && strstr(err.msg, "ssh-keyscan") &&
          strstr(err.msg, known));
    write_known(known, "127.0.0.1", server.port, server.host_key);
    CHECK_OK(open_with(&o, &err), err);
    write_known(known, "127.0.0.1", server.port, other);
    CHECK(open_with(&o, &err) == AY_ECONFLICT && strstr(err.msg, "HAS CHANGED") && strstr(err.msg, fingerprint));
    CHECK(atomic_load(&server.logins) == 2); /* nobody else was told the password */

    unlink(known);
    ssh_key_free(other);
    end_both();
}

static void passwords(void)
{
    ay_tunnel_options o;
    ay_err err;

    start_both();
    o = usual();
    o.password = "open sesame";
    CHECK(open_with(&o, &err) == AY_ECONFLICT && strstr(err.msg, "does not let plant in") && !strstr(err.msg, "open sesame"));
    o.password = NULL;
    CHECK(open_with(&o, &err) == AY_EINVAL);
    o.password = "sesame";
    o.user = "somebody";
    CHECK(open_with(&o, &err) == AY_ECONFLICT);
    o.user = "plant";
    server.interactive = true; /* another way to ask for the same */
    CHECK_OK(open_with(&o, &err), err);
    o.password = "another";
    CHECK(open_with(&o, &err) == AY_ECONFLICT && strstr(err.msg, "keyboard-interactive"));
    end_both();
}

static void keys(void)
{
    char plain[] = "/tmp/assay-tunnel-key-XXXXXX", locked[] = "/tmp/assay-tunnel-key-XXXXXX";
    ay_tunnel_options o;
    ssh_key key;
    ay_err err;

    start_both();
    o = usual();
    CHECK(ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK);
    server.user_key = &key;
    close(mkstemp(plain));
    close(mkstemp(locked));
    CHECK(ssh_pki_export_privkey_file(key, NULL, NULL, NULL, plain) == SSH_OK);
    CHECK(ssh_pki_export_privkey_file(key, "a phrase", NULL, NULL, locked) == SSH_OK);
    o.password = NULL;
    o.key_file = plain;
    CHECK_OK(open_with(&o, &err), err);
    o.key_file = locked;
    CHECK(open_with(&o, &err) == AY_EINVAL && strstr(err.msg, "passphrase"));
    o.passphrase = "another phrase";
    CHECK(open_with(&o, &err) == AY_EINVAL && strstr(err.msg, "passphrase"));
    o.passphrase = "a phrase";
    CHECK_OK(open_with(&o, &err), err);
    o.key_file = "/nonexistent/key";
    CHECK(open_with(&o, &err) == AY_EIO && strstr(err.msg, "/nonexistent/key"));
    ssh_key_free(key);
    CHECK(ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK); /* the server knows another one now */
    o.key_file = plain;
    CHECK(open_with(&o, &err) == AY_ECONFLICT && strstr(err.msg, "key"));
    o.password = "sesame"; /* then the password decides */
    CHECK_OK(open_with(&o, &err), err);
    unlink(plain);
    unlink(locked);
    end_both();
    ssh_key_free(key);
}

static void nonsense_is_refused(void)
{
    ay_tunnel_options o = {.host = "h", .user = "u", .password = "p", .to_host = "d"};
    ay_err err;

    CHECK(open_with(&o, &err) == AY_EINVAL && strstr(err.msg, "1 to 65535"));
    o.to_port = 5432;
    o.host = "";
    CHECK(open_with(&o, &err) == AY_EINVAL);
    o.host = "127.0.0.1";
    o.port = 1; /* nobody there */
    CHECK(open_with(&o, &err) == AY_EIO && strstr(err.msg, "cannot be reached"));
    o.host = "no-such-host.invalid";
    CHECK(open_with(&o, &err) == AY_EIO && strstr(err.msg, "no-such-host.invalid"));
}

static void far_end_refuses(void)
{
    ay_tunnel_options o;
    ay_tunnel_state s;
    ay_tunnel *t;
    ay_err err;
    char c;
    int fd;

    start_both();
    o = usual();
    o.to_port = 1;
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    fd = dial(t);
    CHECK(recv(fd, &c, 1, 0) <= 0);
    close(fd);
    ay_tunnel_look(t, &s);
    for (int i = 0; i < 1000 && !s.refused; i++)
        usleep(10000), ay_tunnel_look(t, &s);
    CHECK(s.up && s.refused == 1 && strstr(s.why, "127.0.0.1:1 does not answer"));
    ay_tunnel_close(t);
    end_both();
}

static void cut_line_comes_back(void)
{
    ay_tunnel_options o;
    ay_tunnel *t;
    ay_err err;
    char c;
    int fd, port;

    start_both();
    o = usual();
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    fd = dial(t);
    CHECK(answers(fd, "before"));
    port = server.port;
    ssh_test_end(&server);
    CHECK(recv(fd, &c, 1, 0) <= 0); /* what was carried ends */
    close(fd);
    CHECK(wait_down(t, "cannot be reached"));
    fd = dial(t); /* waits in the meantime */
    ssh_test_start(&server, port);
    CHECK(answers(fd, "after"));
    close(fd);
    CHECK(wait_up(t, 2));
    ay_tunnel_close(t);
    end_both();
}

static void changed_key_is_refused_when_the_line_comes_back(void)
{
    ay_tunnel_options o;
    ay_tunnel *t;
    ay_err err;
    int port, logins;

    start_both();
    o = usual();
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    port = server.port;
    ssh_test_end(&server);
    ssh_test_forget(&server);
    logins = atomic_load(&server.logins);
    ssh_test_start(&server, port);
    CHECK(wait_down(t, "SOMEBODY MAY STAND BETWEEN"));
    CHECK(atomic_load(&server.logins) == logins);
    ay_tunnel_close(t);
    end_both();
}

static void frozen_server_is_given_up(void)
{
    ay_tunnel_options o;
    ay_tunnel_state s;
    ay_tunnel *t;
    ay_err err;
    char c;
    int fd;

    start_both();
    o = usual();
    o.keepalive_ms = 300;
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    fd = dial(t);
    CHECK(answers(fd, "before"));
    usleep(2500000); /* more than three keep-alives in which nobody says a word but the two of them */
    ay_tunnel_look(t, &s);
    CHECK(s.up && s.lines == 1 && s.connections == 1);
    CHECK(answers(fd, "a quiet line is not a dead one"));
    atomic_store(&server.freeze, true);
    CHECK(recv(fd, &c, 1, 0) <= 0); /* the kernel at the other end still takes every byte */
    close(fd);
    atomic_store(&server.freeze, false);
    CHECK(wait_up(t, 2));
    ay_tunnel_close(t);
    end_both();
}

static atomic_bool cancel;

static void *cancel_soon(void *arg)
{
    (void)arg;
    usleep(300000);
    atomic_store(&cancel, true);
    return NULL;
}

static void silent_server_has_a_limit(void)
{
    ay_tunnel_options o;
    ay_tunnel *t = NULL;
    pthread_t thread;
    uint64_t began;
    ay_err err;

    memset(&server, 0, sizeof server);
    server.mute = true;
    ssh_test_start(&server, 0);
    echo_start(&echo);
    o = usual();
    o.fingerprint = "SHA256:x";
    o.connect_ms = 400;
    began = ay_clock_mono();
    CHECK(open_with(&o, &err) == AY_EIO && strstr(err.msg, "did not answer within 400 ms"));
    CHECK(ay_clock_mono() - began >= 400 * 1000000ull);
    o.connect_ms = 600000;
    pthread_create(&thread, NULL, cancel_soon, NULL);
    CHECK(ay_tunnel_open(&t, &o, &cancel, &err) == AY_ECANCELLED && !t);
    pthread_join(thread, NULL);
    end_both();
}

/* Bug 47 of the system that was replaced: its tunnel was never closed, and "opened" after three seconds of sleep. */
static void bug_47_nothing_is_left_open(void)
{
    ay_tunnel_options o;
    ay_tunnel *t;
    ay_err err;
    int files, threads, fd, port;

    start_both();
    threads = entries("/proc/self/task");
    o = usual();
    CHECK_OK(open_with(&o, &err), err); /* whatever a library opens once */
    while (atomic_load(&server.sessions))
        usleep(1000);
    files = entries("/proc/self/fd");
    for (int i = 0; i < 5; i++) {
        CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
        port = ay_tunnel_port(t);
        fd = dial(t);
        CHECK(answers(fd, "at once, without any sleep"));
        if (i % 2)
            close(fd); /* otherwise in the middle of a connection */
        ay_tunnel_close(t);
        if (i % 2 == 0)
            close(fd);
        CHECK(ssh_test_dial("127.0.0.1", port) < 0);
    }
    o.password = "wrong";
    CHECK(open_with(&o, &err) == AY_ECONFLICT);
    o.fingerprint = "SHA256:wrong";
    CHECK(open_with(&o, &err) == AY_ECONFLICT);
    o.port = echo.port; /* somebody who speaks, but no SSH */
    o.connect_ms = 3000;
    CHECK(open_with(&o, &err) == AY_EIO);
    for (int i = 0; i < 3000 && (atomic_load(&server.sessions) || atomic_load(&echo.open)); i++)
        usleep(10000);
    for (int i = 0; i < 20000 && (entries("/proc/self/fd") != files || entries("/proc/self/task") > threads); i++)
        usleep(1000); /* threads of the servers leave after their last word */
    CHECK(entries("/proc/self/fd") == files);
    CHECK(entries("/proc/self/task") <= threads);
    end_both();
}

static void closing_while_the_line_is_down(void)
{
    ay_tunnel_options o;
    ay_tunnel *t;
    ay_err err;

    start_both();
    o = usual();
    CHECK_OK(ay_tunnel_open(&t, &o, NULL, &err), err);
    ssh_test_end(&server);
    CHECK(wait_down(t, "cannot be reached"));
    ay_tunnel_close(t); /* not after the pause between two attempts, but now */
    ssh_test_forget(&server);
    echo_end(&echo);
}

TESTS({"carries both ways", carries_both_ways}, {"many at once, and more wait", many_at_once_and_more_wait},
      {"a slow reader stops nobody", slow_reader_stops_nobody}, {"the host key is checked", host_key_is_checked},
      {"passwords", passwords}, {"keys", keys}, {"nonsense is refused", nonsense_is_refused},
      {"the far end refuses", far_end_refuses}, {"a cut line comes back", cut_line_comes_back},
      {"a changed key is refused when the line comes back", changed_key_is_refused_when_the_line_comes_back},
      {"a frozen server is given up", frozen_server_is_given_up}, {"a silent server has a limit", silent_server_has_a_limit},
      {"bug 47: nothing is left open", bug_47_nothing_is_left_open},
      {"closing while the line is down", closing_while_the_line_is_down})
