/* service/library/duplicates_group.c - from what was found to groups that a person decides about, and which picture to keep. */
#include "base/mem.h"
#include "service/library/duplicates_find.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *ay_tier_name(ay_tier tier)
{
    static const char *const names[] = {"same", "picture", "alike"};

    return (unsigned)tier < AY_TIERS ? names[tier] : "unknown";
}

ay_tier ay_tier_of(const char *name)
{
    int t = 0;

    while (t < AY_TIERS && strcmp(name, ay_tier_name((ay_tier)t)) != 0)
        t++;
    return (ay_tier)t;
}

const char *ay_keep_name(int bit)
{
    static const char *const names[] = {"largest", "taken", "detail", "sorted", "name", "oldest"};

    return bit >= 0 && bit < AY_KEEP_REASONS ? names[bit] : "unknown";
}

/* ---- the better of two */

static bool has_word(const char *file, const char *word)
{
    size_t n = strlen(word);

    for (; *file; file++)
        if (strncasecmp(file, word, n) == 0)
            return true;
    return false;
}

/* 0 for a name that a person or a camera gave; more for what programs make of copies. */
static int copy_name(const char *file)
{
    const char *dot = strrchr(file, '.'), *end = dot ? dot : file + strlen(file);
    size_t n = (size_t)(end - file), hex = 0;

    while (hex < n && isxdigit((unsigned char)file[hex]))
        hex++;
    if (n == 0)
        return 2;
    if (has_word(file, "copy") || has_word(file, "kopie") || has_word(file, "(1)") || has_word(file, "(2)") ||
        has_word(file, "thumb") || has_word(file, "edited") || has_word(file, "cópia") || has_word(file, "-WA"))
        return 1;
    return n >= 16 && hex >= n - 2 ? 1 : 0; /* a digest for a name */
}

static int64_t area_of(const ay_dup_fact *f)
{
    return (int64_t)f->width * f->height;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int ay_dup_rather(const ay_dup_fact *a, const ay_dup_fact *b, bool pixels, unsigned *why)
{
    int64_t pa = area_of(a), pb = area_of(b);
    int cmp[AY_KEEP_REASONS], answer = 0;

    cmp[0] = pa * 100 > pb * 101 ? -1 : pb * 100 > pa * 101 ? 1 : 0;
    cmp[1] = a->taken_us && b->taken_us ? order(a->taken_us, b->taken_us) : order(b->taken_us != 0, a->taken_us != 0);
    cmp[2] = cmp[0] || pixels ? 0 : order(b->bytes, a->bytes);
    cmp[3] = order(b->sorted, a->sorted);
    cmp[4] = order(copy_name(a->file), copy_name(b->file));
    cmp[5] = order(a->added_us, b->added_us);
    *why = 0;
    for (int i = 0; i < AY_KEEP_REASONS; i++) {
        if (cmp[i] < 0)
            *why |= 1u << i;
        if (!answer)
            answer = cmp[i];
    }
    return answer;
}

/* ---- making groups */

typedef struct {
    size_t n;
    const ay_dups_found *found;
    ay_dup_place *place; /* n: found's, and what is held no longer */
    const ay_dup_fact *fact;
    bool (*apart)(void *ctx, size_t a, size_t b);
    void *ctx;
    ay_dup_groups *out;
    size_t cgroups, nrows, crows;
    uint32_t *member; /* rows by centre, for work */
    uint32_t *stands; /* n: the picture that stands for the group which a row is in, for the next tier */
} maker;

static bool are_apart(const maker *m, uint32_t a, uint32_t b)
{
    return m->apart && m->apart(m->ctx, a, b);
}

/* Insertion by preference: groups are small, and where they are not the rest keeps its order. */
static void best_first(const maker *m, ay_tier tier, uint32_t *row, size_t n)
{
    unsigned why;

    for (size_t i = 1; i < n; i++) {
        uint32_t one = row[i];
        size_t k = i;
        for (; k > 0 && k < 512 && ay_dup_rather(&m->fact[one], &m->fact[row[k - 1]], tier == AY_TIER_SAME, &why) < 0; k--)
            row[k] = row[k - 1];
        row[k] = one;
    }
}

/* What speaks for the first over any of the others. */
static unsigned reasons(const maker *m, ay_tier tier, const uint32_t *row, size_t n)
{
    unsigned all = 0, why;

    for (size_t i = 1; i < n; i++) {
        ay_dup_rather(&m->fact[row[0]], &m->fact[row[i]], tier == AY_TIER_SAME, &why);
        all |= why;
    }
    return all;
}

static ay_status add_group(maker *m, ay_tier tier, uint32_t *row, size_t n, float similarity, ay_err *err)
{
    ay_dup_groups *o = m->out;

    if (o->n == m->cgroups) {
        size_t cap = m->cgroups ? 2 * m->cgroups : 64;
        ay_dup_group *more = ay_realloc(o->item, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "grouping pictures");
        o->item = more;
        m->cgroups = cap;
    }
    if (m->nrows + n > m->crows) {
        size_t cap = 2 * m->crows + n + 64;
        uint32_t *more = ay_realloc(o->rows, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "grouping pictures");
        o->rows = more;
        m->crows = cap;
    }
    best_first(m, tier, row, n);
    memcpy(o->rows + m->nrows, row, n * sizeof *row);
    o->item[o->n++] = (ay_dup_group){.tier = tier, .first = m->nrows, .n = n, .why = reasons(m, tier, row, n), .similarity = similarity};
    m->nrows += n;
    for (size_t i = 0; i < n; i++)
        m->stands[row[i]] = row[0];
    return AY_OK;
}

typedef struct {
    uint32_t centre, row;
    const char *pixels;
} placed;

static int by_centre_and_pixels(const void *x, const void *y)
{
    const placed *a = x, *b = y;
    int c;

    if (a->centre != b->centre)
        return a->centre < b->centre ? -1 : 1;
    c = strcmp(a->pixels, b->pixels);
    return c ? c : (a->row > b->row) - (a->row < b->row);
}

static ay_status same_groups(maker *m, const placed *list, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0, k; i < n && status == AY_OK; i = k) {
        size_t count = 0;
        for (k = i; k < n && list[k].centre == list[i].centre && strcmp(list[k].pixels, list[i].pixels) == 0; k++)
            if (k == i || !are_apart(m, list[i].row, list[k].row))
                m->member[count++] = list[k].row;
        if (count > 1 && *list[i].pixels)
            status = add_group(m, AY_TIER_SAME, m->member, count, 1, err);
    }
    return status;
}

