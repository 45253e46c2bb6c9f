#include "http/word_form.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

ay_status ay_h_yes_no(const ay_request *rq, const char *name, bool usual, bool *out, ay_err *err)
{
    const json_t *v = rq->json ? json_object_get(rq->json, name) : NULL;
    const char *word = ay_request_field(rq, name);

    *out = v && json_is_boolean(v) ? json_is_true(v) : usual;
    if ((v && !json_is_boolean(v) && !json_is_string(v)) ||
        (word && strcmp(word, "true") != 0 && strcmp(word, "false") != 0))
        return ay_fail(err, AY_EINVAL, "'%s' must be true or false", name);
    if (word)
        *out = strcmp(word, "true") == 0;
    return AY_OK;
}

static ay_status real_field(const ay_request *rq, const char *name, double lo, double *room,
                            const double **out, ay_err *err)
{
    const char *text = ay_request_field(rq, name);

    if (!text)
        return AY_OK;
    if (!ay_str_to_double(text, room) || !(*room >= lo && *room <= 1))
        return ay_fail(err, AY_EINVAL, "'%s' must be a number from %g to 1", name, lo);
    *out = room;
    return AY_OK;
}

typedef struct {
    ay_word_request q;
    double nsfw, similar;
    bool expand;
} wanted;

static ay_status read_wanted(const ay_request *rq, wanted *w, ay_err *err)
{
    const char *limit = ay_request_field(rq, "similar_limit"), *nsfw = ay_request_field(rq, "nsfw");
    long n = 0;
    ay_status status = real_field(rq, "nsfw_threshold", 0, &w->nsfw, &w->q.nsfw_threshold, err);

    if (!status)
        status = real_field(rq, "similar_threshold", -1, &w->similar, &w->q.similar_threshold, err);
    if (!status)
        status = ay_h_yes_no(rq, "none_of_these", false, &w->q.none, err);
    if (!status)
        status = ay_h_yes_no(rq, "llm_expansion", true, &w->expand, err);
    if (!status && limit && !ay_str_to_long(limit, 0, INT32_MAX, &n))
        status = ay_fail(err, AY_EINVAL, "'similar_limit' must be a whole number");
    if (!status && nsfw && strcmp(nsfw, "all") != 0 && strcmp(nsfw, "label") != 0)
        status = ay_fail(err, AY_EINVAL, "'nsfw' must be all or label");
    w->q.similar_limit = n > 100 ? 100 : (int)n;
    w->q.nsfw_by_label = nsfw && strcmp(nsfw, "label") == 0;
    w->q.labels = ay_request_field(rq, "labels");
    w->q.templates = ay_request_field(rq, "templates");
    w->q.theme = ay_request_field(rq, "theme");
    w->q.asset = ay_request_field(rq, "asset_id");
    w->q.claimed = ay_request_field(rq, "asset_sha256");
    return status;
}

ay_status ay_h_classify_form(ay_request *rq, const ay_upload **u, ay_word_answer *out, ay_expansion *more,
                             ay_err *err)
{
    wanted w = {0};
    uint64_t pixels;
    ay_status status = ay_request_picture(rq, u, err);

    if (!status)
        status = read_wanted(rq, &w, err);
    if (status)
        return status;
    w.q.bytes = (*u)->data.data;
    w.q.n = (*u)->data.len;
    pixels = ay_gate_enter(&rq->server->gate, w.q.bytes, w.q.n);
    status = ay_classify_words(rq->service, &w.q, &rq->arena, out, err);
    ay_gate_leave(&rq->server->gate, pixels);
    if (!status)
        ay_expand_answer(rq->service, out, w.expand, &rq->arena, more);
    return status;
}

json_t *ay_view_expand_lists(const ay_expansion *e)
{
    json_t *out = json_object();

    for (int i = 0; i < AY_EXPAND_LISTS; i++)
        json_object_set_new(out, ay_expand_list_names[i], ay_view_strings(e->list[i].item, e->list[i].n));
    return out;
}

const char *ay_view_expand_gate(const ay_expansion *e)
{
    return e->state == AY_EXPAND_OFF      ? "disabled"
           : e->state == AY_EXPAND_UNSURE ? "entropy_gate"
           : e->state == AY_EXPAND_CLOSE  ? "margin_gate"
                                          : "enabled";
}

static bool is_tag(const json_t *tags, const char *text)
{
    for (size_t i = 0; i < json_array_size(tags); i++)
        if (strcasecmp(json_string_value(json_array_get(tags, i)), text) == 0)
            return true;
    return false;
}

/* All that is said of the picture itself, each once. */
static json_t *tags_json(const ay_expansion *e)
{
    json_t *out = json_array();

    for (int l = 0; l < AY_PACK_SUGGESTIONS; l++)
        for (int i = 0; i < e->list[l].n; i++)
            if (!is_tag(out, e->list[l].item[i]))
                json_array_append_new(out, json_string(e->list[l].item[i]));
    return out;
}

json_t *ay_view_expansion(const ay_expansion *e)
{
    json_t *out = ay_view_expand_lists(e), *clusters = json_array();

    for (int i = 0; i < e->nclusters; i++)
        json_array_append_new(clusters, ay_view_strings(e->clusters[i].item, e->clusters[i].n));
    json_object_set_new(out, "status", json_string(ay_expand_word(e->state)));
    json_object_set_new(out, "used", json_boolean(ay_expand_used(e)));
    json_object_set_new(out, "gate", json_string(ay_view_expand_gate(e)));
    json_object_set_new(out, "reason", json_string(e->reason));
    json_object_set_new(out, "tags", tags_json(e));
    json_object_set_new(out, "clusters", clusters);
    json_object_set_new(out, "model", json_string(e->model));
    json_object_set_new(out, "waited_ms", ay_view_real(e->waited_ms));
    return out;
}

json_t *ay_view_strings(const char *const *list, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(out, json_string(list[i]));
    return out;
}
