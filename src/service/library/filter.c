/* service/library/filter.c - filters as they are written: parameters, JSON, words.  What they find: filter_rows.c. */
#include "service/library/filter.h"

#include "base/clock.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { YEAR_LEAST = 1970, YEAR_MOST = 9999, LONG_WORD = 600 };

typedef enum { NAME, NAMES /* commas between */, WORD, TEXTS /* blanks between */, FROM, TO, PIXELS, BYTES, SHARE, TRUE } kind;

static const struct {
    const char *key;
    kind kind;
} fields[AY_FILTER_FIELDS] = {
    [AY_FILTER_CLASS] = {"class", NAME},
    [AY_FILTER_TAG] = {"tag", NAMES},
    [AY_FILTER_ALBUM] = {"album", NAME},
    [AY_FILTER_CLUSTER] = {"cluster", NAMES},
    [AY_FILTER_CAMERA] = {"camera", WORD},
    [AY_FILTER_FORMAT] = {"format", NAMES},
    [AY_FILTER_TEXT] = {"text", TEXTS},
    [AY_FILTER_SINCE] = {"since", FROM},
    [AY_FILTER_UNTIL] = {"until", TO},
    [AY_FILTER_TAKEN_SINCE] = {"taken_since", FROM},
    [AY_FILTER_TAKEN_UNTIL] = {"taken_until", TO},
    [AY_FILTER_MIN_SIDE] = {"min_side", PIXELS},
    [AY_FILTER_MAX_SIDE] = {"max_side", PIXELS},
    [AY_FILTER_MIN_BYTES] = {"min_bytes", BYTES},
    [AY_FILTER_MAX_BYTES] = {"max_bytes", BYTES},
    [AY_FILTER_UNTAGGED] = {"untagged", TRUE},
    [AY_FILTER_UNSORTED] = {"unsorted", TRUE},
    [AY_FILTER_PREDICTED] = {"predicted", NAME},
    [AY_FILTER_MIN_SCORE] = {"min_score", SHARE},
    [AY_FILTER_MAX_SCORE] = {"max_score", SHARE},
    [AY_FILTER_MIN_MARGIN] = {"min_margin", SHARE},
    [AY_FILTER_MAX_MARGIN] = {"max_margin", SHARE},
    [AY_FILTER_DISPUTED] = {"disputed", TRUE},
    [AY_FILTER_MODEL] = {"model", NAME},
};

static const char *const orders[AY_ORDERS] = {"newest", "oldest", "name", "largest", "taken", "album", "score", "doubt"};

/* ---- times */

static int64_t at(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = day};

    return (int64_t)timegm(&tm) * 1000000;
}

/* A year, a month or a day: its first microsecond, and the first after it. */
static bool read_period(const char *text, int64_t *from, int64_t *past)
{
    int year = 0, month = 0, day = 0, used = 0;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && !text[used]) {
        *from = at(year, month - 1, day);
        *past = at(year, month - 1, day + 1);
    } else if ((used = 0, day = 1, sscanf(text, "%4d-%2d%n", &year, &month, &used) == 2) && !text[used]) {
        *from = at(year, month - 1, 1);
        *past = at(year, month, 1);
    } else if ((used = 0, month = 1, sscanf(text, "%4d%n", &year, &used) == 1) && used == 4 && !text[used]) {
        *from = at(year, 0, 1);
        *past = at(year + 1, 0, 1);
    } else {
        return false;
    }
    return year >= YEAR_LEAST && year <= YEAR_MOST && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* "7d": seven days ago, to the minute, so that the same question within it is the same filter. */
static bool read_ago(const char *text, int64_t *out)
{
    char *end;
    long days = strtol(text, &end, 10);

    if (end == text || strcmp(end, "d") != 0 || days < 0 || days > 36500)
        return false;
    *out = (ay_clock_wall() / 60000000 - (int64_t)days * 1440) * 60000000;
    return true;
}

static bool read_moment(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

    if (!end) {
        tm = (struct tm){0};
        end = strptime(text, "%Y-%m-%dT%H:%M", &tm);
    }
    if (!end || (*end && strcmp(end, "Z") != 0))
        return false;
    *out = (int64_t)timegm(&tm) * 1000000;
    return true;
}

static bool read_time(const char *text, bool to, int64_t *out)
{
    int64_t from, past;

    if (read_ago(text, out) || read_moment(text, out))
        return true;
    if (!read_period(text, &from, &past))
        return false;
    *out = to ? past - 1 : from;
    return true;
}

/* ---- one condition */

/* 0.9 or 90%, in millionths. */
static bool read_share(const char *text, int64_t *out)
{
    size_t n = strlen(text);
    bool percent = n > 1 && n < 32 && text[n - 1] == '%';
    char number[32];
    double v;

    snprintf(number, sizeof number, "%.*s", (int)(n - percent), text);
    if (n >= sizeof number || !ay_str_to_double(number, &v) || !(v >= 0 && v <= (percent ? 100 : 1)))
        return false;
    *out = (int64_t)(v * (percent ? 1e4 : 1e6) + 0.5);
    return true;
}

