/* net/tunnel.h - a port of this machine that leads through an SSH server to another machine's port.
 *
 * Plant databases stand in networks that only an SSH server can reach.  ay_tunnel_open() connects to that
 * server, makes sure that it is the right one, logs in, and listens on 127.0.0.1 at a port that the kernel
 * chooses; whatever connects there is carried to to_host:to_port as the server sees it.  libssh does the
 * protocol; nothing of ~/.ssh/config is read, so that a tunnel is what its options say.
 *
 * Who the server is.  Either a fingerprint is given, then it decides alone; or a known_hosts file, as ssh
 * keeps it, where lines with a marker (@revoked, @cert-authority) are passed over.  An unknown server is
 * refused, and the message says what to compare and what to write; a server whose key changed is refused.
 * There is no "accept any": whoever sits between would be handed the password.
 *
 * Time.  Connecting (every address of the name, key exchange, login) has one limit together; opening a
 * connection at the far end has one; a line on which nothing arrives for three keep-alives is given up, also
 * where the kernel at the other end still answers.  The look-up of a host's name alone is the system's
 * resolver's, with its own limits.
 *
 *        open                line lost
 *      ------->  up  ------------------------>  down, connections through it are closed
 *                ^                                |
 *                +---- tried again after 0.1, 0.2 ... 5 s, for ever, the key checked each time
 *
 * While it is down the port goes on listening: who connects waits until the line is back, or for as long as
 * he likes.  A failed attempt is no end; ay_tunnel_look() says why the line is down.
 *
 * Invariants.  At most AY_TUNNEL_CONNECTIONS are carried at once, the next ones wait; a connection that is not
 * read keeps at most the window that SSH grants it (some MB).  ay_tunnel_close() joins the thread and
 * closes everything; passwords are wiped from memory then.
 *
 * Any program of this machine can connect to the port while it is there, as with ssh -L: the database behind
 * it must want a password of its own.  A Unix socket in a folder of ours was rejected: not every client takes one.
 *
 * Threads: one tunnel has one thread of its own, the only one that touches its SSH session (libssh's
 * sessions may not be shared).  All functions may be called by any thread, but not after close. */
#ifndef AY_NET_TUNNEL_H
#define AY_NET_TUNNEL_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { AY_TUNNEL_CONNECTIONS = 16 };

typedef struct ay_tunnel ay_tunnel;

/* Strings are copied.  NULL and "" mean "not given". */
typedef struct {
    const char *host;       /* of the SSH server; name, IPv4 or IPv6 */
    int port;               /* 0: 22 */
    const char *user;
    const char *key_file;   /* private key, tried before the password */
    const char *passphrase; /* of the key file */
    const char *password;   /* as itself, or as answer where the server asks by keyboard-interactive */
    const char *fingerprint; /* "SHA256:..." of the host key; several, parted by commas, of which one must fit */
    const char *known_hosts; /* where no fingerprint is given; else ~/.ssh/known_hosts and the system's */
    const char *to_host;    /* as the SSH server calls it */
    int to_port;
    int connect_ms;   /* limit of connecting; 0: 15,000 */
    int open_ms;      /* limit of opening one connection at the far end; 0: 10,000 */
    int keepalive_ms; /* between two signs of life asked for; 0: 10,000 */
} ay_tunnel_options;

typedef struct {
    bool up;
    int connections;     /* carried now */
    int64_t carried;     /* connections since it was opened */
    int64_t refused;     /* connections that the far end did not take */
    int64_t lines;       /* times that a line came up: 1 after opening */
    char why[512];       /* the last failure of the line or of a connection; "" for none yet */
} ay_tunnel_state;

/* Connect and log in, then listen.  cancel may be NULL.
 *   AY_EINVAL     options that make no sense
 *   AY_ENOTFOUND  the host key is not known; what to do stands in the message
 *   AY_ECONFLICT  the host key is another one than is known, or the login was refused
 *   AY_EIO        not to be reached, too slow, or the key file cannot be read
 *   AY_ECANCELLED */
ay_status ay_tunnel_open(ay_tunnel **out, const ay_tunnel_options *options, const atomic_bool *cancel, ay_err *err);
/* The port on 127.0.0.1. */
int ay_tunnel_port(const ay_tunnel *t);
void ay_tunnel_look(ay_tunnel *t, ay_tunnel_state *out);
/* Ends connections, thread, session; NULL is fine. */
void ay_tunnel_close(ay_tunnel *t);

#endif
