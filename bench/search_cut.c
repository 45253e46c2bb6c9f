/* bench/search_cut.c - a search by words or by a picture: how long it takes, and whether its cut-off is right.
 *
 *   search_cut vectors [N]      N (100,000) drawn vectors with groups planted among them
 *   search_cut pictures FOLDER OTHER [normal]
 *                               real pictures, one sub-folder a class, with the embedded encoder and its words;
 *                               OTHER: where the questions of another kind come from.  normal: nothing is
 *                               learnt, chances are those of a normal distribution
 *
 * Each question is asked twice: with its class there, and with the class taken out, so that nothing should be
 * found.  "found": questions with a match that have an answer; "right": share of an answer that is of the class;
 * "recall": share of the class that is in the answer; "alarm": questions without a match that have an answer;
 * "far": the same for questions of another kind altogether. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "engine/words.h"
#include "service/find/question.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST = 1 << 20, ANSWER = 200, DIM = 256, ASKED = 400 };
static ay_err err = {{0}};

static void ok(ay_status status)
{
    if (status != AY_OK) {
        fprintf(stderr, "search_cut: %s\n", err.msg);
        exit(1);
    }
}

/* ---- figures */

typedef struct {
    int asked, found, alarms, taken, far, far_alarms, rights;
    double right, recall, ms[8 * ASKED];
    int times;
} figures;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print(const char *name, figures *f)
{
    qsort(f->ms, (size_t)f->times, sizeof *f->ms, by_size);
    printf("%-22s asked %3d  found %.2f  right %.2f  recall %.2f | alarm %.2f  far %.2f | p50 %.2f ms  p99 %.2f ms\n",
           name, f->asked, (double)f->found / f->asked, f->rights ? f->right / f->rights : 0,
           f->recall / f->asked, f->taken ? (double)f->alarms / f->taken : 0,
           f->far ? (double)f->far_alarms / f->far : 0, f->ms[f->times / 2], f->ms[f->times * 99 / 100]);
}

static int ask(figures *f, const ay_shelf *s, const uint8_t *include, const ay_ranking_query *q, ay_ranked *items)
{
    ay_ranking_options o = {.kind = AY_CUT_AUTO, .most = ANSWER};
    uint64_t begun = ay_clock_mono();
    ay_ranking r;

    ok(ay_ranking_make(s, include, q, &o, items, &r, &err));
    if (f->times < 8 * ASKED)
        f->ms[f->times++] = (double)(ay_clock_mono() - begun) / 1e6;
    return r.n;
}

/* A question about class `klass`, with it and without; klass -1: of another kind. */
static void judge(figures *f, const ay_shelf *s, const int *label, int klass, size_t self, const ay_ranking_query *q)
{
    static ay_ranked items[ANSWER];
    static uint8_t include[MOST];
    int of_class = 0, right = 0, n;

    for (size_t i = 0; i < s->n; i++) {
        include[i] = i != self;
        of_class += i != self && label[i] == klass;
    }
    n = ask(f, s, include, q, items);
    if (klass < 0) {
        f->far++;
        f->far_alarms += n > 0;
        return;
    }
    for (int i = 0; i < n; i++)
        right += label[items[i].row] == klass;
    f->asked++;
    f->found += n > 0;
    f->right += n ? (double)right / n : 0;
    f->rights += n > 0;
    f->recall += (double)right / (of_class < ANSWER ? of_class : ANSWER);
    for (size_t i = 0; i < s->n; i++)
        include[i] = include[i] && label[i] != klass;
    f->taken++;
    f->alarms += ask(f, s, include, q, items) > 0;
}

/* ---- drawn vectors: what all have in common, a group's own direction, and chance */

static void draw(ay_rng *rng, float *v, const float *common, double c, const float *own, double g, double noise)
{
    for (int d = 0; d < DIM; d++)
        v[d] = (float)(c * (double)common[d] + g * (double)(own ? own[d] : 0) + noise * ay_rng_normal(rng));
    ay_unit(v, v, DIM);
}

