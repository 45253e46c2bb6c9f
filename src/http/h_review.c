/* http/h_review.c - what a person should look at next, the answers, and what they have brought. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"
#include "service/library/review.h"

enum { USUAL = 20, POINTS = 200 };

static json_t *text(const char *s)
{
    return s ? json_string(s) : json_null();
}

static json_t *share(double v)
{
    return v < 0 ? json_null() : ay_view_real(v);
}

static json_t *guesses_of(const ay_review_item *it)
{
    json_t *list = json_array();

    for (int i = 0; i < it->nguess; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "label", it->guess[i].label, "share", ay_view_real(it->guess[i].share)));
    return list;
}

static json_t *item_of(const ay_review_item *it)
{
    json_t *copies = json_array(), *like = json_null();

    for (int i = 0; i < it->ncopies; i++)
        json_array_append_new(copies, json_string(it->copies[i]));
    if (*it->like_sha256)
        like = json_pack("{s:s, s:s, s:o}", "sha256", it->like_sha256, "label", it->like_label, "similarity", ay_view_real(it->similarity));
    return json_pack("{s:s, s:s, s:b, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "sha256", it->sha256, "file", it->file, "taught",
                     it->taught, "label", text(it->label), "why", ay_review_why_name(it->why), "value", ay_view_real(it->value), "guesses",
                     guesses_of(it), "like", like, "words", text(it->words), "model", text(it->model), "copies", copies, "stands_for",
                     (json_int_t)it->stands_for);
}

static json_t *queue_of(const ay_review *r)
{
    json_t *items = json_array();

    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(items, item_of(&r->items[i]));
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:I}", "dataset", r->dataset, "items", items, "waiting",
                     (json_int_t)r->waiting, "looked_at", (json_int_t)r->looked_at, "classes", (json_int_t)r->classes, "taught",
                     (json_int_t)r->taught, "checked", (json_int_t)r->checked, "accuracy",
                     share(r->checked ? (double)r->right / (double)r->checked : -1), "answered", (json_int_t)r->answered);
}

ay_status ay_h_review(ay_request *rq, ay_err *err)
{
    const char *word = ay_request_query(rq, "limit");
    long limit = USUAL;
    ay_review r;
    ay_status status;

    if (word && *word && !ay_str_to_long(word, 1, AY_REVIEW_MOST, &limit))
        return ay_fail(err, AY_EINVAL, "'limit' must be a whole number from 1 to %d", AY_REVIEW_MOST);
    status = ay_review_queue(rq->service, ay_request_query(rq, "dataset"), (int)limit, &rq->arena, &r, err);
    return status == AY_OK ? ay_reply_json(rq, 200, queue_of(&r), err) : status;
}

static ay_status text_of(const json_t *o, const char *name, const char **out, ay_err *err)
{
    const json_t *v = json_object_get(o, name);

    if (v && !json_is_string(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be a text", name);
    *out = json_string_value(v);
    return AY_OK;
}

static ay_status read_copies(ay_request *rq, ay_review_answer *in, ay_err *err)
{
    const json_t *v = json_object_get(rq->json, "copies");
    const char **list;
    size_t n = json_array_size(v);

    if (v && !json_is_array(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'copies' must be a list of digests");
    if (n > AY_REVIEW_COPIES)
        return ay_fail(err, AY_ELIMIT, "at most %d copies in one answer, not %zu", AY_REVIEW_COPIES, n);
    list = ay_arena_alloc(&rq->arena, (n + 1) * sizeof *list);
    if (!list)
        return ay_fail(err, AY_ENOMEM, "reading an answer");
    for (size_t i = 0; i < n; i++)
        if (!(list[i] = json_string_value(json_array_get(v, i))) || !ay_sha256_valid(list[i]))
            return ay_fail(err, AY_EINVAL, "'copies': number %zu is not a digest of 64 lower-case hex digits", i + 1);
    in->copies = list;
    in->ncopies = (int)n;
    return AY_OK;
}

ay_status ay_h_review_answer(ay_request *rq, ay_err *err)
{
    ay_review_answer in = {0};
    char undo[AY_UNDO_SIZE];
    int64_t changed = 0;
    ay_status status = text_of(rq->json, "dataset", &in.dataset, err);

    if (status == AY_OK)
        status = text_of(rq->json, "sha256", &in.sha256, err);
    if (status == AY_OK)
        status = text_of(rq->json, "answer", &in.answer, err);
    if (status == AY_OK)
        status = text_of(rq->json, "label", &in.label, err);
    if (status == AY_OK)
        status = text_of(rq->json, "why", &in.why, err);
    if (status == AY_OK)
        status = read_copies(rq, &in, err);
    if (status == AY_OK)
        status = ay_review_give(rq->service, &in, undo, &changed, err);
    if (status != AY_OK)
        return status;
    return ay_reply_json(rq, 200, json_pack("{s:I, s:o}", "changed", (json_int_t)changed, "undo", *undo ? json_string(undo) : json_null()), err);
}

ay_status ay_h_review_progress(ay_request *rq, ay_err *err)
{
    ay_review_point *points;
    json_t *list;
    size_t n;
    ay_status status = ay_review_progress(rq->service, ay_request_query(rq, "dataset"), POINTS, &rq->arena, &points, &n, err);

    if (status != AY_OK)
        return status;
    list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:o, s:o, s:s}", "answers", (json_int_t)points[i].answers, "guessed",
                                              (json_int_t)points[i].guessed, "right", (json_int_t)points[i].right, "recent",
                                              share(points[i].recent), "accuracy", share(points[i].accuracy), "at", points[i].at));
    return ay_reply_json(rq, 200, json_pack("{s:o}", "points", list), err);
}
