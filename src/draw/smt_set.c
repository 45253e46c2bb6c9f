/* A whole set: which places there are, how pictures are called, what is written beside them. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/thread.h"
#include "draw/smt_paint.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Names of products and components contain "_", as real ones do: who splits a name at it is wrong. */
static const ay_smt_place places[] = {
    {"HX26", "R12", 1, AY_SMT_RESISTOR, AY_SMT_UP},
    {"HX26", "D5", 3, AY_SMT_DIODE, AY_SMT_RIGHT},
    {"HX26", "Q3", 4, AY_SMT_TRANSISTOR, AY_SMT_DOWN},
    {"HX26", "U6_1", 12, AY_SMT_CHIP, AY_SMT_UP},
    {"HX26", "C7", 7, AY_SMT_ELECTROLYTIC, AY_SMT_LEFT},
    {"PSU_24V", "LED1", 2, AY_SMT_LED, AY_SMT_LEFT},
    {"PSU_24V", "J4_A", 5, AY_SMT_CONNECTOR, AY_SMT_DOWN},
    {"PSU_24V", "TC9", 9, AY_SMT_TANTALUM, AY_SMT_RIGHT},
};
enum { PLACES = sizeof places / sizeof *places, FIRST_SECOND = 1772438400 /* 2026-03-02 08:00 UTC */ };

int ay_smt_place_count(void)
{
    return PLACES;
}

const ay_smt_place *ay_smt_place_at(int i)
{
    return i >= 0 && i < PLACES ? &places[i] : NULL;
}

const char *ay_smt_fault_name(ay_smt_fault f)
{
    static const char *const name[] = {"good",       "turned 90", "turned 180", "turned 270", "missing",
                                       "other part", "shifted",   "tombstone",  "bridge"};

    return f < AY_SMT_FAULTS ? name[f] : "";
}

const char *ay_smt_light_name(ay_smt_light l)
{
    return l == AY_SMT_SIDE ? "side" : "top";
}

const char *ay_smt_orientation_name(ay_smt_orientation o)
{
    static const char *const name[] = {"Up", "Right", "Down", "Left"};

    return name[o & 3];
}

bool ay_smt_can(ay_smt_package p, ay_smt_fault f)
{
    if (f == AY_SMT_TOMBSTONE)
        return ay_smt_kind_of(p)->stands;
    if (p == AY_SMT_CERAMIC) /* looks the same when turned */
        return f < AY_SMT_TURNED_90 || f > AY_SMT_TURNED_270;
    return f < AY_SMT_FAULTS;
}

static void stamp(uint32_t board, char dst[32])
{
    time_t t = FIRST_SECOND + (time_t)board * 137;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(dst, 32, "%Y%m%d%H%M%S", &tm);
}

void ay_smt_name(const ay_smt_shot *shot, char dst[128])
{
    const ay_smt_place *p = &places[shot->place];
    char when[32];

    stamp(shot->board, when);
    snprintf(dst, 128, "%s_%s_%05u@%s_%d_%s.jpg", when, p->product[0] == 'H' ? "HX-26" : "P24", shot->board,
             p->component, p->component_id, ay_smt_light_name(shot->light));
}

/* ---- writing ----------------------------------------------------------------------------------- */

typedef struct {
    const ay_smt_set *set;
    ay_smt_shot *shots;
    int n, size, quality;
    _Atomic int next, failed;
    ay_err err;
} task;

static bool wanted(const ay_smt_set *set, int place)
{
    return !set->places || set->places >> place & 1;
}

/* The k-th fault of those that can happen to it; every kind comes before one comes again. */
static ay_smt_fault fault_of(int place, int k)
{
    int kinds = 0;

    for (int f = AY_SMT_GOOD + 1; f < AY_SMT_FAULTS; f++)
        kinds += ay_smt_can(places[place].package, (ay_smt_fault)f);
    k = (k + place * 3) % kinds;
    for (int f = AY_SMT_GOOD + 1;; f++)
        if (ay_smt_can(places[place].package, (ay_smt_fault)f) && k-- == 0)
            return (ay_smt_fault)f;
}

static ay_status list(task *t, int faulty, ay_err *err)
{
    int boards = t->set->boards + faulty;

    if (!(t->shots = ay_calloc((size_t)boards * PLACES * AY_SMT_LIGHTS, sizeof *t->shots)))
        return ay_fail(err, AY_ENOMEM, "drawing %d boards", boards);
    for (int b = 0; b < boards; b++)
        for (int place = 0; place < PLACES; place++)
            for (int light = 0; light < AY_SMT_LIGHTS && wanted(t->set, place); light++)
                t->shots[t->n++] = (ay_smt_shot){
                    .place = place,
                    .light = (ay_smt_light)light,
                    .board = t->set->from + (uint32_t)b,
                    .fault = b < t->set->boards ? AY_SMT_GOOD : fault_of(place, b - t->set->boards)};
    return AY_OK;
}

