#include "image/print.h"
#include "image/align.h"

#include <math.h>
#include <string.h>

enum { N = AY_PRINT_SIDE, C = AY_PRINT_CHROMA, LOW = 8, HALF = N / 2 };

#define LEAST_START 0.35f /* a correlation, before anything is moved to fit */

/* Bits of odd columns and of odd rows of the 8 x 8 frequencies; the first bit is the highest. */
#define ODD_COLUMNS 0x5555555555555555ull
#define ODD_ROWS 0x00ff00ff00ff00ffull
#define NOT_MEAN 0x7fffffffffffffffull

/* ---- the hash */

/* What a row of 32 adds to each of the 8 frequencies. */
static void waves(double wave[N][LOW])
{
    for (int x = 0; x < N; x++)
        for (int u = 0; u < LOW; u++)
            wave[x][u] = cos(M_PI * u * (2 * x + 1) / (2.0 * N));
}

static uint64_t hash_by(const double wave[N][LOW], const uint8_t *grey)
{
    double low[LOW][LOW] = {{0}};
    uint64_t bits = 0;

    for (int y = 0; y < N; y++) {
        double row[LOW] = {0};
        for (int x = 0; x < N; x++)
            for (int v = 0; v < LOW; v++)
                row[v] += grey[y * N + x] * wave[x][v];
        for (int u = 0; u < LOW; u++)
            for (int v = 0; v < LOW; v++)
                low[u][v] += row[v] * wave[y][u];
    }
    for (int i = 0; i < LOW * LOW; i++)
        bits = bits << 1 | (low[i / LOW][i % LOW] > 0);
    return bits & NOT_MEAN;
}

static uint64_t hash_of(const uint8_t *grey)
{
    double wave[N][LOW];

    waves(wave);
    return hash_by(wave, grey);
}

static uint64_t transpose(uint64_t h)
{
    uint64_t out = 0;

    for (int u = 0; u < LOW; u++)
        for (int v = 0; v < LOW; v++)
            out |= (h >> (63 - (u * LOW + v)) & 1) << (63 - (v * LOW + u));
    return out;
}

/* What an orientation is made of: first rows and columns exchanged, then mirrored across, then down. */
static const struct {
    bool swap, across, down;
} made_of[AY_ORIENTATIONS + 1] = {
    {0}, {false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
    {true, false, false}, {true, true, false}, {true, true, true}, {true, false, true},
};

uint64_t ay_print_hash_turn(uint64_t hash, int orientation)
{
    if (made_of[orientation].swap)
        hash = transpose(hash);
    if (made_of[orientation].across)
        hash ^= ODD_COLUMNS;
    if (made_of[orientation].down)
        hash ^= ODD_ROWS;
    return hash & NOT_MEAN;
}

/* Where a part begins and how large it is, in parts of a side.  Wherever a tenth is cut away, one of the last four is within a fortieth. */
static const struct {
    double x, y, side;
} cuts[AY_CUTS] = {{0.025, 0.025, 0.95}, {0.025, 0.025, 0.9}, {0.075, 0.025, 0.9}, {0.025, 0.075, 0.9}, {0.075, 0.075, 0.9}};

static void cut_out(const float *whole, int cut, uint8_t part[N * N])
{
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) {
            float u = (float)((cuts[cut].x + cuts[cut].side * (x + 0.5) / N) * N - 0.5);
            float v = (float)((cuts[cut].y + cuts[cut].side * (y + 0.5) / N) * N - 0.5);
            part[y * N + x] = (uint8_t)(ay_sample(whole, N, fmaxf(0, fminf(u, N - 1)), fmaxf(0, fminf(v, N - 1))) + 0.5f);
        }
}

void ay_print_hash_cuts(const ay_print *p, uint64_t hash[AY_CUTS])
{
    double wave[N][LOW];
    float whole[N * N];
    uint8_t part[N * N];

    waves(wave);
    for (int i = 0; i < N * N; i++)
        whole[i] = p->luma[i];
    for (int i = 0; i < AY_CUTS; i++) {
        cut_out(whole, i, part);
        hash[i] = hash_by(wave, part);
    }
}