static ay_status check_number(ay_condition *c, ay_err *err)
{
    const char *key = fields[c->field].key;
    kind k = fields[c->field].kind;
    size_t bytes;
    long pixels;

    if (k == FROM || k == TO) {
        if (!read_time(c->text, k == TO, &c->number))
            return ay_fail(err, AY_EINVAL, "'%s' is a day or a moment, as 2026-01-31, 2026-01, 2026-01-31T12:00:00Z, or 7d for seven days ago;"
                           " not '%.60s'", key, c->text);
    } else if (k == PIXELS) {
        if (!ay_str_to_long(c->text, 1, 1 << 24, &pixels))
            return ay_fail(err, AY_EINVAL, "'%s' is a number of pixels, not '%.60s'", key, c->text);
        c->number = pixels;
    } else if (k == BYTES) {
        if (!ay_str_to_size(c->text, &bytes))
            return ay_fail(err, AY_EINVAL, "'%s' is a number of bytes, as 500000 or 2MB, not '%.60s'", key, c->text);
        c->number = (int64_t)bytes;
    } else if (k == SHARE) {
        if (!read_share(c->text, &c->number))
            return ay_fail(err, AY_EINVAL, "'%s' is a share, as 0.9 or 90%%, not '%.60s'", key, c->text);
    } else if (k == TRUE) {
        c->number = strcmp(c->text, "true") == 0 || strcmp(c->text, "1") == 0;
        if (!c->number && strcmp(c->text, "false") != 0 && strcmp(c->text, "0") != 0)
            return ay_fail(err, AY_EINVAL, "'%s' is true or false, not '%.60s'", key, c->text);
    }
    return AY_OK;
}

static ay_status put(ay_picture_filter *f, ay_arena *a, ay_filter_field field, bool not, const char *value, ay_err *err)
{
    ay_condition c = {.field = field, .not = not};
    ay_status status;

    if (!*value)
        return AY_OK;
    if (fields[field].kind == TEXTS && strchr(value, '"'))
        return ay_fail(err, AY_EINVAL, "'%s': a quotation mark cannot be looked for", fields[field].key);
    if (not && field == AY_FILTER_MODEL)
        return ay_fail(err, AY_EINVAL, "'model' says whose opinion is meant; it cannot be excluded");
    if (!ay_utf8_valid(value, strlen(value)) || strlen(value) > AY_FILE_MAX)
        return ay_fail(err, AY_EINVAL, "'%s' is not UTF-8, or is longer than %d bytes", fields[field].key, AY_FILE_MAX);
    c.text = ay_arena_strdup(a, value);
    if (!c.text)
        return ay_fail(err, AY_ENOMEM, "reading a filter");
    status = check_number(&c, err);
    if (status != AY_OK || (fields[field].kind == TRUE && !c.number))
        return status;
    if (f->n == AY_FILTER_MOST)
        return ay_fail(err, AY_ELIMIT, "a filter has at most %d conditions", AY_FILTER_MOST);
    f->list[f->n++] = c;
    return AY_OK;
}

static ay_status add(ay_picture_filter *f, ay_arena *a, ay_filter_field field, const char *value, ay_err *err)
{
    bool not = fields[field].kind <= TEXTS && *value == '-';

    return put(f, a, field, not, value + not, err);
}

static ay_status add_split(ay_picture_filter *f, ay_arena *a, ay_filter_field field, const char *value, ay_err *err)
{
    char *rest = ay_arena_strdup(a, value), *word;
    ay_status status = rest ? AY_OK : ay_fail(err, AY_ENOMEM, "reading a filter");

    while (status == AY_OK && (word = strsep(&rest, ",")))
        status = add(f, a, field, ay_str_trim(word), err);
    return status;
}

/* What next_word() found. */
typedef struct {
    char text[LONG_WORD]; /* without its quotation marks */
    size_t colon;         /* where the value begins, after KEY: outside of quotation marks; 0: there is no key */
    bool quoted;          /* it begins with one: a text, whatever is in it */
} typed;

/* False: no more. */
static bool next_word(const char **p, typed *w)
{
    bool inside = false;
    size_t n = 0;

    while (isspace((unsigned char)**p))
        (*p)++;
    *w = (typed){.quoted = **p == '"'};
    if (!**p)
        return false;
    for (; **p && (inside || !isspace((unsigned char)**p)); (*p)++) {
        if (**p == '"') {
            inside = !inside;
            continue;
        }
        if (n + 1 < LONG_WORD)
            w->text[n++] = **p;
        if (**p == ':' && !inside && !w->colon && !w->quoted)
            w->colon = n;
    }
    return true;
}

