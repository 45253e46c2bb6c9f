#include "inspect/drift.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_US (24ll * 60 * 60 * 1000000)
enum { LINE_MOST = 1024 };

ay_status ay_drift_init(ay_drift *d, const ay_drift_base *bases, int n, ay_err *err)
{
    *d = (ay_drift){.n = n};
    d->labels = ay_calloc((size_t)n + 1, sizeof *d->labels);
    if (!d->labels)
        return ay_fail(err, AY_ENOMEM, "drift of %d labels", n);
    for (int k = 0; k < n; k++) {
        ay_drift_label *l = &d->labels[k];
        l->base = bases[k];
        l->known = isfinite(bases[k].mean) && isfinite(bases[k].deviation) && bases[k].n >= AY_DRIFT_ENOUGH;
        l->now = NAN;
    }
    return AY_OK;
}

void ay_drift_fini(ay_drift *d)
{
    ay_free(d->labels);
    *d = (ay_drift){0};
}

/* ---- one more -------------------------------------------------------------------------------- */

static int64_t day_of(int64_t us)
{
    return (us >= 0 ? us / DAY_US : -((-us + DAY_US - 1) / DAY_US)) * DAY_US;
}

static void add_window(ay_drift_label *l, int64_t time_us, double x)
{
    int64_t day = day_of(time_us);
    ay_drift_window *w = l->windows ? &l->window[l->windows - 1] : NULL;

    if (!w || w->start < day) {
        if (l->windows == AY_DRIFT_WINDOWS)
            memmove(l->window, l->window + 1, --l->windows * sizeof *l->window);
        w = &l->window[l->windows++];
        *w = (ay_drift_window){.start = day, .least = x};
    }
    w->n++;
    w->mean += (x - w->mean) / (double)w->n;
    w->least = fmin(w->least, x);
}

static void add_sum(ay_drift_label *l, int64_t time_us, double x)
{
    double step = (l->base.mean - x) / fmax(l->base.deviation, AY_DRIFT_LEAST);

    if (l->sum == 0)
        l->rising = time_us;
    l->sum = fmax(0, l->sum + fmin(step, AY_DRIFT_CLIP) - AY_DRIFT_SHIFT);
    if (l->sum > 2 * AY_DRIFT_LIMIT) /* so that it is noticed within reason when the line is mended */
        l->sum = 2 * AY_DRIFT_LIMIT;
    if (l->sum == 0) {
        l->drifting = false;
        l->since = l->noticed = 0;
    } else if (!l->drifting && l->sum >= AY_DRIFT_LIMIT) {
        l->drifting = true;
        l->since = l->rising;
        l->noticed = time_us;
        l->alarms++;
    }
}

void ay_drift_add(ay_drift *d, int label, int64_t time_us, double x)
{
    ay_drift_label *l;

    if (label < 0 || label >= d->n || !isfinite(x) || (d->labels[label].n > 0 && time_us < d->labels[label].last - DAY_US)) {
        d->unknown++;
        return;
    }
    l = &d->labels[label];
    l->now = l->n == 0 ? x : l->now + (x - l->now) * fmax(0.02, 1 / (double)(l->n + 1));
    l->n++;
    l->last = time_us > l->last || l->n == 1 ? time_us : l->last;
    add_window(l, time_us, x);
    if (l->known)
        add_sum(l, time_us, x);
}

void ay_drift_add_named(ay_drift *d, const char *label, int64_t time_us, double x)
{
    int k = 0;

    while (k < d->n && strcmp(d->labels[k].base.label, label) != 0)
        k++;
    ay_drift_add(d, k, time_us, x);
}

/* ---- the file -------------------------------------------------------------------------------- */

