/* Every chart with two classes and with fifty, one epoch and many, plain and hostile names.  What is
 * drawn lies in build/plots afterwards, for eyes. */
#include "plot/plot.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "plot/axes.h"
#include "plot/font.h"

#include <math.h>

enum { MANY = 50 };

static const char *const part[MANY] = {
    "AIR COMPRESSOR", "ALTERNATOR", "BATTERY", "BRAKE CALIPER", "BRAKE PAD", "BRAKE ROTOR", "CAMSHAFT",
    "CARBERATOR", "CLUTCH PLATE", "COIL SPRING", "CRANKSHAFT", "CYLINDER HEAD", "DISTRIBUTOR",
    "ENGINE BLOCK", "ENGINE VALVE", "FUEL INJECTOR", "FUSE BOX", "GAS CAP", "HEADLIGHTS", "IDLER ARM",
    "IGNITION COIL", "INSTRUMENT CLUSTER", "LEAF SPRING", "LOWER CONTROL ARM", "MUFFLER", "OIL FILTER",
    "OIL PAN", "OIL PRESSURE SENSOR", "OVERFLOW TANK", "OXYGEN SENSOR", "PISTON", "PRESSURE PLATE",
    "RADIATOR", "RADIATOR FAN", "RADIATOR HOSE", "RADIO", "RIM", "SHIFT KNOB", "SIDE MIRROR",
    "SPARK PLUG", "SPOILER", "STARTER", "TAILLIGHTS", "THERMOSTAT", "TORQUE CONVERTER", "TRANSMISSION",
    "VACUUM BRAKE BOOSTER", "VALVE LIFTER", "WATER PUMP", "WINDOW REGULATOR"};
static const char *const hostile[6] = {
    "<script>alert(1)</script>", "a\"b'c&d", "line\nbreak\x01\xff\xc3(",
    "a very long class name that nobody would choose but a folder may well have, part 17 of 23",
    ("\xe2\x80\xae" "desrever"), "\xe9\x8b\xbc\xe6\x9d\xbf \xc3\xa4\xc3\xb6\xc3\xbc"};

/* One opening for each closing tag, no raw ampersand, no control character. */
static void check_markup(const ay_buf *b)
{
    int depth = 0;

    for (size_t i = 0; i < b->len; i++) {
        char c = b->data[i];
        CHECK((unsigned char)c >= 32 || c == '\n');
        if (c == '&')
            CHECK(!strncmp(b->data + i, "&amp;", 5) || !strncmp(b->data + i, "&lt;", 4) ||
                  !strncmp(b->data + i, "&gt;", 4) || !strncmp(b->data + i, "&quot;", 6) ||
                  !strncmp(b->data + i, "&#39;", 5));
        if (c != '<')
            continue;
        const char *end = strchr(b->data + i, '>');
        CHECK(end);
        if (b->data[i + 1] == '/')
            depth--;
        else if (b->data[i + 1] != '?' && end[-1] != '/')
            depth++;
        CHECK(depth >= 0);
        i = (size_t)(end - b->data);
    }
    CHECK(depth == 0);
}

/* Both forms, twice the same bytes; kept under build/plots.  Ends the chart. */
static void keep(ay_canvas *c, const char *name)
{
    char path[256];
    ay_buf a = {0}, b = {0}, png = {0};
    ay_image im;
    ay_err err = {{0}};

    CHECK_OK(ay_canvas_svg(c, AY_THEME_AUTO, false, &a, &err), err);
    CHECK_OK(ay_canvas_svg(c, AY_THEME_AUTO, false, &b, &err), err);
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    check_markup(&a);
    CHECK(strstr(a.data, "<text") && !strstr(a.data, "<script") && !strstr(a.data, "http://www.w3.org/1"));
    CHECK_OK(ay_canvas_png(c, AY_THEME_LIGHT, 1, &png, &err), err);
    CHECK_OK(ay_image_decode(png.data, png.len, NULL, &im, &err), err);
    CHECK(im.width == (int)ceil(ay_canvas_width(c)) && im.height >= (int)ceil(ay_canvas_height(c)));
    ay_image_fini(&im);
    CHECK_OK(ay_file_mkdirs("build/plots", &err), err);
    snprintf(path, sizeof path, "build/plots/%s.svg", name);
    CHECK_OK(ay_canvas_save(c, AY_THEME_AUTO, path, &err), err);
    snprintf(path, sizeof path, "build/plots/%s.png", name);
    CHECK_OK(ay_canvas_save(c, AY_THEME_LIGHT, path, &err), err);
    snprintf(path, sizeof path, "build/plots/%s-dark.png", name);
    CHECK_OK(ay_canvas_save(c, AY_THEME_DARK, path, &err), err);
    ay_buf_fini(&a);
    ay_buf_fini(&b);
    ay_buf_fini(&png);
    ay_canvas_destroy(c);
}