static ay_status one(const task *t, const ay_smt_shot *shot, ay_err *err)
{
    char path[4096], name[128];
    ay_image im;
    ay_buf b = {0};
    ay_status status = ay_smt_picture(shot, t->set->seed, t->size, t->size, &im, err);
    FILE *f;
    bool ok;

    if (status != AY_OK)
        return status;
    status = ay_image_encode_jpeg(&im, t->quality, &b, err);
    ay_image_fini(&im);
    ay_smt_name(shot, name);
    snprintf(path, sizeof path, "%s/%s/%s", t->set->out, shot->fault ? "NG" : "OK", name);
    if (status == AY_OK) {
        f = fopen(path, "wb");
        ok = f && fwrite(b.data, 1, b.len, f) == b.len;
        if (f && fclose(f) != 0)
            ok = false;
        status = ok ? AY_OK : ay_fail(err, AY_EIO, "cannot write %s", path);
    }
    ay_buf_fini(&b);
    return status;
}

static void work(void *ctx, int part, int parts)
{
    task *t = ctx;
    ay_err err;
    (void)part, (void)parts;

    for (int i; (i = t->next++) < t->n && !t->failed;)
        if (one(t, &t->shots[i], &err) != AY_OK && !t->failed++)
            t->err = err;
}

static void plant_csv(const task *t, ay_buf *b)
{
    ay_buf_puts(b, "timestamp,file,product,image_path\n");
    for (int i = 0; i < t->n; i++) {
        char name[128], when[32];
        ay_smt_name(&t->shots[i], name);
        stamp(t->shots[i].board, when);
        ay_buf_printf(b, "%s,%s,%s,%.4s-%.2s-%.2s/%s/%s\n", when, name, places[t->shots[i].place].product, when,
                      when + 4, when + 6, when, name);
    }
}

static void truth_json(const task *t, ay_buf *b)
{
    const char *comma = "";

    ay_buf_printf(b, "{\"seed\": %" PRIu64 ", \"size\": %d,\n \"classes\": {", t->set->seed, t->size);
    for (int p = 0; p < PLACES; p++)
        for (int l = 0; l < AY_SMT_LIGHTS && wanted(t->set, p); l++, comma = ",")
            ay_buf_printf(b,
                          "%s\n  \"%s_%s_%s\": {\"product\": \"%s\", \"component\": \"%s\", \"light\": \"%s\", "
                          "\"package\": \"%s\", \"orientation\": \"%s\"}",
                          comma, places[p].product, places[p].component, ay_smt_light_name((ay_smt_light)l),
                          places[p].product, places[p].component, ay_smt_light_name((ay_smt_light)l),
                          ay_smt_package_name(places[p].package), ay_smt_orientation_name(places[p].orientation));
    ay_buf_puts(b, "},\n \"ng\": {");
    comma = "";
    for (int i = 0; i < t->n; i++) {
        const ay_smt_shot *s = &t->shots[i];
        char name[128];
        if (!s->fault)
            continue;
        ay_smt_name(s, name);
        ay_buf_printf(b, "%s\n  \"%s\": {\"class\": \"%s_%s_%s\", \"fault\": \"%s\"}", comma, name,
                      places[s->place].product, places[s->place].component, ay_smt_light_name(s->light),
                      ay_smt_fault_name(s->fault));
        comma = ",";
    }
    ay_buf_puts(b, "}}\n");
}

static ay_status beside(const task *t, const char *name, void (*fill)(const task *, ay_buf *), ay_err *err)
{
    char path[4096];
    ay_buf b = {0};
    ay_status status;

    fill(t, &b);
    snprintf(path, sizeof path, "%s/%s", t->set->out, name);
    status = b.failed ? ay_fail(err, AY_ENOMEM, "writing %s", path) : ay_file_write(path, b.data, b.len, err);
    ay_buf_fini(&b);
    return status;
}

ay_status ay_smt_write(const ay_smt_set *set, ay_err *err)
{
    int faulty = set->faulty >= 0 ? set->faulty : set->boards / 2 > 8 ? set->boards / 2 : 8;
    int threads = set->threads > 0 ? set->threads : ay_cpu_count();
    task t = {.set = set, .size = set->size ? set->size : 96, .quality = set->quality ? set->quality : 92};
    ay_status status;
    char path[4096];

    if (set->boards < 1 || set->boards > 90000 || faulty > 90000)
        return ay_fail(err, AY_EINVAL, "1 to 90000 boards can be drawn, not %d and %d", set->boards, faulty);
    for (int k = 0; k < 2; k++) {
        snprintf(path, sizeof path, "%s/%s", set->out, k ? "NG" : "OK");
        if ((status = ay_file_mkdirs(path, err)) != AY_OK)
            return status;
    }
    if ((status = list(&t, faulty, err)) != AY_OK)
        return status;
    ay_thread_share("draw", threads < AY_THREAD_PARTS ? threads : AY_THREAD_PARTS, work, &t);
    if (t.failed) {
        if (err)
            *err = t.err;
        status = AY_EIO;
    }
    if (status == AY_OK)
        status = beside(&t, "plant.csv", plant_csv, err);
    if (status == AY_OK)
        status = beside(&t, "truth.json", truth_json, err);
    ay_free(t.shots);
    return status;
}
