#include "text/unicode.h"
#include "base/mem.h"
#include "text/tables.h"

#include <string.h>

/* ---- arrays of code points ------------------------------------------------------------------- */

void ay_points_fini(ay_points *p)
{
    ay_free(p->c);
    *p = (ay_points){0};
}

static bool reserve(ay_points *p, size_t extra)
{
    size_t cap = p->cap ? p->cap : 64;
    uint32_t *c;

    if (p->failed)
        return false;
    while (cap - p->n < extra)
        cap *= 2;
    if (cap == p->cap)
        return true;
    c = ay_realloc(p->c, cap, sizeof *c);
    if (!c) {
        p->failed = true;
        return false;
    }
    p->c = c;
    p->cap = cap;
    return true;
}

void ay_points_add(ay_points *p, uint32_t c)
{
    if (reserve(p, 1))
        p->c[p->n++] = c;
}

void ay_points_append(ay_points *p, const uint32_t *c, size_t n)
{
    if (n && reserve(p, n)) {
        memcpy(p->c + p->n, c, n * sizeof *c);
        p->n += n;
    }
}

void ay_points_swap(ay_points *a, ay_points *b)
{
    ay_points t = *a;

    *a = *b;
    *b = t;
}

/* One character of UTF-8; its length, or 0 when it is none. */
static size_t decode_one(const unsigned char *s, size_t n, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t c = len == 1 ? s[0] : s[0] & (0xffu >> (len + 1));

    if (len == 0 || len > n || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    *out = c;
    return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
}

ay_status ay_points_decode(ay_points *out, const char *text, size_t n, ay_err *err)
{
    uint32_t c;

    for (size_t i = 0, len; i < n; i += len) {
        len = decode_one((const unsigned char *)text + i, n - i, &c);
        if (len == 0)
            return ay_fail(err, AY_EINVAL, "the text is not UTF-8 (byte %zu)", i + 1);
        ay_points_add(out, c);
    }
    return out->failed ? ay_fail(err, AY_ENOMEM, "a text of %zu bytes", n) : AY_OK;
}

void ay_points_encode(const uint32_t *c, size_t n, ay_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        char b[4];
        size_t len = c[i] < 0x80 ? 1 : c[i] < 0x800 ? 2 : c[i] < 0x10000 ? 3 : 4;
        uint32_t rest = c[i];
        for (size_t k = len; k-- > 1; rest >>= 6)
            b[k] = (char)(0x80 | (rest & 0x3f));
        b[0] = (char)(len == 1 ? rest : (0xf00u >> len & 0xffu) | rest);
        ay_buf_add(out, b, len);
    }
}

/* ---- kinds ----------------------------------------------------------------------------------- */

/* Is c in one of n ranges of `width` numbers that begin with first and last?  Which, or -1. */
static long find(const uint32_t *table, size_t n, size_t width, uint32_t c)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > table[mid * width + 1])
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && c >= table[lo * width] ? (long)lo : -1;
}

bool ay_uni_is_letter(uint32_t c)
{
    return c < 0x80 ? (c | 32) >= 'a' && (c | 32) <= 'z'
                    : find(ay_uni_letters, ay_uni_letters_count, 2, c) >= 0;
}

bool ay_uni_is_number(uint32_t c)
{
    return c < 0x80 ? c >= '0' && c <= '9' : find(ay_uni_numbers, ay_uni_numbers_count, 2, c) >= 0;
}

bool ay_uni_is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool ay_uni_is_blank(uint32_t c)
{
    return ay_uni_is_space(c) || (c >= 0x1c && c <= 0x1f);
}

/* ---- small letters --------------------------------------------------------------------------- */

static uint32_t lower_one(uint32_t c)
{
    size_t lo = 0, hi = ay_uni_lower_count;

    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > ay_uni_lower_runs[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    const ay_uni_run *r = &ay_uni_lower_runs[lo];
    return lo < ay_uni_lower_count && c >= r->first && (c - r->first) % r->step == 0
               ? (uint32_t)((int32_t)c + r->add)
               : c;
}

static bool ignorable(uint32_t c)
{
    return find(ay_uni_ignorable, ay_uni_ignorable_count, 2, c) >= 0;
}

static bool cased(uint32_t c)
{
    return find(ay_uni_cased, ay_uni_cased_count, 2, c) >= 0;
}

/* The Unicode standard's Final_Sigma: a cased letter before and none behind, passing over what is
 * case ignorable (marks, apostrophes). */
static bool ends_word(const uint32_t *c, size_t n, size_t i)
{
    size_t before = i, after = i + 1;

    while (before > 0 && ignorable(c[before - 1]))
        before--;
    if (before == 0 || !cased(c[before - 1]))
        return false;
    while (after < n && ignorable(c[after]))
        after++;
    return after == n || !cased(c[after]);
}

void ay_uni_lower(const uint32_t *c, size_t n, bool context, ay_points *out)
{
    for (size_t i = 0; i < n; i++) {
        if (c[i] == 0x130) { /* the dotted capital I: the only one that becomes two */
            ay_points_add(out, 'i');
            ay_points_add(out, 0x307);
        } else if (c[i] == 0x3a3 && context && ends_word(c, n, i)) {
            ay_points_add(out, 0x3c2);
        } else {
            ay_points_add(out, lower_one(c[i]));
        }
    }
}

/* ---- NFC: The Unicode Standard 3.11, annex 15 ------------------------------------------------ */

enum { S = 0xac00, L = 0x1100, V = 0x1161, T = 0x11a7, LN = 19, VN = 21, TN = 28 };

/* Index of c in a table of rows of `width` numbers ordered by the first, or -1. */
static long row_of(const uint32_t *table, size_t n, size_t width, uint32_t c)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > table[mid * width])
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && table[lo * width] == c ? (long)lo : -1;
}

