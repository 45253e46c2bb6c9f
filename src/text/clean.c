#include "text/clean.h"
#include "text/entities.h"
#include "text/tables.h"

#include <string.h>

static const struct {
    uint32_t c;
    uint32_t as[4];
} ligatures[] = {
    {0x132, {'I', 'J'}},  {0x133, {'i', 'j'}},   {0x149, {0x2bc, 'n'}},  {0x1f1, {'D', 'Z'}},
    {0x1f2, {'D', 'z'}},  {0x1f3, {'d', 'z'}},   {0x1c4, {'D', 0x17d}},  {0x1c5, {'D', 0x17e}},
    {0x1c6, {'d', 0x17e}}, {0x1c7, {'L', 'J'}},  {0x1c8, {'L', 'j'}},    {0x1c9, {'l', 'j'}},
    {0x1ca, {'N', 'J'}},  {0x1cb, {'N', 'j'}},   {0x1cc, {'n', 'j'}},    {0xfb00, {'f', 'f'}},
    {0xfb01, {'f', 'i'}}, {0xfb02, {'f', 'l'}},  {0xfb03, {'f', 'f', 'i'}},
    {0xfb04, {'f', 'f', 'l'}}, {0xfb05, {0x17f, 't'}}, {0xfb06, {'s', 't'}}};

static bool put_ligature(uint32_t c, ay_points *out)
{
    for (size_t i = 0; i < sizeof ligatures / sizeof *ligatures; i++) {
        if (ligatures[i].c != c)
            continue;
        for (const uint32_t *p = ligatures[i].as; *p; p++)
            ay_points_add(out, *p);
        return true;
    }
    return false;
}

static uint32_t usual_width(uint32_t c)
{
    size_t lo = 0, hi = ay_uni_widths_count;

    if (c != 0x3000 && (c < 0xff01 || c > 0xffef))
        return c;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c > ay_uni_widths[mid * 2])
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ay_uni_widths_count && ay_uni_widths[lo * 2] == c ? ay_uni_widths[lo * 2 + 1] : c;
}

static uint32_t straight_quote(uint32_t c)
{
    return c >= 0x201c && c <= 0x201f                   ? '"'
           : c == 0x2bc || (c >= 0x2018 && c <= 0x201b) ? '\''
                                                        : c;
}

/* ftfy's fixers that look at one character, in its order. */
static void put_plain(uint32_t c, ay_points *out)
{
    size_t from = out->n;

    if (c >= 0x80 && c <= 0x9f)
        c = ay_entities_windows(c);
    if (c == 0xffe3) { /* the only wide form that becomes two */
        ay_points_add(out, ' ');
        ay_points_add(out, 0x304);
    } else if (!put_ligature(c, out)) {
        ay_points_add(out, usual_width(c));
    }
    for (; from < out->n; from++)
        out->c[from] = straight_quote(out->c[from]);
}

/* How long the terminal escape at c is ("ESC [ 1 ; 31 m"); 0: none. */
static size_t escape_length(const uint32_t *c, size_t n)
{
    size_t i = 2;

    if (n < 3 || c[0] != 0x1b || c[1] != '[')
        return 0;
    while (i < n && ((c[i] >= '0' && c[i] <= '9') || c[i] == ';'))
        i++;
    return i < n && c[i] < 0x80 && ay_uni_is_letter(c[i]) ? i + 1 : 0;
}

static bool is_control(uint32_t c)
{
    return c < 9 || c == 11 || (c >= 14 && c < 32) || c == 0x7f || (c >= 0x206a && c <= 0x206f) ||
           c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc);
}