int ay_orientation_back(int orientation)
{
    return orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
}

int ay_orientation_then(int first, int second)
{
    const uint64_t one = 1ull << 62, both = ay_print_hash_turn(ay_print_hash_turn(one, first), second); /* one: another hash in each orientation */
    int o = 1;

    while (o < AY_ORIENTATIONS && ay_print_hash_turn(one, o) != both)
        o++;
    return o;
}

/* ---- the small copy */

static uint8_t byte(double v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5);
}

static void colours(const ay_image *small, ay_print *out)
{
    enum { STEP = N / C };

    for (int y = 0; y < C; y++)
        for (int x = 0; x < C; x++) {
            double sum[3] = {0};
            for (int i = 0; i < STEP * STEP; i++) {
                const uint8_t *p = small->data + 3 * ((y * STEP + i / STEP) * N + x * STEP + i % STEP);
                for (int c = 0; c < 3; c++)
                    sum[c] += p[c] / (double)(STEP * STEP);
            }
            out->chroma[0][y * C + x] = byte(128 - 0.168736 * sum[0] - 0.331264 * sum[1] + 0.5 * sum[2]);
            out->chroma[1][y * C + x] = byte(128 + 0.5 * sum[0] - 0.418688 * sum[1] - 0.081312 * sum[2]);
        }
}

ay_status ay_image_print(const ay_image *im, ay_print *out, ay_err *err)
{
    ay_image small;
    ay_status status = ay_image_resize(im, N, N, AY_FILTER_LANCZOS, &small, err);

    if (status != AY_OK)
        return status;
    ay_image_grey(&small, out->luma);
    colours(&small, out);
    out->hash = hash_of(out->luma);
    ay_image_fini(&small);
    return AY_OK;
}

void ay_print_pack(const ay_print *p, uint8_t dst[AY_PRINT_BYTES])
{
    for (int i = 0; i < 8; i++)
        dst[i] = (uint8_t)(p->hash >> (56 - 8 * i));
    memcpy(dst + 8, p->luma, sizeof p->luma);
    memcpy(dst + 8 + sizeof p->luma, p->chroma, sizeof p->chroma);
}

void ay_print_unpack(ay_print *p, const uint8_t src[AY_PRINT_BYTES])
{
    p->hash = 0;
    for (int i = 0; i < 8; i++)
        p->hash = p->hash << 8 | src[i];
    memcpy(p->luma, src + 8, sizeof p->luma);
    memcpy(p->chroma, src + 8 + sizeof p->luma, sizeof p->chroma);
}

static void turn_plane(const uint8_t *src, int n, int orientation, uint8_t *dst)
{
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            int sx = made_of[orientation].across ? n - 1 - x : x, sy = made_of[orientation].down ? n - 1 - y : y;
            dst[y * n + x] = made_of[orientation].swap ? src[sx * n + sy] : src[sy * n + sx];
        }
}

void ay_print_turn(const ay_print *p, int orientation, ay_print *out)
{
    out->hash = ay_print_hash_turn(p->hash, orientation);
    turn_plane(p->luma, N, orientation, out->luma);
    for (int c = 0; c < 2; c++)
        turn_plane(p->chroma[c], C, orientation, out->chroma[c]);
}

/* ---- comparing */

static float colour_gap(const ay_print *a, const ay_print *b)
{
    int sum = 0;

    for (int c = 0; c < 2; c++)
        for (int i = 0; i < C * C; i++) {
            int d = a->chroma[c][i] - b->chroma[c][i];
            sum += d < 0 ? -d : d;
        }
    return (float)sum / (2 * C * C);
}

bool ay_print_plain(const ay_print *p)
{
    double sum = 0, sq = 0;

    for (int i = 0; i < N * N; i++)
        sum += p->luma[i], sq += p->luma[i] * p->luma[i];
    return sq / (N * N) - (sum / (N * N)) * (sum / (N * N)) < 4;
}

static void halve(const uint8_t *luma, float dst[HALF * HALF])
{
    for (int y = 0; y < HALF; y++)
        for (int x = 0; x < HALF; x++) {
            const uint8_t *p = luma + 2 * y * N + 2 * x;
            dst[y * HALF + x] = (float)(p[0] + p[1] + p[N] + p[N + 1]) * 0.25f;
        }
}