/* A word without a key is a text of its own; -word one that must not occur. */
static ay_status add_text(ay_picture_filter *f, ay_arena *a, const typed *w, ay_err *err)
{
    bool not = !w->quoted && w->text[0] == '-' && w->text[1];

    return put(f, a, AY_FILTER_TEXT, not, w->text + not, err);
}

static ay_status add_texts(ay_picture_filter *f, ay_arena *a, const char *value, ay_err *err)
{
    ay_status status = AY_OK;
    typed w;

    while (status == AY_OK && next_word(&value, &w))
        status = add_text(f, a, &w, err);
    return status;
}

static ay_status set_order(ay_picture_filter *f, const char *value, ay_err *err)
{
    for (int i = 0; i < AY_ORDERS; i++) {
        if (strcmp(orders[i], value) == 0) {
            f->order = (ay_filter_order)i;
            f->ordered = true;
            return AY_OK;
        }
    }
    return ay_fail(err, AY_EINVAL, "'order' is newest, oldest, name, largest, taken, album, score or doubt, not '%.60s'", value);
}

ay_status ay_filter_set(ay_picture_filter *f, ay_arena *a, const char *key, const char *value, bool *known, ay_err *err)
{
    bool mine;

    if (!known)
        known = &mine;
    *known = true;
    if (strcmp(key, "order") == 0)
        return *value ? set_order(f, value, err) : AY_OK;
    for (int i = 0; i < AY_FILTER_FIELDS; i++)
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].kind == NAMES   ? add_split(f, a, (ay_filter_field)i, value, err)
                   : fields[i].kind == TEXTS ? add_texts(f, a, value, err)
                                             : add(f, a, (ay_filter_field)i, value, err);
    *known = false;
    return AY_OK;
}

bool ay_filter_is_key(const char *key)
{
    for (int i = 0; i < AY_FILTER_FIELDS; i++)
        if (strcmp(fields[i].key, key) == 0)
            return true;
    return strcmp(key, "order") == 0;
}

/* ---- JSON */

static ay_status set_value(ay_picture_filter *f, ay_arena *a, const char *key, const json_t *v, bool *known, ay_err *err)
{
    char number[32];

    *known = true;
    if (json_is_string(v))
        return ay_filter_set(f, a, key, json_string_value(v), known, err);
    if (json_is_real(v)) {
        snprintf(number, sizeof number, "%.9g", json_real_value(v));
        return ay_filter_set(f, a, key, number, known, err);
    }
    if (json_is_integer(v)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
        return ay_filter_set(f, a, key, number, known, err);
    }
    if (json_is_boolean(v))
        return ay_filter_set(f, a, key, json_is_true(v) ? "true" : "false", known, err);
    if (json_is_null(v))
        return ay_filter_set(f, a, key, "", known, err);
    return ay_fail(err, AY_EINVAL, "filter: '%.60s' is a text, a number, true, or a list of them", key);
}

ay_status ay_filter_json(ay_picture_filter *f, ay_arena *a, const json_t *object, ay_err *err)
{
    ay_status status = AY_OK;
    const char *key;
    json_t *v;

    if (!json_is_object(object))
        return ay_fail(err, AY_EINVAL, "a filter is an object, as {\"tag\": \"blue\"}");
    json_object_foreach((json_t *)(uintptr_t)object, key, v) {
        bool known = true;
        if (!json_is_array(v))
            status = set_value(f, a, key, v, &known, err);
        for (size_t i = 0; i < json_array_size(v) && status == AY_OK; i++)
            status = set_value(f, a, key, json_array_get(v, i), &known, err);
        if (status == AY_OK && !known)
            status = ay_fail(err, AY_EINVAL, "a filter has no '%.60s'", key);
        if (status != AY_OK)
            break;
    }
    return status;
}

/* ---- words */

/* Both ends of a period: taken:2026-01, added:2026. */
static ay_status set_period(ay_picture_filter *f, ay_arena *a, const char *from, const char *to, const char *value, ay_err *err)
{
    ay_status status = ay_filter_set(f, a, from, value, NULL, err);
    int64_t unused;

    if (status == AY_OK && read_ago(value, &unused))
        return AY_OK; /* taken:7d: since then */
    return status == AY_OK ? ay_filter_set(f, a, to, value, NULL, err) : status;
}

