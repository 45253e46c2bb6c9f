#include "cmd/progress.h"
#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 30

void ay_progress_start(ay_progress *p, const char *what, long total, int quiet)
{
    *p = (ay_progress){.what = what, .total = total, .quiet = quiet};
    p->started = p->shown = ay_clock_mono();
    p->terminal = isatty(STDERR_FILENO);
}

static void draw_bar(const ay_progress *p, double seconds)
{
    static const char *const part[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double f = p->total > 0 ? (double)p->done / (double)p->total : 0;
    int eighths = (int)(f * WIDTH * 8);

    fprintf(stderr, "\r\033[K%s ", p->what);
    for (int i = 0; i < WIDTH; i++)
        fputs(i < eighths / 8 ? "█" : i == eighths / 8 ? part[eighths % 8] : " ", stderr);
    fprintf(stderr, " %ld/%ld", p->done, p->total);
    if (p->done > 0 && seconds > 0.5) {
        double rate = (double)p->done / seconds;
        fprintf(stderr, "  %.0f/s", rate);
        if (p->total > p->done)
            fprintf(stderr, "  %.0f s left", (double)(p->total - p->done) / rate);
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
    else
        fprintf(stderr, "%s %ld of %ld\n", p->what, done, total);
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
