/* plot/text.c - how wide text is, and hostile text made harmless.
 *
 * Widths are those of DejaVu Sans (and so, nearly, of Verdana), in thousandths of the font size, for
 * ASCII; other letters count as an average one, East Asian ones as a whole square.  A table and not
 * the installed font: the same chart has the same bytes on every machine. */
#include "plot/list.h"

#include <stdint.h>
#include <string.h>

static const uint16_t width[2][95] = {
    {
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
        636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
        1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
        603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
        500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
        635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
    },
    {
        348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365,
        696, 696, 696, 696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580,
        1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 372, 775, 637, 995, 837, 850,
        733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838, 500,
        500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687,
        716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
    },
};

size_t ay_text_next(const char *s, uint32_t *code)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t v = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    *code = 0xfffd;
    if (n > 1 && (p[0] < 0xc2 || p[0] > 0xf4))
        return 1;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return i;
        v = v << 6 | (p[i] & 0x3f);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return n;
    *code = v;
    return n;
}

/* Marks that reorder or hide what follows have no business in a label. */
static bool is_trick(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0xfffe || c == 0xffff ||
           (c >= 0x80 && c < 0xa0);
}

void ay_text_repair(const char *s, ay_buf *out)
{
    while (*s) {
        uint32_t code;
        size_t n = ay_text_next(s, &code);
        if (code < 0x20 || code == 0x7f)
            ay_buf_putc(out, ' ');
        else if (code == 0xfffd || is_trick(code))
            ay_buf_puts(out, "\xef\xbf\xbd");
        else
            ay_buf_add(out, s, n);
        s += n;
    }
}

void ay_text_escape(const char *s, ay_buf *out)
{
    ay_buf clean = {0};

    ay_text_repair(s, &clean);
    for (size_t i = 0; i < clean.len; i++) {
        switch (clean.data[i]) {
        case '&': ay_buf_puts(out, "&amp;"); break;
        case '<': ay_buf_puts(out, "&lt;"); break;
        case '>': ay_buf_puts(out, "&gt;"); break;
        case '"': ay_buf_puts(out, "&quot;"); break;
        case '\'': ay_buf_puts(out, "&#39;"); break;
        default: ay_buf_putc(out, clean.data[i]);
        }
    }
    out->failed |= clean.failed;
    ay_buf_fini(&clean);
}

static double advance(uint32_t c, bool bold)
{
    if (c < 32 || c == 127 || (c >= 0x300 && c < 0x370))
        return 0;
    if (c < 127)
        return width[bold][c - 32] / 1000.0;
    if (c >= 0x1100 && ((c <= 0x115f) || (c >= 0x2e80 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                        (c >= 0xff00 && c <= 0xff60) || c >= 0x1f300))
        return 1;
    return bold ? 0.72 : 0.64;
}

double ay_text_width(const char *text, double size, bool bold)
{
    double sum = 0;

    while (*text) {
        uint32_t code;
        text += ay_text_next(text, &code);
        sum += advance(code, bold);
    }
    return sum * size;
}

/* Bytes of s whose width stays within room, from the front. */
static size_t front(const char *s, double room, bool bold)
{
    size_t at = 0;

    while (s[at]) {
        uint32_t code;
        size_t n = ay_text_next(s + at, &code);
        room -= advance(code, bold);
        if (room < 0)
            break;
        at += n;
    }
    return at;
}

/* Where the longest end of s begins that fits. */
static size_t back(const char *s, double room, bool bold)
{
    size_t at = strlen(s);

    while (at > 0) {
        size_t before = at - 1;
        uint32_t code;
        while (before > 0 && ((unsigned char)s[before] & 0xc0) == 0x80)
            before--;
        ay_text_next(s + before, &code);
        room -= advance(code, bold);
        if (room < 0)
            break;
        at = before;
    }
    return at;
}

void ay_text_fit(const char *s, double size, bool bold, double room, ay_buf *out)
{
    if (room <= 0 || ay_text_width(s, size, bold) <= room) {
        ay_buf_puts(out, s);
        return;
    }
    double left = room / size - 0.8;
    size_t head = front(s, left * 0.6, bold), tail = back(s, left * 0.4, bold);

    ay_buf_add(out, s, head);
    ay_buf_puts(out, "\xe2\x80\xa6");
    if (tail > head)
        ay_buf_puts(out, s + tail);
}
