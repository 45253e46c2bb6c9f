#include "service/words/labels.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "text/unicode.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

enum { FILE_MOST = 1 << 20 };

/* ---- one text ---- */

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* The code points of text without the blanks at its ends. */
static ay_status trimmed(const char *text, ay_points *out, ay_err *err)
{
    ay_points all = {0};
    size_t from = 0, to;
    ay_status status = ay_points_decode(&all, text, strlen(text), err);

    for (to = all.n; to > 0 && ay_uni_is_blank(all.c[to - 1]); to--)
        continue;
    while (from < to && ay_uni_is_blank(all.c[from]))
        from++;
    for (size_t i = from; i < to && status == AY_OK; i++)
        if (is_control(all.c[i]))
            status = ay_fail(err, AY_EINVAL, "there is a control character (number %u) inside",
                             (unsigned)all.c[i]);
    ay_points_append(out, all.c + from, status == AY_OK ? to - from : 0);
    if (status == AY_OK && (all.failed || out->failed))
        status = ay_fail(err, AY_ENOMEM, "reading a text");
    ay_points_fini(&all);
    return status;
}

/* p as UTF-8 in the arena; NULL when memory is refused. */
static const char *as_text(const ay_points *p, ay_arena *a)
{
    ay_buf b = {0};
    const char *out;

    ay_points_encode(p->c, p->n, &b);
    ay_buf_putc(&b, '\0');
    out = b.failed ? NULL : ay_arena_strdup(a, b.data);
    ay_buf_fini(&b);
    return out;
}

/* *shown: text without blanks at its ends; *key: the same in small letters. */
static ay_status normal(const char *text, ay_arena *a, const char **shown, const char **key,
                        ay_err *err)
{
    ay_points p = {0}, small = {0};
    ay_status status = trimmed(text, &p, err);

    ay_uni_lower(p.c, p.n, true, &small);
    if (status == AY_OK && (small.failed || !(*shown = as_text(&p, a)) || !(*key = as_text(&small, a))))
        status = ay_fail(err, AY_ENOMEM, "reading a text");
    ay_points_fini(&p);
    ay_points_fini(&small);
    return status;
}

ay_status ay_theme_normal(const char *text, ay_arena *a, const char **out, ay_err *err)
{
    ay_points p = {0}, small = {0};
    ay_status status = trimmed(text, &p, err);

    if (status == AY_OK)
        ay_uni_lower(p.c, p.n, true, &small);
    if (small.n > AY_THEME_CHARS)
        small.n = AY_THEME_CHARS;
    while (small.n > 0 && ay_uni_is_blank(small.c[small.n - 1]))
        small.n--;
    if (status != AY_OK)
        ay_err_wrap(err, "the theme");
    else if (small.failed || !(*out = as_text(&small, a)))
        status = ay_fail(err, AY_ENOMEM, "reading a theme");
    ay_points_fini(&p);
    ay_points_fini(&small);
    return status;
}

bool ay_label_sensitive(const char *label)
{
    static const char *const parts[] = {"nsfw", "adult", "explicit", "porn", "sexual"};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(label, parts[i]))
            return true;
    return false;
}

/* ---- lists ---- */