/* Line ends first, over the whole; then escapes; then controls. */
static void drop_controls(ay_points *p)
{
    size_t to = 0;

    for (size_t i = 0; i < p->n; i++) {
        uint32_t c = p->c[i];
        if (c == '\r' && i + 1 < p->n && p->c[i + 1] == '\n')
            continue;
        p->c[to++] = c == '\r' || c == 0x2028 || c == 0x2029 || c == 0x85 ? '\n' : c;
    }
    p->n = to;
    to = 0;
    for (size_t i = 0; i < p->n;) {
        size_t len = escape_length(p->c + i, p->n - i);
        if (len == 0 && !is_control(p->c[i]))
            p->c[to++] = p->c[i];
        i += len ? len : 1;
    }
    p->n = to;
}

/* One line, until nothing changes.  A bound all the same: each round makes the text shorter or
 * plainer, and what takes more was written to take long. */
static void fix_line(ay_points *line, bool unescape, ay_points *was, ay_points *next)
{
    for (int round = 0; round < 64; round++) {
        was->n = 0;
        ay_points_append(was, line->c, line->n);
        if (unescape) {
            next->n = 0;
            ay_entities_ftfy(line->c, line->n, next);
            ay_points_swap(line, next);
        }
        next->n = 0;
        for (size_t i = 0; i < line->n; i++)
            put_plain(line->c[i], next);
        drop_controls(next);
        ay_uni_nfc(next);
        ay_points_swap(line, next);
        if (line->failed || was->failed || next->failed ||
            (line->n == was->n &&
             (line->n == 0 || memcmp(line->c, was->c, line->n * sizeof *was->c) == 0)))
            return;
    }
}

/* ftfy.fix_text without its guess at encodings. */
static void fix_text(ay_points *p)
{
    ay_points line = {0}, was = {0}, next = {0}, out = {.failed = p->failed};
    bool unescape = true;

    for (size_t at = 0, end; at < p->n; at = end) {
        for (end = at; end < p->n && p->c[end] != '\n'; end++)
            unescape = unescape && p->c[end] != '<';
        end += end < p->n;
        line.n = 0;
        ay_points_append(&line, p->c + at, end - at);
        fix_line(&line, unescape, &was, &next);
        ay_points_append(&out, line.c, line.n);
    }
    out.failed = out.failed || line.failed || was.failed || next.failed;
    ay_points_swap(p, &out);
    ay_points_fini(&line);
    ay_points_fini(&was);
    ay_points_fini(&next);
    ay_points_fini(&out);
}

/* " ".join(text.split()) */
static void single_spaces(ay_points *p)
{
    size_t to = 0;
    bool space = false;

    for (size_t i = 0; i < p->n; i++) {
        if (ay_uni_is_blank(p->c[i])) {
            space = to > 0;
            continue;
        }
        if (space)
            p->c[to++] = ' ';
        space = false;
        p->c[to++] = p->c[i];
    }
    p->n = to;
}

static ay_status outcome(const ay_points *p, ay_err *err)
{
    return p->failed ? ay_fail(err, AY_ENOMEM, "a text of %zu characters", p->n) : AY_OK;
}

static void make_small(ay_points *p, bool context)
{
    ay_points out = {.failed = p->failed};

    ay_uni_lower(p->c, p->n, context, &out);
    ay_points_swap(p, &out);
    ay_points_fini(&out);
}

ay_status ay_clean_openclip(ay_points *p, bool lower, ay_err *err)
{
    fix_text(p);
    for (int i = 0; i < 2; i++) {
        ay_points out = {.failed = p->failed};
        ay_entities_html(p->c, p->n, &out);
        ay_points_swap(p, &out);
        ay_points_fini(&out);
    }
    single_spaces(p);
    if (lower)
        make_small(p, true);
    return outcome(p, err);
}

ay_status ay_clean_hugging(ay_points *p, ay_err *err)
{
    size_t to = 0;

    ay_uni_nfc(p);
    for (size_t i = 0; i < p->n; i++)
        if (!ay_uni_is_space(p->c[i]))
            p->c[to++] = p->c[i];
        else if (to == 0 || p->c[to - 1] != ' ')
            p->c[to++] = ' ';
    p->n = to;
    make_small(p, false);
    return outcome(p, err);
}