/* Of each same group the one that would be kept. */
static ay_status picture_groups(maker *m, const placed *list, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0, k; i < n && status == AY_OK; i = k) {
        size_t count = 0;
        float worst = 0;
        for (k = i; k < n && list[k].centre == list[i].centre; k++) {
            uint32_t row = list[k].row;
            if (m->stands[row] != row || (row != list[i].centre && are_apart(m, list[i].centre, row)))
                continue;
            m->member[count++] = row;
            worst = fmaxf(worst, m->place[row].difference);
        }
        if (count > 1)
            status = add_group(m, AY_TIER_PICTURE, m->member, count, 1 - worst / 10, err);
    }
    return status;
}

/* ---- look-alikes */

typedef struct {
    uint32_t a, b;
    float cosine;
} link;

static int by_row(const void *x, const void *y)
{
    const link *p = x, *q = y;

    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    if (p->cosine != q->cosine)
        return p->cosine > q->cosine ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}

static uint32_t whole(const maker *m, uint32_t row)
{
    for (int i = 0; i < 4 && m->stands[row] != row; i++)
        row = m->stands[row];
    return row;
}

typedef struct {
    uint32_t row;
    uint32_t from, n; /* its links */
} hub;

static int most_links(const void *x, const void *y)
{
    const hub *a = x, *b = y;

    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* The picture with the most look-alikes takes them; then the next of those that are left. */
static ay_status take_hubs(maker *m, const link *l, const hub *hubs, size_t nhubs, uint8_t *taken, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t h = 0; h < nhubs && status == AY_OK; h++) {
        size_t count = 0;
        float least = 1;
        if (taken[hubs[h].row])
            continue;
        m->member[count++] = hubs[h].row;
        for (uint32_t i = hubs[h].from; i < hubs[h].from + hubs[h].n; i++)
            if (!taken[l[i].b] && (i == hubs[h].from || l[i].b != l[i - 1].b)) {
                m->member[count++] = l[i].b;
                least = fminf(least, l[i].cosine);
            }
        if (count < 2)
            continue;
        for (size_t i = 0; i < count; i++)
            taken[m->member[i]] = 1;
        status = add_group(m, AY_TIER_ALIKE, m->member, count, least, err);
    }
    return status;
}

static size_t make_links(const maker *m, link *l)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < m->found->nnear; i++) {
        const ay_dup_near *e = &m->found->near[i];
        uint32_t a = whole(m, e->a), b = whole(m, e->b);
        if (a == b || e->cosine < m->found->least || are_apart(m, a, b))
            continue;
        l[n++] = (link){a, b, e->cosine};
        l[n++] = (link){b, a, e->cosine};
    }
    if (n)
        qsort(l, n, sizeof *l, by_row);
    for (size_t i = 0; i < n; i++) /* a pair was found from both of its ends */
        if (kept == 0 || l[i].a != l[kept - 1].a || l[i].b != l[kept - 1].b)
            l[kept++] = l[i];
    return kept;
}

