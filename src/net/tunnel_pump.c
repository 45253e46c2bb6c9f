#include "base/clock.h"
#include "net/tunnel_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A far end that says nothing for so long after the near end has hung up is not waited for. */
static const uint64_t AFTER_END = 60 * 1000000000ull, MS = 1000000;
enum { TURNS = 16 }; /* pieces a step, so that one connection does not starve the others */

ay_status ay_pump_start(ay_pump *p, ssh_session session, ssh_channel channel, int fd, int open_ms)
{
    memset(p, 0, offsetof(ay_pump, in));
    p->fd = fd;
    p->opening = !channel;
    p->channel = channel ? channel : ssh_channel_new(session);
    p->deadline = p->opening ? ay_clock_mono() + (uint64_t)open_ms * MS : 0;
    if (p->channel)
        return AY_OK;
    close(fd);
    p->fd = -1;
    return AY_ENOMEM;
}

void ay_pump_end(ay_pump *p, bool line_alive)
{
    if (p->fd < 0)
        return;
    if (line_alive && !p->opening)
        ssh_channel_close(p->channel);
    ssh_channel_free(p->channel);
    close(p->fd);
    p->fd = -1;
    p->channel = NULL;
    explicit_bzero(p->in, sizeof p->in);
    explicit_bzero(p->out, sizeof p->out);
}

/* False: the far end refused, or took too long. */
static bool open_far(ay_pump *p, const char *host, int port)
{
    int rc = ssh_channel_open_forward(p->channel, host, port, "127.0.0.1", 0);

    if (rc == SSH_OK) {
        p->opening = false;
        p->deadline = 0;
        return true;
    }
    return rc == SSH_AGAIN && ay_clock_mono() < p->deadline;
}

/* Near to far, as far as the window goes.  False: broken. */
static bool move_in(ay_pump *p)
{
    for (int turn = 0; turn < TURNS; turn++) {
        uint32_t window = ssh_channel_window_size(p->channel);
        ssize_t got;
        int put;
        if (p->in_n == 0 && !p->near_eof && window > 0) {
            got = recv(p->fd, p->in, window < sizeof p->in ? window : sizeof p->in, MSG_DONTWAIT);
            if (got < 0 && errno != EAGAIN && errno != EINTR)
                return false;
            p->near_eof = got == 0;
            p->in_at = 0;
            p->in_n = got > 0 ? (size_t)got : 0;
        }
        if (p->in_n == 0)
            break;
        put = ssh_channel_write(p->channel, p->in + p->in_at, (uint32_t)p->in_n);
        if (put < 0)
            return false;
        p->in_at += (size_t)put;
        p->in_n -= (size_t)put;
        if (put == 0)
            return true; /* no window, or keys are exchanged anew */
    }
    if (p->near_eof && p->in_n == 0 && !p->eof_sent) {
        p->eof_sent = true;
        p->deadline = ay_clock_mono() + AFTER_END;
        return ssh_channel_send_eof(p->channel) != SSH_ERROR;
    }
    return true;
}

/* Far to near.  False: broken. */
static bool move_out(ay_pump *p)
{
    for (int turn = 0; turn < TURNS; turn++) {
        ssize_t put;
        if (p->out_n == 0 && !p->far_eof) {
            int got = ssh_channel_read_nonblocking(p->channel, p->out, sizeof p->out, 0);
            if (got == SSH_EOF || (got <= 0 && (ssh_channel_is_eof(p->channel) || ssh_channel_is_closed(p->channel))))
                p->far_eof = true;
            else if (got < 0 && got != SSH_AGAIN)
                return false;
            p->out_at = 0;
            p->out_n = got > 0 ? (size_t)got : 0;
            if (p->eof_sent && got > 0)
                p->deadline = ay_clock_mono() + AFTER_END;
        }
        if (p->out_n == 0)
            break;
        put = send(p->fd, p->out + p->out_at, p->out_n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0)
            return errno == EAGAIN || errno == EINTR;
        p->out_at += (size_t)put;
        p->out_n -= (size_t)put;
    }
    if (p->far_eof && p->out_n == 0 && !p->shut) {
        p->shut = true;
        shutdown(p->fd, SHUT_WR);
    }
    return true;
}

bool ay_pump_step(ay_pump *p, const char *host, int port, bool *refused)
{
    if (p->opening && !open_far(p, host, port)) {
        *refused = true;
        return false;
    }
    if (p->opening)
        return true;
    if (!move_in(p) || !move_out(p))
        return false;
    if (p->shut && (p->eof_sent || ssh_channel_is_closed(p->channel)))
        return false;
    return !p->deadline || ay_clock_mono() < p->deadline;
}

short ay_pump_wants(const ay_pump *p)
{
    short wants = 0;

    if (p->opening)
        return 0;
    if (!p->near_eof && p->in_n == 0 && ssh_channel_window_size(p->channel) > 0)
        wants |= POLLIN;
    if (p->out_n > 0)
        wants |= POLLOUT;
    return wants;
}