static void confusion_of(int classes, const char *const *names, int support, const char *name)
{
    int64_t *n = ay_calloc((size_t)classes * (size_t)classes, sizeof *n);
    ay_canvas *c;
    ay_rng r;
    ay_err err = {{0}};

    ay_rng_init(&r, 1);
    for (int i = 0; i < classes; i++)
        for (int k = 0; k < support; k++)
            n[i * classes + (ay_rng_below(&r, 5) ? i : (int)ay_rng_below(&r, (uint32_t)classes))]++;
    for (int rows = 0; rows < 2; rows++) {
        char file[64];
        snprintf(file, sizeof file, "confusion-%s-%s", name, rows ? "rows" : "counts");
        CHECK_OK(ay_plot_confusion(&c, n, classes, names, rows, &err), err);
        keep(c, file);
    }
    ay_free(n);
}

static void confusion(void)
{
    const char *two[] = {"ok", "not ok"};

    confusion_of(2, two, 12345, "2");
    confusion_of(6, hostile, 100, "hostile");
    confusion_of(MANY, part, 30, "50");
    confusion_of(1, two, 3, "1");
}

/* More classes than anybody reads: the worst of them, in a chart of bounded size. */
static void thousands(void)
{
    enum { N = 2500 };
    int64_t *n = ay_calloc((size_t)N * N, sizeof *n);
    const char **names = ay_calloc(N, sizeof *names);
    ay_plot_class *row = ay_calloc(N, sizeof *row);
    ay_buf svg = {0};
    ay_canvas *c;
    ay_err err = {{0}};

    for (int i = 0; i < N; i++) {
        names[i] = part[i % MANY];
        n[i * N + i] = 3;
        row[i] = (ay_plot_class){names[i], 0.9, 0.9, 0.9, i % 3};
    }
    names[1700] = "worst of all";
    n[1700 * N + 1701] = 2;
    row[1700] = (ay_plot_class){names[1700], 0.1, 0.1, 0.1, 3};
    CHECK_OK(ay_plot_confusion(&c, n, N, names, false, &err), err);
    CHECK(ay_canvas_height(c) < 3000 && ay_canvas_width(c) < 3000);
    CHECK_OK(ay_canvas_svg(c, AY_THEME_AUTO, false, &svg, &err), err);
    CHECK(strstr(svg.data, "worst of all") && strstr(svg.data, "7500 of 7502 right") && strstr(svg.data, "of 2500"));
    ay_buf_fini(&svg);
    keep(c, "confusion-2500");
    CHECK_OK(ay_plot_classes(&c, row, N, 0.7, &err), err);
    CHECK(ay_canvas_height(c) < 4000);
    CHECK_OK(ay_canvas_svg(c, AY_THEME_AUTO, false, &svg, &err), err);
    CHECK(strstr(svg.data, "worst of all") && strstr(svg.data, "1 of 2500"));
    ay_buf_fini(&svg);
    keep(c, "classes-2500");
    ay_free(n);
    ay_free(names);
    ay_free(row);
}

static void curves_of(int epochs, const char *name)
{
    double loss[400], val[400], right[400], valid[400], f1[400], rate[400];
    ay_curves h = {epochs, loss, val, right, valid, f1, rate, epochs * 2 / 3};
    ay_canvas *c;
    ay_err err = {{0}};

    for (int i = 0; i < epochs; i++) {
        double t = epochs > 1 ? i / (epochs - 1.0) : 0;
        loss[i] = 2 * exp(-4 * t) + 0.05;
        val[i] = 2 * exp(-4 * t) + 0.2 + 0.2 * t * t + 0.04 * sin(i * 1.7);
        right[i] = 1 - 0.8 * exp(-4 * t);
        valid[i] = 0.97 - 0.8 * exp(-4 * t) + 0.01 * sin(i);
        f1[i] = valid[i] - 0.03;
        rate[i] = 1e-3 * (1e-3 + 0.5 + 0.499 * cos(3.14159 * t));
    }
    if (epochs > 20)
        val[9] = NAN;
    CHECK_OK(ay_plot_curves(&c, &h, &err), err);
    keep(c, name);
}