bool ay_print_equal(const ay_print *a, const ay_print *b)
{
    return a->hash == b->hash && memcmp(a->luma, b->luma, sizeof a->luma) == 0 && memcmp(a->chroma, b->chroma, sizeof a->chroma) == 0;
}

/* Where a part lies: of a as b shows it, or the other way round. */
static ay_box box_of_cut(int cut, bool back)
{
    double x = cuts[cut].x, y = cuts[cut].y, side = cuts[cut].side;

    return back ? (ay_box){side, side, x, y} : (ay_box){1 / side, 1 / side, -x / side, -y / side};
}

float ay_print_glance(const ay_print *a, const ay_print *b)
{
    float p[HALF * HALF], q[HALF * HALF], overlap, r;

    halve(a->luma, p);
    halve(b->luma, q);
    r = ay_box_correlation(p, q, HALF, &AY_BOX_WHOLE, &overlap) - colour_gap(a, b) * 0.02f;
    return r > 0 ? r : 0;
}

float ay_print_glance_cut(const ay_print *a, const ay_print *b, int cut, bool back)
{
    float p[HALF * HALF], q[HALF * HALF], overlap, r;
    ay_box box = box_of_cut(cut, back);

    halve(a->luma, p);
    halve(b->luma, q);
    r = ay_box_correlation(p, q, HALF, &box, &overlap) - colour_gap(a, b) * 0.02f;
    return r > 0 ? r : 0;
}

/* The best of all that and of the parts: where to begin. */
static float best_start(const float *p, const float *q, ay_box *box)
{
    float overlap, best;

    *box = AY_BOX_WHOLE;
    best = ay_box_correlation(p, q, HALF, box, &overlap);
    for (int i = 0; i < 2 * AY_CUTS; i++) {
        ay_box one = box_of_cut(i % AY_CUTS, i >= AY_CUTS);
        float r = ay_box_correlation(p, q, HALF, &one, &overlap);
        if (r > best) {
            best = r;
            *box = one;
        }
    }
    return best;
}

/* How well they fit after moving, from a start: finely, by way of a coarse fit or at once. */
static float fit_from(const float *p, const float *q, const float *hp, const float *hq, ay_box box)
{
    ay_box coarse = box;
    float overlap, best = 0;

    ay_box_fit(hp, hq, HALF, &coarse);
    for (int i = 0; i < 2 && best < 0.97f; i++) {
        ay_box at = i == 0 ? coarse : box;
        float r;
        if (i == 0 && ay_box_correlation(hp, hq, HALF, &at, &overlap) < 0.75f)
            continue;
        ay_box_fit(p, q, N, &at);
        r = ay_box_correlation(p, q, N, &at, &overlap);
        if (overlap > 0.6f && r > best)
            best = r;
    }
    return best;
}

float ay_print_compare(const ay_print *a, const ay_print *b)
{
    float p[N * N], q[N * N], hp[HALF * HALF], hq[HALF * HALF], overlap, whole;
    ay_box box = AY_BOX_WHOLE;

    if (ay_print_plain(a) || ay_print_plain(b))
        return 0;
    for (int i = 0; i < N * N; i++)
        p[i] = a->luma[i], q[i] = b->luma[i];
    whole = ay_box_correlation(p, q, N, &box, &overlap);
    if (whole < 0.97f) {
        halve(a->luma, hp);
        halve(b->luma, hq);
        if (best_start(hp, hq, &box) >= LEAST_START)
            whole = fmaxf(whole, fit_from(p, q, hp, hq, box));
    }
    whole -= colour_gap(a, b) * 0.01f;
    return whole > 0 ? whole : 0;
}

float ay_print_compare_turned(const ay_print *a, const ay_print *b, int orientation)
{
    ay_print turned;

    if (orientation != 1) {
        ay_print_turn(b, orientation, &turned);
        if (ay_print_glance(a, &turned) < LEAST_START)
            return 0;
        b = &turned;
    }
    return ay_print_compare(a, b);
}
