/* http/h_search.c - POST /v1/search: pictures by words, by a picture, or by both. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"
#include "service/find/search.h"

#include <string.h>

/* A text of the form or of the JSON; null and "" count as absent. */
static ay_status text_field(const ay_request *rq, const char *name, const char **out, ay_err *err)
{
    const json_t *v = rq->json ? json_object_get(rq->json, name) : NULL;

    if (v && !json_is_string(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be a text", name);
    *out = ay_request_field(rq, name);
    return AY_OK;
}

/* A number of the JSON, or a text that is one.  *given: it is there and is a number; *word: else its text. */
static ay_status number_field(const ay_request *rq, const char *name, double *out, bool *given,
                              const char **word, ay_err *err)
{
    const json_t *v = rq->json ? json_object_get(rq->json, name) : NULL;

    *word = NULL;
    *given = v && json_is_number(v);
    if (*given) {
        *out = json_number_value(v);
        return AY_OK;
    }
    if (v && !json_is_string(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be a number", name);
    *word = ay_request_field(rq, name);
    *given = *word && ay_str_to_double(*word, out);
    return AY_OK;
}

enum { PAGE_MOST = 500 }; /* results in one answer: a request's memory has a limit */

static ay_status whole_field(const ay_request *rq, const char *name, int least, int most, int *inout, ay_err *err)
{
    const char *word;
    double v = *inout;
    bool given;
    ay_status status = number_field(rq, name, &v, &given, &word, err);

    if (status == AY_OK && ((word && !given) || !(v >= least && v <= most) || v != (int)v))
        status = ay_fail(err, AY_EINVAL, "'%s' must be a whole number from %d to %d", name, least, most);
    *inout = status == AY_OK ? (int)v : 0;
    return status;
}

static ay_status read_cutoff(const ay_request *rq, ay_find_request *q, ay_err *err)
{
    const char *word;
    bool given;
    ay_status status = number_field(rq, "cutoff", &q->least, &given, &word, err);

    if (status != AY_OK || (!word && !given))
        return status;
    q->cut = given ? AY_CUT_SCORE : strcmp(word, "none") == 0 ? AY_CUT_NONE : AY_CUT_AUTO;
    if (!given && q->cut == AY_CUT_AUTO && strcmp(word, "auto") != 0)
        return ay_fail(err, AY_EINVAL, "'cutoff' is auto, none, or a least score from 0 to 1");
    return AY_OK;
}

/* ---- minus words: a JSON array, or texts with commas between, in as many fields as one likes */

typedef struct {
    const char *item[AY_QUESTION_MINUS + 1]; /* one more than may be: then there are too many */
    int n;
} minus;

static ay_status add_split(ay_request *rq, minus *m, const char *text, ay_err *err)
{
    char *copy = ay_arena_strdup(&rq->arena, text), *rest = copy, *word;

    if (!copy)
        return ay_fail(err, AY_ENOMEM, "no memory for the form");
    while ((word = strsep(&rest, ",")) && m->n <= AY_QUESTION_MINUS)
        if (*(word = ay_str_trim(word)))
            m->item[m->n++] = word;
    return AY_OK;
}

static ay_status read_minus(ay_request *rq, minus *m, ay_err *err)
{
    const json_t *v = rq->json ? json_object_get(rq->json, "minus") : NULL;
    ay_status status = AY_OK;

    for (const ay_kv *kv = rq->fields; kv && status == AY_OK; kv = kv->next)
        if (strcmp(kv->key, "minus") == 0)
            status = add_split(rq, m, kv->value, err);
    if (status == AY_OK && json_is_string(v))
        return add_split(rq, m, json_string_value(v), err);
    if (status == AY_OK && v && !json_is_array(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'minus' must be a list of texts");
    for (size_t i = 0; i < json_array_size(v) && status == AY_OK && m->n <= AY_QUESTION_MINUS; i++) {
        const char *text = json_string_value(json_array_get(v, i));
        if (!text)
            return ay_fail(err, AY_EINVAL, "'minus': number %zu is not a text", i + 1);
        m->item[m->n++] = text;
    }
    return status;
}

/* ---- all of it */

static ay_status read_picture(const ay_request *rq, ay_find_request *q, ay_err *err)
{
    const ay_upload *u;
    ay_status status;

    if (rq->upload_count == 0)
        return AY_OK;
    status = ay_request_picture(rq, &u, err);
    if (status != AY_OK)
        return status;
    q->bytes = u->data.data;
    q->n = u->data.len;
    return AY_OK;
}

/* Keys of a filter that a search had before and reads itself. */
static bool own(const char *key)
{
    static const char *const keys[] = {"class", "since", "until", "order"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* An object of the JSON, or in a form the same as a text. */
static ay_status read_object(ay_request *rq, ay_picture_filter *f, ay_err *err)
{
    const json_t *filter = json_object_get(rq->json, "filter");
    const char *text = filter ? NULL : ay_request_field(rq, "filter");
    json_t *o = text ? json_loads(text, 0, NULL) : NULL;
    ay_status status = AY_OK;

    if (text && !o)
        return ay_fail(err, AY_EINVAL, "'filter' must be a JSON object, as {\"tag\": \"blue\"}");
    filter = o ? o : filter;
    if (filter && !json_is_null(filter))
        status = ay_filter_json(f, &rq->arena, filter, err);
    json_decref(o);
    return status;
}

/* The filter of GET /v1/pictures: an object 'filter', and its parameters as fields of their own but those that a search has anyway. */
static ay_status read_filter(ay_request *rq, ay_find_request *q, ay_err *err)
{
    ay_picture_filter *f = ay_request_alloc(rq, sizeof *f);
    ay_status status = f ? read_object(rq, f, err) : ay_fail(err, AY_ENOMEM, "no memory for the form");
    const char *key;
    json_t *v;

    for (const ay_kv *kv = rq->fields; kv && status == AY_OK; kv = kv->next)
        if (!own(kv->key))
            status = ay_filter_set(f, &rq->arena, kv->key, kv->value, NULL, err);
    json_object_foreach(rq->json, key, v) {
        if (status == AY_OK && !own(key) && ay_filter_is_key(key)) {
            json_t *one = json_pack("{s:O}", key, v);
            status = ay_filter_json(f, &rq->arena, one, err);
            json_decref(one);
        }
    }
    q->filter = status == AY_OK && f->n ? f : NULL;
    return status;
}

static ay_status read_request(ay_request *rq, minus *m, ay_find_request *q, ay_err *err)
{
    const char *since = NULL, *until = NULL;
    ay_status status = text_field(rq, "words", &q->question.words, err);

    if (!status)
        status = text_field(rq, "sha256", &q->sha256, err);
    if (!status)
        status = text_field(rq, "dataset", &q->dataset, err);
    if (!status)
        status = text_field(rq, "class", &q->klass, err);
    if (!status)
        status = text_field(rq, "since", &since, err);
    if (!status)
        status = text_field(rq, "until", &until, err);
    if (!status)
        status = ay_request_time("since", since, &q->since_us, err);
    if (!status)
        status = ay_request_time("until", until, &q->until_us, err);
    q->limit = AY_FIND_USUAL;
    if (!status)
        status = whole_field(rq, "limit", 1, PAGE_MOST, &q->limit, err);
    if (!status)
        status = whole_field(rq, "offset", 0, INT32_MAX, &q->offset, err);
    if (!status)
        status = read_cutoff(rq, q, err);
    if (!status)
        status = read_minus(rq, m, err);
    if (!status)
        status = read_filter(rq, q, err);
    if (!status)
        status = read_picture(rq, q, err);
    q->question.minus = m->item;
    q->question.nminus = m->n;
    return status;
}

ay_status ay_h_search(ay_request *rq, ay_err *err)
{
    ay_find_request q = {0};
    ay_find_answer answer;
    uint64_t pixels = 0;
    minus m = {.n = 0};
    ay_status status = read_request(rq, &m, &q, err);

    if (status != AY_OK)
        return status;
    if (q.bytes)
        pixels = ay_gate_enter(&rq->server->gate, q.bytes, q.n);
    status = ay_find_pictures(rq->service, &q, &rq->arena, &answer, err);
    if (q.bytes)
        ay_gate_leave(&rq->server->gate, pixels);
    return status ? status
                  : ay_reply_json(rq, 200, ay_view_found(&answer, answer.model), err);
}
