#include "service/find/learn_chance.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 32, QUESTIONS_LEAST = 100 };
#define WORK 20e6 /* cosines, beyond the least number of questions */

/* z beyond these are as good as these. */
#define Z_LOW  (-8.0)
#define Z_HIGH 40.0

const char *const ay_bank_words[] = {
    "apple",     "banana",   "bread",    "cheese",    "coffee",    "egg",       "fish",     "lemon",
    "milk",      "orange",   "pizza",    "potato",    "rice",      "salad",     "tomato",   "wine",
    "ant",       "bear",     "bird",     "butterfly", "cat",       "chicken",   "cow",      "crab",
    "dog",       "dolphin",  "duck",     "elephant",  "frog",      "horse",     "lion",     "monkey",
    "mouse",     "owl",      "pig",      "rabbit",    "sheep",     "snake",     "spider",   "tiger",
    "beach",     "bridge",   "castle",   "church",    "city",      "cloud",     "desert",   "field",
    "forest",    "garden",   "house",    "island",    "lake",      "mountain",  "river",    "road",
    "sky",       "snow",     "street",   "tower",     "airplane",  "bicycle",   "boat",     "bus",
    "car",       "helicopter", "motorcycle", "rocket", "ship",     "tractor",   "train",    "truck",
    "ball",      "basket",   "bed",      "bell",      "book",      "bottle",    "bowl",     "box",
    "brush",     "camera",   "candle",   "chair",     "clock",     "coin",      "computer", "cup",
    "door",      "drum",     "fork",     "guitar",    "hammer",    "hat",       "jacket",   "key",
    "knife",     "lamp",     "laptop",   "mirror",    "needle",    "newspaper", "paper",    "pen",
    "phone",     "piano",    "plate",    "scissors",  "screw",     "shirt",     "shoe",     "spoon",
    "sword",     "table",    "telephone", "toy",      "umbrella",  "violin",    "watch",    "wheel",
    "baby",      "child",    "crowd",    "face",      "hand",      "man",       "woman",    "map",
    "fire",      "flower",   "leaf",     "moon",      "star",      "sun",       "tree",     "water",
    "letter",    "number",   "sign",     "text"};
const int ay_bank_word_count = sizeof ay_bank_words / sizeof *ay_bank_words;
_Static_assert(sizeof ay_bank_words / sizeof *ay_bank_words <= AY_CHANCE_QUESTIONS, "too many words");

const float *ay_shelf_vector(const ay_shelf *p, size_t row)
{
    int b = 0;

    while (row >= p->block[b].n)
        row -= p->block[b++].n;
    return p->block[b].rows + row * (size_t)p->dim;
}

ay_status ay_shelf_scores(const ay_shelf *p, const float *queries, int nq, int threads, float *dst,
                         ay_err *err)
{
    ay_status status = AY_OK;
    size_t first = 0;
    float *part;

    if (p->blocks == 1 && p->n > 0)
        return ay_search_scores(p->block, queries, nq, threads, dst, err);
    part = ay_alloc(p->n + 1, (size_t)nq * sizeof *part);
    if (!part)
        return ay_fail(err, AY_ENOMEM, "comparing with %zu pictures", p->n);
    for (int b = 0; b < p->blocks && status == AY_OK; first += p->block[b++].n) {
        size_t n = p->block[b].n;
        if (n > 0)
            status = ay_search_scores(&p->block[b], queries, nq, threads, part, err);
        for (int q = 0; q < nq && n > 0 && status == AY_OK; q++)
            memcpy(dst + (size_t)q * p->n + first, part + (size_t)q * n, n * sizeof *part);
    }
    ay_free(part);
    return status;
}

/* Questions under way: some vectors, asked TOGETHER at a time. */
typedef struct {
    const ay_shelf *p;
    int threads;
    ay_lessons *lessons;
    float *queries; /* TOGETHER * dim */
    float *scores;  /* TOGETHER * n */
    uint8_t *hidden; /* n */
    float *near;     /* n * NEAR: a vector's best cosines with questions of other classes, falling; NULL: not wanted */
    int *whose;      /* n * NEAR: stands_for() of those questions */
    int *seen;       /* n: how many there are of them, NEAR at most */
    float *usual;    /* n */
    size_t *rows;    /* the vectors that may ask, nrows of them; NULL: all */
    size_t nrows;
} asking;
enum { NEAR = AY_CHANCE_NEAR + 1 }; /* one more, for when one is taken out */

