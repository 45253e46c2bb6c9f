/* cmd/cmd_serve.c - "assay serve" and "assay demo": the web application until SIGTERM or Ctrl-C.
 *
 * Signals are blocked everywhere and taken here with sigwait(), so that nothing runs inside a signal
 * handler.  The first signal drains; a second one ends the wait at once. */
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/demo.h"
#include "cmd/session.h"
#include "http/qr.h"
#include "http/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_MS 20000
#define SERVE_SETTINGS "bind port http-port lan cors " AY_SESSION_SETTINGS

static const ay_option serve_options[] = {
    {"allow-host", 0, "NAMES", "host names that browsers may use for this server, comma-separated"},
    {"cert", 0, "FILE", "own certificate (PEM), with --key"},
    {"key", 0, "FILE", "own private key (PEM)"},
    {"behind-proxy", 0, NULL, "a TLS proxy is in front: treat requests as secure"},
    {"folders", 0, "DIRS", "folders that imports, watches and trainings may read, ':' between them"},
    {"train-folders", 0, "DIRS", "folders that a training may be asked to read, ':' between them"},
    {"inspect-folders", 0, "DIRS", "folders that an inspection training may read, and write to when asked, ':' between them"},
    {"inspect-config", 0, "FILE", "settings of inspection trainings, or a file that names them and the plant's database"},
    {0},
};
static const ay_usage serve_usage = {
    "serve [OPTION ...]",
    "Serve the scanner's page and the HTTP interface. With --lan over HTTPS, for phones.\n"
    "SIGTERM or Ctrl-C finishes what was accepted, then ends.",
    serve_options,
    SERVE_SETTINGS,
};
static const ay_option demo_options[] = {
    {"pictures", 'n', "N", "pictures drawn for each class (32)"},
    {0},
};
static const ay_usage demo_usage = {
    "demo [OPTION ...]",
    "Serve at once, and fill the data set \"demo\" with drawn parts meanwhile, unless it is there.\n"
    "Ended early, it goes on where it stopped at the next start.",
    demo_options,
    SERVE_SETTINGS,
};

static void print_addresses(const ay_server *server, const ay_session *s)
{
    char phone[300], finger[128];
    ay_buf urls = {0};

    ay_server_urls(server, &urls);
    printf("\n  Assay %s is ready. Open:\n\n", AY_VERSION);
    for (char *line = urls.data; line && *line;) {
        size_t n = strcspn(line, "\n");
        printf("    %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    ay_buf_fini(&urls);
    ay_server_phone_url(server, phone, sizeof phone);
    if (ay_server_secure(server) && *phone) {
        ay_buf qr = {0};
        ay_err err;
        printf("\n  On a phone in the same network, scan this:\n\n");
        if (ay_qr_text(phone, true, &qr, &err) == AY_OK)
            fputs(qr.data, stdout);
        ay_buf_fini(&qr);
        ay_server_fingerprint(server, finger, sizeof finger);
        if (*finger)
            printf("\n  The phone will ask about this certificate authority (SHA-256):\n  %s\n", finger);
    } else if (!ay_server_secure(server)) {
        printf("\n  For phones: assay serve --lan\n");
    }
    printf("\n  Data: %s\n  Stop: Ctrl-C\n\n", s->data);
    fflush(stdout);
}

static void wait_for_signal(void)
{
    sigset_t set;
    int got;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &got);
    ay_log(AY_LOG_INFO, "serve", "%s: finishing what was accepted",
           got == SIGINT ? "Ctrl-C" : "SIGTERM");
    /* A second signal gets its default action: the end, at once. */
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* Blocked before any thread exists, so that every thread inherits it, those of libraries too. */
static void block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* pictures: of each class of the demonstration; 0: no demonstration. */
static ay_status serve(ay_session *s, const ay_args *a, ay_server_options *o, int pictures,
                       ay_err *err)
{
    const ay_config *c = &a->config;
    const char *bind = ay_config_text(c, "bind"), *cors = ay_config_text(c, "cors");
    char tls_dir[4200];
    ay_demo *demo = NULL;
    ay_server *server;
    ay_status status;

    snprintf(tls_dir, sizeof tls_dir, "%s/tls", s->data);
    o->service = s->service;
    o->door = s->data;
    o->lan = ay_config_bool(c, "lan");
    o->bind = o->lan && strcmp(bind, "127.0.0.1") == 0 ? NULL : bind;
    o->port = (int)ay_config_int(c, "port");
    o->plain_port = (int)ay_config_int(c, "http-port");
    o->tls_dir = tls_dir;
    o->cors = *cors ? cors : NULL;
    o->max_file = ay_config_size(c, "max-upload");
    o->max_pixels = ay_config_size(c, "max-pixels");
    o->max_queue = (int)ay_config_int(c, "max-queue");
    status = ay_server_start(&server, o, err);
    if (status != AY_OK)
        return status;
    if (pictures > 0)
        status = ay_demo_start(&demo, s->service, pictures, err);
    if (status == AY_OK) {
        print_addresses(server, s);
        wait_for_signal();
        status = ay_server_stop(server, DRAIN_MS, err);
    } else {
        ay_server_stop(server, DRAIN_MS, &(ay_err){{0}});
    }
    ay_demo_stop(demo);
    return status;
}

static int serve_command(const ay_usage *usage, int argc, char **argv, bool demo)
{
    ay_server_options o = {0};
    ay_session session = {0};
    ay_args a;
    ay_err err;
    long pictures = demo ? 32 : 0;
    int rc = ay_args_parse(&a, usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest > 0) {
        rc = ay_args_wrong(&a, "%s: '%s' is one word too many", argv[0], a.rest[0]);
        goto out;
    }
    if (demo && ay_args_get(&a, "pictures") && !ay_args_number(&a, "pictures", 1, 1000, &pictures)) {
        rc = AY_EXIT_USAGE;
        goto out;
    }
    if (!demo) {
        o.allow_hosts = ay_args_get(&a, "allow-host");
        o.cert_file = ay_args_get(&a, "cert");
        o.key_file = ay_args_get(&a, "key");
        o.behind_proxy = ay_args_get(&a, "behind-proxy") != NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error to be told, as a full disk */
    block_signals();
    rc = AY_EXIT_OK;
    if (ay_session_serve(&session, &a,
                         &(ay_session_folders){demo ? NULL : ay_args_get(&a, "train-folders"), demo ? NULL : ay_args_get(&a, "folders"),
                                               demo ? NULL : ay_args_get(&a, "inspect-folders"), demo ? NULL : ay_args_get(&a, "inspect-config")},
                         &err) != AY_OK ||
        serve(&session, &a, &o, (int)pictures, &err) != AY_OK)
        rc = ay_cmd_fail(&err);
out:
    ay_session_close(&session);
    ay_args_fini(&a);
    return rc;
}

int ay_cmd_serve(int argc, char **argv)
{
    return serve_command(&serve_usage, argc, argv, false);
}

int ay_cmd_demo(int argc, char **argv)
{
    return serve_command(&demo_usage, argc, argv, true);
}