static ay_status alike_groups(maker *m, ay_err *err)
{
    link *l = ay_alloc(2 * m->found->nnear + 1, sizeof *l);
    hub *hubs = ay_alloc(m->n + 1, sizeof *hubs);
    uint8_t *taken = ay_calloc(m->n + 1, 1);
    size_t n, nhubs = 0;
    ay_status status = l && hubs && taken ? AY_OK : ay_fail(err, AY_ENOMEM, "grouping pictures");

    if (status == AY_OK) {
        n = make_links(m, l);
        for (size_t i = 0; i < n; i++) {
            if (i == 0 || l[i].a != l[i - 1].a)
                hubs[nhubs++] = (hub){l[i].a, (uint32_t)i, 0};
            hubs[nhubs - 1].n++;
        }
        if (nhubs)
            qsort(hubs, nhubs, sizeof *hubs, most_links);
        status = take_hubs(m, l, hubs, nhubs, taken, err);
    }
    ay_free(l);
    ay_free(hubs);
    ay_free(taken);
    return status;
}

/* ---- all */

static int by_tier_and_size(const void *x, const void *y)
{
    const ay_dup_group *a = x, *b = y;

    if (a->tier != b->tier)
        return a->tier < b->tier ? -1 : 1;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    return (a->row[0] > b->row[0]) - (a->row[0] < b->row[0]);
}

static size_t list_placed(const maker *m, placed *list)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        const ay_dup_place *p = &m->place[i];
        m->stands[i] = (uint32_t)i;
        if (p->centre != AY_DUP_NONE && p->centre < m->n)
            list[n++] = (placed){p->centre, (uint32_t)i, p->pixels};
    }
    if (n)
        qsort(list, n, sizeof *list, by_centre_and_pixels);
    return n;
}

/* Rows have moved while they grew, and groups are to be in order. */
static ay_status finish(const maker *m, ay_err *err)
{
    ay_dup_groups *o = m->out;

    o->over = ay_alloc(m->nrows + 1, sizeof *o->over);
    if (!o->over)
        return ay_fail(err, AY_ENOMEM, "grouping pictures");
    for (size_t i = 0; i < m->nrows; i++)
        o->over[i] = (ay_dup_over){m->place[o->rows[i]].orientation, m->place[o->rows[i]].cropped};
    for (size_t i = 0; i < o->n; i++)
        o->item[i].row = o->rows + o->item[i].first;
    if (o->n)
        qsort(o->item, o->n, sizeof *o->item, by_tier_and_size);
    return AY_OK;
}

ay_status ay_dups_group(size_t n, const ay_dups_found *f, const ay_dup_fact *fact, bool (*apart)(void *ctx, size_t a, size_t b),
                        void *ctx, ay_dup_groups *out, ay_err *err)
{
    maker m = {.n = n, .found = f, .fact = fact, .apart = apart, .ctx = ctx, .out = out};
    placed *list = ay_alloc(n + 1, sizeof *list);
    size_t nlist;
    ay_status status;

    *out = (ay_dup_groups){0};
    m.member = ay_alloc(n + 1, sizeof *m.member);
    m.stands = ay_alloc(n + 1, sizeof *m.stands);
    m.place = ay_alloc(n + 1, sizeof *m.place);
    status = list && m.member && m.stands && m.place ? AY_OK : ay_fail(err, AY_ENOMEM, "grouping pictures");
    if (status == AY_OK) {
        if (n)
            memcpy(m.place, f->place, n * sizeof *m.place);
        ay_dups_unite(n, f, apart, ctx, m.place);
        nlist = list_placed(&m, list);
        status = same_groups(&m, list, nlist, err);
        if (status == AY_OK)
            status = picture_groups(&m, list, nlist, err);
    }
    if (status == AY_OK)
        status = alike_groups(&m, err);
    if (status == AY_OK)
        status = finish(&m, err);
    ay_free(list);
    ay_free(m.member);
    ay_free(m.stands);
    ay_free(m.place);
    if (status != AY_OK)
        ay_dup_groups_fini(out);
    return status;
}

void ay_dup_groups_fini(ay_dup_groups *g)
{
    ay_free(g->item);
    ay_free(g->rows);
    ay_free(g->over);
    *g = (ay_dup_groups){0};
}