static ay_status asking_init(asking *k, double low, double high, bool near, ay_err *err)
{
    size_t n = k->p->n + 1;

    k->queries = ay_alloc(TOGETHER, (size_t)k->p->dim * sizeof *k->queries);
    k->scores = ay_alloc(TOGETHER, n * sizeof *k->scores);
    k->hidden = ay_alloc(n, 1);
    k->near = near ? ay_alloc(n, NEAR * sizeof *k->near) : NULL;
    k->seen = near ? ay_calloc(n, sizeof *k->seen) : NULL;
    k->usual = near ? ay_alloc(n, sizeof *k->usual) : NULL;
    k->whose = near ? ay_alloc(n, NEAR * sizeof *k->whose) : NULL;
    if (!k->queries || !k->scores || !k->hidden || (near && (!k->near || !k->seen || !k->usual || !k->whose)))
        return ay_fail(err, AY_ENOMEM, "learning what chance does");
    return ay_lessons_begin(&k->lessons, low, high, err);
}

static void asking_fini(asking *k)
{
    ay_free(k->queries);
    ay_free(k->scores);
    ay_free(k->hidden);
    ay_free(k->near);
    ay_free(k->seen);
    ay_free(k->usual);
    ay_free(k->whose);
    ay_free(k->rows);
}

static ay_status normal(const ay_shelf *p, ay_chance *out)
{
    ay_chance_normal(out, &(ay_background){.centre = 0, .spread = 1}, p->n);
    return AY_OK;
}

/* ---- pictures */

static bool has_classes(const int *label, size_t n)
{
    for (size_t i = 1; label && i < n; i++)
        if (label[i] != label[0])
            return true;
    return false;
}

/* The class that more than half of all belong to; -1: none.  (Boyer and Moore's vote, then counted.) */
static int majority(const int *label, size_t n)
{
    size_t lead = 0, count = 0;
    int most = -1;

    for (size_t i = 0; i < n; i++) {
        if (lead == 0)
            most = label[i];
        lead = label[i] == most ? lead + 1 : lead - 1;
    }
    for (size_t i = 0; i < n; i++)
        count += label[i] == most;
    return count * 2 > n ? most : -1;
}

/* A class of more than half asks no questions: of what it is asked there is too little left to say how high the best of all gets by
 * chance.  It is most often no class at all but what nobody has sorted yet.  *enough false: the others are too few to learn from. */
static ay_status choose_rows(asking *k, const int *label, bool *enough, ay_err *err)
{
    int most = majority(label, k->p->n);

    *enough = true;
    if (most < 0)
        return AY_OK;
    k->rows = ay_alloc(k->p->n, sizeof *k->rows);
    if (!k->rows)
        return ay_fail(err, AY_ENOMEM, "learning what chance does");
    for (size_t i = 0; i < k->p->n; i++)
        if (label[i] != most)
            k->rows[k->nrows++] = i;
    *enough = k->nrows >= AY_CHANCE_LEAST;
    if (!*enough) {
        ay_free(k->rows);
        k->rows = NULL;
    }
    return AY_OK;
}

/* Of row's question: itself, and where there are classes what is of its own. */
static void hide(uint8_t *hidden, const int *label, bool classes, size_t n, size_t row)
{
    for (size_t i = 0; i < n; i++)
        hidden[i] = i == row                                ? AY_LESSON_SELF
                    : classes && label[i] == label[row] ? AY_LESSON_MATCH
                                                            : AY_LESSON_CHANCE;
}

/* Some questions under way at a time. */
typedef struct {
    size_t row[TOGETHER];
    int n;
    const int *label; /* NULL: all are of one class */
} batch;

/* Who a question stands for: itself.  Beside a class of more than half it stands for its class, which then has one place among a vector's
 * best and is left out as one: the few sorted classes ask many questions each, and what is near to one of its questions is near to all.
 * (Everywhere that was tried too: fewer alarms than promised, and of electronic scrap 0.75 found instead of 0.83.) */
static int stands_for(const asking *k, const batch *b, int q)
{
    return k->rows ? b->label[b->row[q]] : (int)b->row[q];
}

