#include "cmd/progress.h"
#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 30

void ay_progress_start(ay_progress *p, const char *what, long total, int quiet)
{
    *p = (ay_progress){.what = what, .total = total, .quiet = quiet};
    p->started = p->shown = ay_clock_mono();
    p->terminal = isatty(STDERR_FILENO);
}

static void put_amount(const char *before, int bytes, long n)
{
    char text[40];

    if (bytes)
        ay_size_text(text, sizeof text, (unsigned long long)n);
    else
        snprintf(text, sizeof text, "%ld", n);
    fprintf(stderr, "%s%s", before, text);
}

static void put_time(double seconds)
{
    if (seconds < 100)
        fprintf(stderr, "  %.0f s left", seconds);
    else
        fprintf(stderr, "  %.0f min left", seconds / 60);
}

static void draw_bar(const ay_progress *p, double seconds)
{
    static const char *const part[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double f = p->total > 0 ? (double)p->done / (double)p->total : 0;
    int eighths = (int)(f * WIDTH * 8);

    fprintf(stderr, "\r\033[K%s ", p->what);
    for (int i = 0; i < WIDTH; i++)
        fputs(i < eighths / 8 ? "█" : i == eighths / 8 ? part[eighths % 8] : " ", stderr);
    put_amount(" ", p->bytes, p->done);
    put_amount("/", p->bytes, p->total);
    if (p->done > p->from && seconds > 0.5) {
        double rate = (double)(p->done - p->from) / seconds;
        put_amount("  ", p->bytes, (long)rate);
        fputs("/s", stderr);
        if (p->total > p->done)
            put_time((double)(p->total - p->done) / rate);
    }
    fflush(stderr);
}

void ay_progress_step(ay_progress *p, long done, long total)
{
    uint64_t now = ay_clock_mono(), pause = p->terminal ? 100000000u : 10000000000u;

    p->done = done;
    p->total = total;
    if (p->quiet || now - p->shown < pause)
        return;
    p->shown = now;
    if (p->terminal)
        draw_bar(p, (double)(now - p->started) * 1e-9);
    else {
        fputs(p->what, stderr);
        put_amount(" ", p->bytes, done);
        put_amount(" of ", p->bytes, total);
        fputc('\n', stderr);
    }
}

void ay_progress_from(ay_progress *p, long done)
{
    p->from = done;
    p->started = ay_clock_mono();
}

void ay_progress_hide(ay_progress *p)
{
    if (p->terminal && !p->quiet) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

void ay_progress_end(ay_progress *p)
{
    ay_progress_hide(p);
}

void ay_progress_files(void *ctx, size_t done, size_t n)
{
    ay_progress *p = ctx;

    p->total = (long)n;
    ay_progress_step(p, (long)done, (long)n);
}

void ay_progress_left_out(void *ctx, const char *line)
{
    ay_progress_hide(ctx);
    fprintf(stderr, "left out: %s\n", line);
}