static uint32_t mark_of(uint32_t c)
{
    size_t lo = 0, hi = ay_uni_marks_count;

    if (c < 0x300)
        return 0;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > ay_uni_marks[mid * 3 + 1])
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ay_uni_marks_count && c >= ay_uni_marks[lo * 3] ? ay_uni_marks[lo * 3 + 2] : 0;
}

/* Full canonical decomposition of one character; at most a few steps deep. */
static void decompose(uint32_t c, ay_points *out)
{
    long k;

    if (c >= S && c < S + LN * VN * TN) {
        ay_points_add(out, L + (c - S) / (VN * TN));
        ay_points_add(out, V + (c - S) % (VN * TN) / TN);
        if ((c - S) % TN)
            ay_points_add(out, T + (c - S) % TN);
    } else if (c >= 0xc0 && (k = row_of(ay_uni_pairs, ay_uni_pairs_count, 3, c)) >= 0) {
        decompose(ay_uni_pairs[k * 3 + 1], out);
        decompose(ay_uni_pairs[k * 3 + 2], out);
    } else if (c >= 0x340 && (k = row_of(ay_uni_singles, ay_uni_singles_count, 2, c)) >= 0) {
        decompose(ay_uni_singles[k * 2 + 1], out);
    } else {
        ay_points_add(out, c);
    }
}

/* Runs of marks in the order of their classes, equal ones as they came. */
static void order_marks(ay_points *p)
{
    for (size_t i = 1; i < p->n; i++) {
        uint32_t c = p->c[i], k = mark_of(c);
        size_t at = i;
        for (; k && at > 0 && mark_of(p->c[at - 1]) > k; at--)
            p->c[at] = p->c[at - 1];
        p->c[at] = c;
    }
}

/* What a and b become together, or 0. */
static uint32_t join(uint32_t a, uint32_t b)
{
    size_t lo = 0, hi = ay_uni_joins_count;

    if (a >= L && a < L + LN && b >= V && b < V + VN)
        return S + ((a - L) * VN + (b - V)) * TN;
    if (a >= S && a < S + LN * VN * TN && (a - S) % TN == 0 && b > T && b < T + TN)
        return a + (b - T);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const uint32_t *pair = ay_uni_pairs + (size_t)ay_uni_joins[mid] * 3;
        if (pair[1] < a || (pair[1] == a && pair[2] < b))
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == ay_uni_joins_count)
        return 0;
    const uint32_t *pair = ay_uni_pairs + (size_t)ay_uni_joins[lo] * 3;
    return pair[1] == a && pair[2] == b ? pair[0] : 0;
}

static void compose(ay_points *p)
{
    size_t starter = SIZE_MAX, to = 0;
    uint32_t last = 0; /* class of what stands before, back to the starter */

    for (size_t i = 0; i < p->n; i++) {
        uint32_t c = p->c[i], k = mark_of(c), whole = 0;
        bool blocked = starter != SIZE_MAX && to - 1 > starter && (last == 0 || last >= k);
        if (starter != SIZE_MAX && !blocked)
            whole = join(p->c[starter], c);
        if (whole) {
            p->c[starter] = whole;
            continue;
        }
        if (k == 0)
            starter = to;
        last = k;
        p->c[to++] = c;
    }
    p->n = to;
}

void ay_uni_nfc(ay_points *p)
{
    ay_points whole = {.failed = p->failed};
    size_t i = 0;

    while (i < p->n && p->c[i] < 0x300) /* nothing below joins or comes apart for good */
        i++;
    if (i == p->n)
        return;
    for (i = 0; i < p->n; i++)
        decompose(p->c[i], &whole);
    order_marks(&whole);
    compose(&whole);
    ay_points_swap(p, &whole);
    ay_points_fini(&whole);
}