ay_status ay_drift_append(const char *path, int64_t time_us, const char *label, double similarity, ay_err *err)
{
    char line[LINE_MOST];
    int n, fd;
    ssize_t done;

    for (const char *c = label; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return ay_fail(err, AY_EINVAL, "a label with a control character");
    n = snprintf(line, sizeof line, "\n%lld %.9g %s\n", (long long)time_us, similarity, label);
    if (n < 0 || (size_t)n >= sizeof line)
        return ay_fail(err, AY_EINVAL, "the label \"%.60s...\" is too long", label);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return ay_fail(err, AY_EIO, "%s: %s", path, strerror(errno));
    done = write(fd, line, (size_t)n); /* a torn line before it ends where this one begins */
    if (close(fd) != 0 || done != n)
        return ay_fail(err, AY_EIO, "%s: %s", path, done < 0 ? strerror(errno) : "the disk is full");
    return AY_OK;
}

/* "time similarity label"; false: it is none. */
static bool add_line(ay_drift *d, char *line)
{
    char *end;
    long long t;
    double x;

    errno = 0;
    t = strtoll(line, &end, 10);
    if (errno || end == line || *end != ' ')
        return false;
    line = end + 1;
    x = strtod(line, &end);
    if (end == line || *end != ' ' || !end[1] || !isfinite(x))
        return false;
    ay_drift_add_named(d, end + 1, t, x);
    return true;
}

ay_status ay_drift_load(ay_drift *d, const char *path, int64_t *torn, ay_err *err)
{
    FILE *f = fopen(path, "re");
    char line[LINE_MOST];
    bool skip = false;
    int64_t bad = 0;

    if (torn)
        *torn = 0;
    if (!f)
        return errno == ENOENT ? AY_OK : ay_fail(err, AY_EIO, "%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, f)) {
        size_t n = strlen(line);
        bool ends = n > 0 && line[n - 1] == '\n';
        if (ends)
            line[n - 1] = '\0';
        if (!skip && (!ends || (line[0] && !add_line(d, line))))
            bad++;
        skip = !ends;
    }
    if (torn)
        *torn = bad;
    bad = ferror(f);
    fclose(f);
    return bad ? ay_fail(err, AY_EIO, "%s cannot be read", path) : AY_OK;
}

/* ---- told ------------------------------------------------------------------------------------ */

static json_t *number_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *time_or_null(int64_t us)
{
    char text[AY_RFC3339_SIZE];

    if (us == 0)
        return json_null();
    ay_clock_rfc3339(text, us);
    return json_string(text);
}

void ay_drift_words(const ay_drift_label *l, char *dst, size_t cap)
{
    char since[AY_RFC3339_SIZE];

    ay_clock_rfc3339(since, l->since);
    if (!l->known)
        snprintf(dst, cap, "drift cannot be told: %lld held-out pictures at training, %d are needed", (long long)l->base.n, AY_DRIFT_ENOUGH);
    else if (l->n == 0)
        snprintf(dst, cap, "no picture yet");
    else if (l->drifting)
        snprintf(dst, cap, "drifting since %s: mean similarity %.3f now, %.3f at training; take a new golden sample or look at camera and "
                 "light", since, l->now, l->base.mean);
    else
        snprintf(dst, cap, "as at training: mean similarity %.3f now, %.3f then", l->now, l->base.mean);
}

static json_t *label_json(const ay_drift_label *l)
{
    json_t *windows = json_array(), *o;
    char text[300];

    for (int i = 0; i < l->windows; i++) {
        char day[AY_RFC3339_SIZE];
        ay_clock_rfc3339(day, l->window[i].start);
        day[10] = '\0';
        json_array_append_new(windows, json_pack("{s:s, s:I, s:f, s:f}", "day", day, "pictures", (json_int_t)l->window[i].n, "mean",
                                                 l->window[i].mean, "least", l->window[i].least));
    }
    ay_drift_words(l, text, sizeof text);
    o = json_pack("{s:s, s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:I, s:o, s:f, s:f, s:I, s:o, s:s}", "label", l->base.label, "pictures",
                  (json_int_t)l->n, "known", l->known, "drifting", l->drifting, "since", time_or_null(l->since), "noticed",
                  time_or_null(l->noticed), "mean_at_training", number_or_null(l->base.mean), "deviation_at_training",
                  number_or_null(l->base.deviation), "pictures_at_training", (json_int_t)l->base.n, "mean_now", number_or_null(l->now),
                  "sum", l->sum, "limit", AY_DRIFT_LIMIT, "alarms", (json_int_t)l->alarms, "windows", windows, "words", text);
    return o;
}

json_t *ay_drift_json(const ay_drift *d)
{
    json_t *out = json_array();

    for (int k = 0; k < d->n; k++)
        json_array_append_new(out, label_json(&d->labels[k]));
    if (json_array_size(out) != (size_t)d->n) {
        json_decref(out);
        return NULL;
    }
    return out;
}