static void keep_near(asking *k, size_t i, float score, int class)
{
    float *best = k->near + i * NEAR;
    int *whose = k->whose + i * NEAR, at = 0;

    if (k->seen[i] == NEAR && score <= best[NEAR - 1])
        return;
    while (at < k->seen[i] && whose[at] != class)
        at++;
    if (at < k->seen[i] && score <= best[at])
        return;
    if (at == k->seen[i] && at < NEAR)
        k->seen[i]++;
    at = at == NEAR ? NEAR - 1 : at;
    for (; at > 0 && best[at - 1] < score; at--) {
        best[at] = best[at - 1];
        whose[at] = whose[at - 1];
    }
    best[at] = score;
    whose[at] = class;
}

/* The questions' scores are among the best of the vectors that they say something of.  Vector by vector: its best stay
 * in the processor's cache. */
static void use_near(asking *k, const batch *b)
{
    for (size_t i = 0; i < k->p->n; i++)
        for (int q = 0; q < b->n; q++)
            if (b->label[i] != b->label[b->row[q]])
                keep_near(k, i, k->scores[(size_t)q * k->p->n + i], stands_for(k, b, q));
}

enum { NOBODY = -1 }; /* no class */

/* The mean of the best of a vector without those of a class. */
static double near_without(const asking *k, size_t row, int class)
{
    const float *best = k->near + row * NEAR;
    const int *whose = k->whose + row * NEAR;
    int taken = 0;
    double sum = 0;

    for (int i = 0; i < k->seen[row] && taken < AY_CHANCE_NEAR; i++)
        if (whose[i] != class) {
            sum += (double)best[i];
            taken++;
        }
    return taken ? sum / taken : 0;
}

static void use_lessons(asking *k, const batch *b)
{
    for (int q = 0; q < b->n; q++) {
        float *scores = k->scores + (size_t)q * k->p->n;
        hide(k->hidden, b->label, b->label != NULL, k->p->n, b->row[q]);
        for (size_t i = 0; i < k->p->n && k->near; i++) {
            bool among = k->seen[i] > 0 && k->hidden[i] == AY_LESSON_CHANCE;
            double usual = among ? near_without(k, i, stands_for(k, b, q)) : (double)k->usual[i];
            scores[i] -= (float)(AY_CHANCE_OFF * usual);
        }
        ay_lessons_add(k->lessons, scores, k->hidden, k->p->n);
    }
}

static ay_status ask_rows(asking *k, const int *label, int questions, void (*use)(asking *k, const batch *b), ay_err *err)
{
    size_t dim = (size_t)k->p->dim;
    size_t all = k->rows ? k->nrows : k->p->n;
    batch b = {.label = label};
    ay_status status = AY_OK;

    if ((size_t)questions > all)
        questions = (int)all;
    for (int q = 0; q < questions && status == AY_OK; q += TOGETHER) {
        b.n = questions - q < TOGETHER ? questions - q : TOGETHER;
        for (int i = 0; i < b.n; i++) {
            size_t at = (size_t)(((double)(q + i) + 0.5) * (double)all / questions);
            b.row[i] = k->rows ? k->rows[at] : at;
            memcpy(k->queries + (size_t)i * dim, ay_shelf_vector(k->p, b.row[i]), dim * sizeof(float));
        }
        status = ay_shelf_scores(k->p, k->queries, b.n, k->threads, k->scores, err);
        if (status == AY_OK)
            use(k, &b);
    }
    return status;
}

/* What is usual for each vector; for one that no question said anything of, as for the others. */
static void settle(asking *k)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < k->p->n; i++)
        if (k->seen[i] > 0) {
            k->usual[i] = (float)near_without(k, i, NOBODY);
            sum += (double)k->usual[i];
            n++;
        }
    for (size_t i = 0; i < k->p->n; i++)
        if (k->seen[i] == 0)
            k->usual[i] = n ? (float)(sum / (double)n) : 0;
}

static ay_status ask_classes(asking *k, const int *label, int questions, ay_chance *out, ay_err *err)
{
    ay_status status = ask_rows(k, label, questions, use_near, err);

    if (status == AY_OK) {
        settle(k);
        status = ask_rows(k, label, questions, use_lessons, err);
    }
    if (status != AY_OK) {
        ay_lessons_drop(k->lessons);
        return status;
    }
    status = ay_lessons_end(k->lessons, true, out, err);
    if (status == AY_OK) {
        out->usual = k->usual;
        k->usual = NULL;
    }
    return status;
}

