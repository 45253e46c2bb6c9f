/* net/tunnel_parts.h - what the files of net/tunnel share.
 *
 *     tunnel_link.c   one SSH session: address, host key, login
 *     tunnel_pump.c   one connection through it: bytes both ways
 *     tunnel.c        the thread that serves the port, and connects again
 *
 * Sessions are in non-blocking mode throughout: libssh's own waiting knows neither our limits nor cancel. */
#ifndef AY_NET_TUNNEL_PARTS_H
#define AY_NET_TUNNEL_PARTS_H

#include "net/tunnel.h"

#include <libssh/libssh.h>
#include <libssh/server.h> /* ssh_send_keepalive() */
#include <poll.h>
#include <stddef.h>

/* ---- tunnel_link.c */

typedef struct {
    ssh_session session;
    ssh_event event; /* holds the session alone: what processes packets that belong to no channel */
    int fd;          /* the session's, which closes it */
    struct ssh_counter_struct bytes; /* on the wire, counted by libssh */
} ay_link;

/* A logged-in session to the right server.  stop may be NULL. */
ay_status ay_link_open(ay_link *l, const ay_tunnel_options *o, const atomic_bool *stop, ay_err *err);
void ay_link_close(ay_link *l); /* also of one that is zeroed */
/* What poll() should look for; only ever POLLIN and POLLOUT. */
short ay_link_wants(const ay_link *l);

/* ---- tunnel_pump.c */

enum { AY_PUMP_PIECE = 16384 };

typedef struct {
    ssh_channel channel;
    int fd; /* of the near end; -1: this place is free */
    bool opening;
    bool near_eof, eof_sent, far_eof, shut; /* each half ends by itself */
    uint64_t deadline; /* of opening, or of a far end that does not answer our end; 0: none */
    size_t in_at, in_n, out_at, out_n;
    char in[AY_PUMP_PIECE], out[AY_PUMP_PIECE]; /* near to far, far to near */
} ay_pump;

/* Take fd, which is closed with the pump also when this fails.  channel NULL: one is opened to host:port. */
ay_status ay_pump_start(ay_pump *p, ssh_session session, ssh_channel channel, int fd, int open_ms);
/* Move what can be moved.  False: over.  *refused: the far end did not take it.  host, port: for opening. */
bool ay_pump_step(ay_pump *p, const char *host, int port, bool *refused);
/* What poll() should look for; 0: nothing, not even the other side's end. */
short ay_pump_wants(const ay_pump *p);
void ay_pump_end(ay_pump *p, bool line_alive);

#endif