/* Is key among the n before?  A list of some hundreds is read faster than a table is built. */
static bool is_double(const char *const *keys, int n, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static ay_status take_one(ay_labels *out, const char **keys, const char *text, int most, ay_arena *a,
                          ay_err *err)
{
    const char *shown = "", *key = "";
    ay_status status = normal(text, a, &shown, &key, err);

    if (status != AY_OK || !*shown || is_double(keys, out->n, key))
        return status;
    if (strlen(shown) > AY_LABEL_BYTES)
        return ay_fail(err, AY_EINVAL, "it has %zu bytes; %d is the most", strlen(shown), AY_LABEL_BYTES);
    if (out->n >= most) {
        out->dropped++;
        return AY_OK;
    }
    keys[out->n] = key;
    out->item[out->n++] = shown;
    return AY_OK;
}

ay_status ay_labels_take(ay_labels *out, const char *const *texts, int n, int most, ay_arena *a,
                         ay_err *err)
{
    int cap = n < most ? n : most;
    const char **keys = ay_arena_alloc(a, (size_t)(cap + 1) * sizeof *keys);
    ay_status status = AY_OK;

    *out = (ay_labels){.item = ay_arena_alloc(a, (size_t)(cap + 1) * sizeof *out->item)};
    if (!keys || !out->item)
        return ay_fail(err, AY_ENOMEM, "a list of %d labels", n);
    for (int i = 0; i < n && status == AY_OK; i++) {
        status = take_one(out, keys, texts[i], most, a, err);
        if (status != AY_OK)
            ay_err_wrap(err, "label %d", i + 1);
    }
    if (status == AY_OK && out->n == 0)
        status = ay_fail(err, AY_EINVAL, "there is no label to choose from: name at least one");
    return status;
}

static ay_status read_json(ay_labels *raw, const char *text, ay_arena *a, ay_err *err)
{
    json_error_t why;
    json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    ay_status status = AY_OK;
    size_t n = json_array_size(list);

    if (!list)
        return ay_fail(err, AY_EINVAL, "the labels are not JSON: %s (line %d)", why.text, why.line);
    if (n > 4 * AY_LABELS_MOST)
        status = ay_fail(err, AY_EINVAL, "%zu labels are too many", n);
    else if (!(raw->item = ay_arena_alloc(a, (n + 1) * sizeof *raw->item)))
        status = ay_fail(err, AY_ENOMEM, "%zu labels", n);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_string(v))
            status = ay_fail(err, AY_EINVAL, "label %zu is not a string", i + 1);
        else if (!(raw->item[raw->n++] = ay_arena_strdup(a, json_string_value(v))))
            status = ay_fail(err, AY_ENOMEM, "%zu labels", n);
    }
    json_decref(list);
    return status;
}

static ay_status read_split(ay_labels *raw, const char *text, ay_arena *a, ay_err *err)
{
    char between = strchr(text, '\n') ? '\n' : ',';
    char *rest = ay_arena_strdup(a, text), *word, stop[2] = {between, '\0'};
    size_t n = 1;

    for (const char *p = text; *p; p++)
        n += *p == between;
    if (n > 4 * AY_LABELS_MOST)
        return ay_fail(err, AY_EINVAL, "%zu labels are too many", n);
    raw->item = ay_arena_alloc(a, n * sizeof *raw->item);
    if (!rest || !raw->item)
        return ay_fail(err, AY_ENOMEM, "%zu labels", n);
    while ((word = strsep(&rest, stop)))
        raw->item[raw->n++] = word;
    return AY_OK;
}

ay_status ay_labels_parse(ay_labels *out, const char *text, int most, ay_labels *raw, ay_arena *a,
                          ay_err *err)
{
    const char *start = text + strspn(text, " \t\r\n");
    ay_labels sent = {0};
    ay_status status = *start == '[' ? read_json(&sent, start, a, err)
                                     : read_split(&sent, text, a, err);

    if (status == AY_OK)
        status = ay_labels_take(out, sent.item, sent.n, most, a, err);
    if (raw)
        *raw = sent;
    return status;
}

ay_status ay_labels_read(ay_labels *out, const char *path, int most, ay_arena *a, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(path, FILE_MOST, &text, err);

    if (status == AY_OK && text.len && strlen(text.data) != text.len)
        status = ay_fail(err, AY_EINVAL, "there is a zero byte in it");
    if (status == AY_OK)
        status = ay_labels_parse(out, text.data ? text.data : "", most, NULL, a, err);
    if (status != AY_OK)
        ay_err_wrap(err, "the labels of %s", path);
    ay_buf_fini(&text);
    return status;
}

ay_status ay_labels_defaults(ay_labels *out, const char *text, const char *path, int most, ay_arena *a,
                             ay_err *err)
{
    ay_status status;

    if (text && *text) {
        status = ay_labels_parse(out, text, most, NULL, a, err);
        if (status != AY_OK)
            ay_err_wrap(err, "the default labels");
        return status;
    }
    return path && *path ? ay_labels_read(out, path, most, a, err)
                         : ay_labels_take(out, ay_labels_builtin, ay_labels_builtin_count, most, a, err);
}