static void curves(void)
{
    ay_curves none = {0};
    ay_canvas *c;
    ay_err err = {{0}};

    curves_of(1, "curves-1");
    curves_of(15, "curves-15");
    curves_of(400, "curves-400");
    CHECK(ay_plot_curves(&c, &none, &err) == AY_EINVAL && !c);
}

static void reliability(void)
{
    ay_plot_bin bin[10];
    int64_t bars[50] = {0};
    ay_canvas *c;
    ay_err err = {{0}};

    for (int b = 0; b < 10; b++)
        bin[b] = (ay_plot_bin){b / 10.0, (b + 1) / 10.0, b > 2 ? 5 * b : 0, b / 10.0 + 0.06,
                               b > 7 ? 0.93 : b / 10.0 - 0.02};
    for (int b = 15; b < 50; b++)
        bars[b] = (b - 14) * (b - 14) / 9;
    CHECK_OK(ay_plot_reliability(&c, bin, 10, bars, 50, 0.043, 0.121, 0.7, &err), err);
    keep(c, "reliability");
    memset(bars, 0, sizeof bars);
    for (int b = 0; b < 10; b++)
        bin[b].count = 0;
    bin[9] = (ay_plot_bin){0.9, 1, 3, 0.999, 1};
    bars[49] = 3;
    CHECK_OK(ay_plot_reliability(&c, bin, 10, bars, 50, 0.001, 0.001, NAN, &err), err);
    keep(c, "reliability-sure");
}

static void classes(void)
{
    ay_plot_class row[MANY];
    ay_canvas *c;
    ay_err err = {{0}};

    for (int i = 0; i < MANY; i++)
        row[i] = (ay_plot_class){part[i], 1 - 0.011 * (i * 7 % 50), 1 - 0.009 * (i * 11 % 50),
                                 1 - 0.01 * (i * 9 % 50), 30 + i};
    row[3] = (ay_plot_class){part[3], 0, 0, 0, 0};
    CHECK_OK(ay_plot_classes(&c, row, MANY, 0.7, &err), err);
    keep(c, "classes-50");
    for (int i = 0; i < 6; i++)
        row[i].name = hostile[i];
    CHECK_OK(ay_plot_classes(&c, row, 6, 0.7, &err), err);
    keep(c, "classes-hostile");
    CHECK_OK(ay_plot_classes(&c, row, 2, NAN, &err), err);
    keep(c, "classes-2");
}

static void risk(void)
{
    enum { N = 500 };
    double r[N];
    ay_canvas *c;
    ay_err err = {{0}};

    for (int i = 0; i < N; i++)
        r[i] = 0.09 * pow(i / (double)N, 3);
    CHECK_OK(ay_plot_risk(&c, r, N, 0.021, 0.86, 0.7, &err), err);
    keep(c, "risk");
    r[0] = 0;
    CHECK_OK(ay_plot_risk(&c, r, 1, 0, 1, 0.7, &err), err);
    keep(c, "risk-1");
}

static void paint(ay_image *im, int seed)
{
    for (int y = 0; y < im->height; y++)
        for (int x = 0; x < im->width; x++) {
            uint8_t *p = im->data + 3 * (y * im->width + x);
            p[0] = (uint8_t)(x * 255 / im->width);
            p[1] = (uint8_t)(y * 255 / im->height);
            p[2] = (uint8_t)(seed * 40 + ((x / 8 + y / 8) & 1) * 60);
        }
}