static ay_status set_word(ay_picture_filter *f, ay_arena *a, const char *key, const char *value, bool *known, ay_err *err)
{
    *known = true;
    if (strcmp(key, "taken") == 0)
        return set_period(f, a, "taken_since", "taken_until", value, err);
    if (strcmp(key, "added") == 0)
        return set_period(f, a, "since", "until", value, err);
    if (strcmp(key, "is") == 0) {
        if (strcmp(value, "untagged") != 0 && strcmp(value, "unsorted") != 0 && strcmp(value, "disputed") != 0)
            return ay_fail(err, AY_EINVAL, "'is:' is followed by untagged, unsorted or disputed, not '%.60s'", value);
        return ay_filter_set(f, a, value, "true", known, err);
    }
    if (strcmp(key, "name") == 0 || strcmp(key, "file") == 0 || strcmp(key, "text") == 0) /* its quotation marks are gone: it is one */
        return add(f, a, AY_FILTER_TEXT, value, err);
    return ay_filter_set(f, a, key, value, known, err);
}

static ay_status add_word(ay_picture_filter *f, ay_arena *a, const typed *w, ay_err *err)
{
    bool not = w->text[0] == '-' && w->text[1], known;
    char key[LONG_WORD], value[LONG_WORD + 1];
    ay_status status;

    if (!w->colon)
        return add_text(f, a, w, err);
    if (!w->text[w->colon])
        return ay_fail(err, AY_EINVAL, "'%s' is followed by nothing", w->text);
    snprintf(key, sizeof key, "%.*s", (int)(w->colon - 1 - not), w->text + not);
    for (char *c = key; *c; c++)
        *c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
    snprintf(value, sizeof value, "%s%s", not ? "-" : "", w->text + w->colon);
    status = set_word(f, a, key, value, &known, err);
    if (status == AY_OK && !known)
        status = ay_fail(err, AY_EINVAL, "no filter is called '%.60s'; a text with a colon goes in quotation marks", key);
    return status;
}

ay_status ay_filter_words(ay_picture_filter *f, ay_arena *a, const char *words, ay_err *err)
{
    ay_status status = AY_OK;
    typed w;

    if (!ay_utf8_valid(words, strlen(words)))
        return ay_fail(err, AY_EINVAL, "the filter is not UTF-8");
    while (status == AY_OK && next_word(&words, &w))
        status = add_word(f, a, &w, err);
    return status;
}

ay_status ay_filter_word(ay_picture_filter *f, ay_arena *a, const char *word, ay_err *err)
{
    const char *colon = strchr(word, ':');
    typed w = {.colon = colon ? (size_t)(colon - word) + 1 : 0};

    if (!ay_utf8_valid(word, strlen(word)) || strlen(word) >= LONG_WORD)
        return ay_fail(err, AY_EINVAL, "the filter is not UTF-8, or a word of it is longer than %d bytes", LONG_WORD - 1);
    memcpy(w.text, word, strlen(word) + 1);
    return add_word(f, a, &w, err);
}

/* ---- back to JSON */

static int by_text(const void *a, const void *b)
{
    const ay_condition *x = *(const ay_condition *const *)a, *y = *(const ay_condition *const *)b;

    return x->field != y->field ? (x->field > y->field) - (x->field < y->field) : x->not != y->not ? x->not - y->not : strcmp(x->text, y->text);
}

json_t *ay_filter_told(const ay_picture_filter *f)
{
    const ay_condition *list[AY_FILTER_MOST];
    json_t *out = json_object();
    int failed = out ? 0 : -1;

    for (int i = 0; i < f->n; i++)
        list[i] = &f->list[i];
    qsort(list, (size_t)f->n, sizeof *list, by_text);
    for (int i = 0; i < f->n && !failed; i++) {
        const char *key = fields[list[i]->field].key;
        json_t *values = json_object_get(out, key);
        if (fields[list[i]->field].kind == TRUE) {
            failed |= json_object_set_new(out, key, json_true());
            continue;
        }
        if (i && by_text(&list[i - 1], &list[i]) == 0)
            continue;
        if (!values && (values = json_array()))
            failed |= json_object_set_new(out, key, values);
        failed |= json_array_append_new(values, json_sprintf(fields[list[i]->field].kind == TEXTS ? "%s\"%s\"" : "%s%s",
                                                             list[i]->not ? "-" : "", list[i]->text));
    }
    if (failed)
        json_decref(out);
    return failed ? NULL : out;
}

const char *ay_filter_model(const ay_picture_filter *f)
{
    for (int i = 0; i < f->n; i++)
        if (f->list[i].field == AY_FILTER_MODEL)
            return f->list[i].text;
    return NULL;
}

/* ---- as a key */

void ay_filter_key(const ay_picture_filter *f, ay_buf *out)
{
    ay_buf_printf(out, "%d", (int)f->order);
    for (int i = 0; i < f->n; i++) {
        const ay_condition *c = &f->list[i];
        if (fields[c->field].kind <= TEXTS)
            ay_buf_printf(out, "|%d%c%zu:%s", (int)c->field, c->not ? '-' : '+', strlen(c->text), c->text);
        else
            ay_buf_printf(out, "|%d=%lld", (int)c->field, (long long)c->number);
    }
}