static void vectors(size_t n)
{
    enum { EACH = 20 };
    int groups = (int)(n / 5 / EACH);
    float *rows = ay_alloc(n, DIM * sizeof *rows), *own = ay_alloc(groups, DIM * sizeof *own), *bank;
    int *label = ay_alloc(n, sizeof *label), nbank = ay_bank_word_count;
    float common[DIM], text[DIM], word[DIM], query[DIM];
    ay_rows block = {rows, n, DIM};
    ay_shelf s = {&block, 1, DIM, n};
    ay_ranking_query q = {.dim = DIM};
    ay_chance pictures, words;
    figures *f = ay_calloc(2, sizeof *f);
    uint64_t begun;
    ay_rng rng;

    bank = ay_alloc((size_t)nbank, DIM * sizeof *bank);
    ay_rng_init3(&rng, 1, 2, 3);
    draw(&rng, common, common, 0, NULL, 0, 1);
    draw(&rng, text, text, 0, NULL, 0, 1);
    for (int g = 0; g < groups; g++)
        draw(&rng, own + g * DIM, common, 0, NULL, 0, 1);
    for (size_t i = 0; i < n; i++) { /* a fifth in groups, the rest alone, a class each */
        bool grouped = i % 5 == 0 && (int)(i / 5 / EACH) < groups;
        label[i] = grouped ? (int)(i / 5 / EACH) : groups + (int)i;
        draw(&rng, rows + i * DIM, common, 0.5, grouped ? own + label[i] * DIM : NULL, 1, grouped ? 0.05 : 0.08);
    }
    begun = ay_clock_mono();
    ok(ay_chance_of_pictures(&s, label, 0, &pictures, &err));
    printf("%zu vectors of %d: chance with pictures learnt in %.0f ms (gate %.3f)", n, DIM,
           (double)(ay_clock_mono() - begun) / 1e6, pictures.gate);
    for (int i = 0; i < nbank; i++)
        draw(&rng, bank + i * DIM, text, 0, NULL, 0, 1);
    begun = ay_clock_mono();
    ok(ay_chance_of_words(&s, bank, nbank, 0, &words, &err));
    printf(", with words in %.0f ms (gate %.2f)\n", (double)(ay_clock_mono() - begun) / 1e6, words.gate);
    q.of_words = &words;
    q.of_pictures = &pictures;
    for (int k = 0; k < ASKED; k++) {
        int g = k * 2 % groups;
        draw(&rng, query, common, 0.5, own + g * DIM, 1, 0.05);
        q.picture = query;
        q.words = NULL;
        judge(&f[0], &s, label, g, SIZE_MAX, &q);
        draw(&rng, query, common, 0.5, NULL, 0, 0.08);
        judge(&f[0], &s, label, -1, SIZE_MAX, &q);
        draw(&rng, word, text, 0.8, own + g * DIM, 1, 0.06); /* a third of a word is what it says */
        q.picture = NULL;
        q.words = word;
        q.neutral = NULL;
        judge(&f[1], &s, label, g, SIZE_MAX, &q);
        draw(&rng, word, text, 0.8, NULL, 0, 0.09);
        judge(&f[1], &s, label, -1, SIZE_MAX, &q);
    }
    print("picture", &f[0]);
    print("words", &f[1]);
    ay_chance_fini(&pictures);
    ay_chance_fini(&words);
    ay_free(rows);
    ay_free(own);
    ay_free(label);
    ay_free(bank);
    ay_free(f);
}

/* ---- real pictures */

enum { PICTURES = 4096, CLASSES = 256 };
typedef struct {
    char *path[PICTURES];
    int label[PICTURES], n, nclasses;
    char name[CLASSES][128];
    float *rows;
    double decode_embed[PICTURES];
} album;

/* A class is the folder that a picture is in. */
static ay_status take(void *ctx, const char *path, ay_err *e)
{
    album *a = ctx;
    const char *file = strrchr(path, '/'), *from = file;

    (void)e;
    while (from > path && from[-1] != '/')
        from--;
    if (a->n == PICTURES || a->nclasses == CLASSES)
        return AY_OK;
    if (a->nclasses == 0 || strncmp(a->name[a->nclasses - 1], from, (size_t)(file - from)) != 0 ||
        a->name[a->nclasses - 1][file - from])
        snprintf(a->name[a->nclasses++], 128, "%.*s", (int)(file - from), from);
    a->path[a->n] = ay_strdup(path);
    a->label[a->n++] = a->nclasses - 1;
    return AY_OK;
}

static void embed(album *a, ay_engine *e)
{
    static const ay_image_limits limits = {0};
    int kept = 0;

    a->rows = ay_alloc((size_t)a->n, DIM * sizeof *a->rows);
    for (int i = 0; i < a->n; i++) {
        ay_buf bytes = {0};
        const ay_image *list[1];
        ay_image im;
        uint64_t begun = ay_clock_mono();
        if (ay_file_read(a->path[i], 64 << 20, &bytes, &err) == AY_OK &&
            ay_image_decode(bytes.data, bytes.len, &limits, &im, &err) == AY_OK) {
            list[0] = &im;
            ok(ay_engine_embed(e, list, 1, a->rows + (size_t)kept * DIM, &err));
            ay_image_fini(&im);
            a->decode_embed[kept] = (double)(ay_clock_mono() - begun) / 1e6;
            a->label[kept++] = a->label[i];
        }
        ay_buf_fini(&bytes);
    }
    a->n = kept;
    qsort(a->decode_embed, (size_t)kept, sizeof(double), by_size);
}