static void sheet(void)
{
    ay_image im[6];
    ay_plot_tile tile[7] = {{0}};
    ay_canvas *c;
    ay_err err = {{0}};

    for (int i = 0; i < 6; i++) {
        CHECK_OK(ay_image_create(&im[i], i == 2 ? 300 : 120, i == 4 ? 20 : 160, &err), err);
        paint(&im[i], i);
        tile[i] = (ay_plot_tile){&im[i], {hostile[i], "taken for PISTON, 99 %", "val/PISTON/a long file name 000123.jpg"}, true};
    }
    tile[6] = (ay_plot_tile){NULL, {"OIL PAN", "taken for RIM, 91 %", "gone.jpg"}, true};
    CHECK_OK(ay_plot_sheet(&c, "Most confident mistakes", "7 of 31", tile, 7, &err), err);
    keep(c, "sheet");
    CHECK_OK(ay_plot_sheet(&c, "Most confident mistakes", "None: every picture was right.", tile, 0, &err), err);
    keep(c, "sheet-none");
    CHECK_OK(ay_plot_heat(&c, &im[0], &im[2], "Where the network looked", "for PISTON, 98.2 %", &err), err);
    keep(c, "heat");
    for (int i = 0; i < 6; i++)
        ay_image_fini(&im[i]);
}

static void ticks(void)
{
    double at[AY_TICKS_MAX];
    ay_scale s = {.lo = 0, .hi = 1, .want = 5};

    CHECK(ay_scale_ticks(&s, at) == 6 && at[0] == 0 && fabs(at[3] - 0.6) < 1e-12);
    s = (ay_scale){.kind = AY_SCALE_LOG, .lo = 1e-6, .hi = 1e-3};
    CHECK(ay_scale_ticks(&s, at) == 4 && fabs(at[0] / 1e-6 - 1) < 1e-9);
    s = (ay_scale){.kind = AY_SCALE_WHOLE, .lo = 1, .hi = 3, .want = 10};
    CHECK(ay_scale_ticks(&s, at) == 3 && at[2] == 3);
    s = (ay_scale){.lo = 0.3, .hi = 0.3};
    ay_scale_round(&s);
    CHECK(s.lo < 0.3 && s.hi > 0.3);
    s = (ay_scale){.lo = NAN, .hi = NAN};
    ay_scale_round(&s);
    CHECK(s.lo == 0 && s.hi == 1);
}