static ay_status ask_neighbours(asking *k, int questions, ay_chance *out, ay_err *err)
{
    ay_status status = ask_rows(k, NULL, questions, use_lessons, err);

    if (status == AY_OK)
        ay_lessons_end_known(k->lessons, out);
    else
        ay_lessons_drop(k->lessons);
    return status;
}

ay_status ay_chance_of_pictures(const ay_shelf *p, const int *label, int threads, ay_chance *out,
                                ay_err *err)
{
    bool classes = has_classes(label, p->n), enough = true;
    int questions = (int)fmin(fmax(QUESTIONS_LEAST, WORK / (double)(p->n + 1)), AY_CHANCE_QUESTIONS);
    asking k = {.p = p, .threads = threads};
    ay_status status;

    if ((size_t)questions > p->n)
        questions = (int)p->n;
    if (questions < AY_CHANCE_LEAST)
        return normal(p, out);
    status = classes ? choose_rows(&k, label, &enough, err) : AY_OK;
    classes = classes && enough;
    if (status == AY_OK)
        status = asking_init(&k, -1, 1, classes, err);
    if (status == AY_OK)
        status = classes ? ask_classes(&k, label, questions, out, err) : ask_neighbours(&k, questions, out, err);
    asking_fini(&k);
    return status;
}

/* ---- words */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The spread of a usual word's scores: the median of them all. */
static ay_status usual_spread(asking *k, const float *bank, int nbank, double *out, ay_err *err)
{
    size_t dim = (size_t)k->p->dim;
    double spread[AY_CHANCE_QUESTIONS];
    ay_background b;
    ay_status status = AY_OK;
    int count = 0;

    for (int q = 0; q < nbank && status == AY_OK; q += TOGETHER) {
        int n = nbank - q < TOGETHER ? nbank - q : TOGETHER;
        status = ay_shelf_scores(k->p, bank + (size_t)q * dim, n, k->threads, k->scores, err);
        for (int i = 0; i < n && status == AY_OK; i++) {
            status = ay_background_of(k->scores + (size_t)i * k->p->n, k->p->n, &b, err);
            spread[count++] = b.spread;
        }
    }
    qsort(spread, (size_t)count, sizeof *spread, ascending);
    *out = count ? spread[count / 2] : 0;
    return status;
}

static ay_status ask_words(asking *k, const float *bank, int nbank, double scale, ay_err *err)
{
    size_t dim = (size_t)k->p->dim;
    ay_status status = AY_OK;

    for (int q = 0; q < nbank && status == AY_OK; q += TOGETHER) {
        int n = nbank - q < TOGETHER ? nbank - q : TOGETHER;
        status = ay_shelf_scores(k->p, bank + (size_t)q * dim, n, k->threads, k->scores, err);
        for (int i = 0; i < n && status == AY_OK; i++) {
            float *s = k->scores + (size_t)i * k->p->n;
            status = ay_standardise(s, k->p->n, scale, false, err);
            if (status == AY_OK)
                ay_lessons_add(k->lessons, s, NULL, k->p->n);
        }
    }
    return status;
}

/* Words of no direction teach nothing: they are left out. */
static int drop_blank(float *bank, int nbank, int dim)
{
    int n = 0;

    for (int i = 0; i < nbank; i++) {
        const float *v = bank + (size_t)i * (size_t)dim;
        if (ay_dot(v, v, dim) > 0.5f)
            memmove(bank + (size_t)n++ * (size_t)dim, v, (size_t)dim * sizeof *v);
    }
    return n;
}

ay_status ay_chance_of_words(const ay_shelf *p, float *bank, int nbank, int threads, ay_chance *out,
                             ay_err *err)
{
    asking k = {.p = p, .threads = threads};
    double scale = 0;
    ay_status status;

    nbank = drop_blank(bank, nbank < AY_CHANCE_QUESTIONS ? nbank : AY_CHANCE_QUESTIONS, p->dim);
    if (nbank < AY_CHANCE_LEAST || p->n < AY_CHANCE_LEAST)
        return normal(p, out);
    status = asking_init(&k, Z_LOW, Z_HIGH, false, err);
    if (status == AY_OK)
        status = usual_spread(&k, bank, nbank, &scale, err);
    if (status == AY_OK)
        status = ask_words(&k, bank, nbank, scale, err);
    if (status == AY_OK)
        status = ay_lessons_end(k.lessons, false, out, err);
    else
        ay_lessons_drop(k.lessons);
    if (status == AY_OK)
        out->scale = scale;
    asking_fini(&k);
    return status;
}