/* The class's name as words: without case, '_' as a blank, without what stands before a '-'. */
static void say(char *dst, const char *name)
{
    const char *dash = strrchr(name, '-');

    snprintf(dst, 128, "%s", dash ? dash + 1 : name);
    for (char *p = dst; *p; p++)
        *p = *p == '_' ? ' ' : *p;
}

static void ask_pictures(album *a, album *far, const ay_shelf *s, ay_ranking_query *q)
{
    figures *f = ay_calloc(1, sizeof *f);

    for (int k = 0; k < ASKED; k++) {
        int i = (int)((double)k * a->n / ASKED);
        q->picture = a->rows + (size_t)i * DIM;
        judge(f, s, a->label, a->label[i], (size_t)i, q);
    }
    for (int i = 0; i < far->n; i += far->n / 100 + 1) {
        q->picture = far->rows + (size_t)i * DIM;
        judge(f, s, a->label, -1, SIZE_MAX, q);
    }
    print("picture", f);
    ay_free(f);
    q->picture = NULL;
}

static void ask_words(album *a, album *far, const ay_shelf *s, ay_words *w, ay_ranking_query *q)
{
    figures *f = ay_calloc(1, sizeof *f);
    double *ms = ay_calloc(2 * CLASSES, sizeof *ms);
    float v[DIM];
    int unknown = 0, n = 0;

    for (int set = 0; set < 2; set++)
        for (int c = 0; c < (set ? far : a)->nclasses; c++) {
            char text[128];
            const char *texts[1] = {text};
            uint64_t begun = ay_clock_mono();
            say(text, (set ? far : a)->name[c]);
            if (ay_words_embed(w, texts, 1, v, &err) != AY_OK) {
                unknown++;
                continue;
            }
            ms[n++] = (double)(ay_clock_mono() - begun) / 1e6;
            q->words = v;
            judge(f, s, a->label, set ? -1 : c, SIZE_MAX, q);
        }
    qsort(ms, (size_t)n, sizeof *ms, by_size);
    if (f->asked)
        print("words", f);
    printf("names that are not known: %d; a text embedded: p50 %.3f ms\n", unknown, n ? ms[n / 2] : 0);
    ay_free(ms);
    ay_free(f);
}

static void pictures(const char *folder, const char *other, bool normal)
{
    static album a, far;
    ay_engine_options o = {0};
    ay_words_options wo = {0};
    ay_chance of_pictures, of_words;
    ay_ranking_query q = {.dim = DIM, .of_words = &of_words, .of_pictures = &of_pictures};
    ay_arena arena;
    ay_engine *e;
    ay_words *w;
    ay_word_reader reader;
    ay_rows block;
    ay_shelf s;
    float *bank;
    int nbank;

    ay_arena_init(&arena, 0);
    ok(ay_engine_open(&e, &o, &err));
    ok(ay_words_open(&w, "default", &wo, &err));
    ok(ay_file_walk(folder, take, &a, &err));
    ok(ay_file_walk(other, take, &far, &err));
    embed(&a, e);
    embed(&far, e);
    printf("%s: %d pictures, %d classes; decoded and embedded alone: p50 %.1f ms  p99 %.1f ms\n", folder, a.n,
           a.nclasses, a.decode_embed[a.n / 2], a.decode_embed[a.n * 99 / 100]);
    block = (ay_rows){a.rows, (size_t)a.n, DIM};
    s = (ay_shelf){&block, 1, DIM, (size_t)a.n};
    reader = ay_word_reader_of_words(w);
    ok(ay_chance_of_pictures(&s, a.label, 0, &of_pictures, &err));
    ok(ay_question_bank(&reader, NULL, DIM, &arena, &bank, &nbank, &err));
    ok(ay_chance_of_words(&s, bank, nbank, 0, &of_words, &err));
    if (normal)
        q.of_words = q.of_pictures = NULL;
    ask_pictures(&a, &far, &s, &q);
    ask_words(&a, &far, &s, w, &q);
    ay_arena_fini(&arena);
    ay_words_close(w);
    ay_engine_close(e);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "vectors") == 0)
        vectors(argc > 2 ? (size_t)atol(argv[2]) : 100000);
    else if (argc >= 4 && strcmp(argv[1], "pictures") == 0)
        pictures(argv[2], argv[3], argc > 4 && strcmp(argv[4], "normal") == 0);
    else
        return fputs("search_cut vectors [N] | pictures FOLDER OTHER [normal]\n", stderr), 2;
    return 0;
}