static void words(void)
{
    ay_buf b = {0};

    ay_text_escape("<a href=\"x\">&'\n\x7f\xff\xe2\x80\xae", &b);
    CHECK(!strcmp(b.data, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;  \xef\xbf\xbd\xef\xbf\xbd"));
    ay_buf_fini(&b);
    ay_text_fit("abcdefghijklmnopqrstuvwxyz", 10, false, 80, &b);
    CHECK(b.len < 26 && strstr(b.data, "\xe2\x80\xa6") && b.data[b.len - 1] == 'z');
    CHECK(ay_text_width(b.data, 10, false) <= 80);
    ay_buf_fini(&b);
    CHECK(fabs(ay_text_width("A", 1000, false) - 684) < 1); /* DejaVu Sans, A: 1401 of 2048 */
}

static void no_memory(void)
{
    int64_t n[4] = {5, 1, 2, 7};
    const char *two[] = {"ok", "not ok"};

    for (long k = 0; k < 60; k++) {
        long live = ay_mem_live();
        ay_canvas *c = NULL;
        ay_buf out = {0};
        ay_mem_fail_after(k);
        ay_status status = ay_plot_confusion(&c, n, 2, two, true, NULL);
        if (status == AY_OK)
            status = ay_canvas_svg(c, AY_THEME_AUTO, false, &out, NULL);
        ay_mem_fail_after(-1);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        ay_canvas_destroy(c);
        ay_buf_fini(&out);
        CHECK(ay_mem_live() == live);
    }
}

static void paint_word(const char *word, ay_image *im)
{
    ay_buf png = {0};
    ay_canvas *c;
    ay_err err = {{0}};

    CHECK_OK(ay_canvas_create(&c, 100.4, 40.2, "word", "word", &err), err);
    ay_canvas_text(c, 10, 20, &(ay_type){.size = 14}, word);
    CHECK_OK(ay_canvas_png(c, AY_THEME_LIGHT, 2, &png, &err), err);
    CHECK_OK(ay_image_decode(png.data, png.len, NULL, im, &err), err);
    ay_canvas_destroy(c);
    ay_buf_fini(&png);
}

/* U+0378 and U+0379 are letters that nobody has defined, so no font has them: the chart grows by a
 * note, and the two still look different. */
static void letters_without_a_font(void)
{
    static const char *const word[] = {"\xcd\xb8", "\xcd\xb9", "Ph\xe1\xbb\x9f", "plain"};
    ay_image im[4];
    ay_fonts fonts;

    for (int i = 0; i < 4; i++)
        paint_word(word[i], &im[i]);
    CHECK(im[3].width == 201 && im[3].height == 81 && im[2].height == 81);
    CHECK(im[0].height > 81 + 20 && im[1].height == im[0].height);
    CHECK(memcmp(im[0].data, im[1].data, 201 * 81 * 3) != 0);
    for (int k = 0; k < 3; k++) /* paper to the last pixel, although the drawing ends amid it */
        CHECK(im[3].data[201 * 81 * 3 - 1 - k] == 255);
    for (int i = 0; i < 4; i++)
        ay_image_fini(&im[i]);
    ay_fonts_init(&fonts);
    CHECK(ay_fonts_family(&fonts, 'A') && !fonts.missing && ay_fonts_same(&fonts, 'b'));
    CHECK(!ay_fonts_family(&fonts, 0x378) && fonts.missing);
    ay_fonts_fini(&fonts);
}

/* Few and many rows, hostile names, nothing measured, and values that are no numbers. */
static void similarities(void)
{
    static const char *const kinds[2] = {"right", "<b>wrong"};
    double value[2][400];
    const double *v[2] = {value[0], value[1]};
    ay_plot_margin m[200];
    ay_plot_rate r[200];
    ay_err err = {{0}};
    ay_canvas *c;
    ay_rng rng;

    ay_rng_init(&rng, 5);
    for (int i = 0; i < 400; i++) {
        value[0][i] = 0.9 - 0.1 * fabs(ay_rng_normal(&rng));
        value[1][i] = i == 7 ? NAN : 0.4 + 0.2 * ay_rng_normal(&rng);
    }
    CHECK_OK(ay_plot_similarity(&c, v, (int64_t[]){400, 60}, kinds, "Similarities", &err), err);
    keep(c, "similarity");
    CHECK_OK(ay_plot_similarity(&c, v, (int64_t[]){1, 0}, kinds, "One", &err), err);
    keep(c, "similarity-one");
    CHECK_OK(ay_plot_similarity(&c, v, (int64_t[]){0, 0}, kinds, "None", &err), err);
    keep(c, "similarity-none");
    for (int i = 0; i < 200; i++) {
        double at = ay_rng_range(&rng, 0.3, 0.9);
        m[i] = (ay_plot_margin){i < 6 ? hostile[i] : part[i % MANY], at, at + 0.03, at + 0.08, at - 0.5, at - 0.3, at - 0.1 + 0.15 * (i % 3 == 0), at - 0.02, 12, 90};
        r[i] = (ay_plot_rate){m[i].name, at, at - 0.1, at + 0.05, 9, 10};
    }
    m[1].own_lo = m[1].own_mid = m[1].own_hi = m[2].threshold = r[1].rate = NAN;
    CHECK_OK(ay_plot_margins(&c, m, 7, &err), err);
    keep(c, "margins");
    CHECK_OK(ay_plot_margins(&c, m, 200, &err), err);
    keep(c, "margins-200");
    CHECK_OK(ay_plot_rates(&c, "Right by class", r, 7, &err), err);
    keep(c, "rates");
    CHECK_OK(ay_plot_rates(&c, "Right by class", r, 200, &err), err);
    keep(c, "rates-200");
    CHECK(ay_plot_margins(&c, m, 0, &err) == AY_EINVAL && ay_plot_rates(&c, "none", r, 0, &err) == AY_EINVAL);
}

TESTS({"confusion matrix", confusion}, {"thousands of classes", thousands}, {"training curves", curves},
      {"reliability diagram", reliability}, {"bars by class", classes}, {"risk and coverage", risk},
      {"similarities", similarities},
      {"picture sheet and heat map", sheet}, {"ticks are round", ticks},
      {"text is repaired, escaped, cut", words}, {"refused memory is said", no_memory},
      {"letters without a font", letters_without_a_font})
