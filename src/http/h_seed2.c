/* http/h_seed2.c - the routes of the classifier by words, for clients written against it, and verdicts.
 *
 * Paths, field names and meanings are the old ones.  Its faults are not repeated: the digest of a picture
 * is computed here and a client's is only compared; nsfw_score weighs all sensitive labels against neutral
 * ones (nsfw=label: the first sensitive label's score, as it was); verdicts move what is related to their
 * theme, and one about a picture that was never here is 404 and not "ok"; llm_expansion says in a field of
 * its own what happened, and a failure is not kept for ever. */
#include "http/handlers.h"
#include "http/view.h"
#include "http/word_form.h"

#include <math.h>
#include <string.h>

/* ---- the answer */

static json_t *by_label(const ay_word_answer *a, bool logits)
{
    json_t *out = json_object();

    for (int l = 0; l < a->labels.n; l++)
        for (int i = 0; i < a->judged.n; i++)
            if (a->judged.items[i].label == l)
                json_object_set_new(out, a->labels.item[l],
                                    ay_view_real(logits ? a->judged.items[i].logit
                                                        : a->judged.items[i].score));
    return out;
}

static json_t *top_labels(const ay_word_answer *a)
{
    json_t *out = json_array();

    for (int i = 0; i < a->judged.top; i++) {
        const ay_zeroshot_item *it = &a->judged.items[i];
        json_array_append_new(out, json_pack("{s:s, s:o, s:o, s:o}", "label", a->labels.item[it->label],
                                             "score", ay_view_real(it->score), "logit",
                                             ay_view_real(it->logit), "clip_score", ay_view_real(it->p)));
    }
    return out;
}

static json_t *similar_images(const ay_word_answer *a)
{
    json_t *out = json_array();

    for (int i = 0; i < a->nsimilar; i++) {
        const ay_word_similar *s = &a->similar[i];
        json_array_append_new(out, json_pack("{s:s, s:s?, s:o}", "image_hash", s->sha256, "asset_id",
                                             *s->asset ? s->asset : NULL, "similarity",
                                             ay_view_real(s->similarity)));
    }
    return out;
}

static json_t *affinity_json(const ay_word_answer *a)
{
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "theme", a->theme, "known", a->theme_known, "accepted",
                     ay_view_real(a->evidence.accepted), "rejected", ay_view_real(a->evidence.rejected),
                     "posterior", ay_view_real(a->posterior), "weight", ay_view_real(a->weight));
}

static void add_scores(json_t *out, const ay_word_answer *a)
{
    const ay_zeroshot *z = &a->judged;
    bool evidence = a->evidence.accepted + a->evidence.rejected > 0;

    json_object_set_new(out, "category", json_string(a->labels.item[z->items[0].label]));
    json_object_set_new(out, "confidence", ay_view_real(z->items[0].score));
    json_object_set_new(out, "all_scores", by_label(a, false));
    json_object_set_new(out, "raw_logits", by_label(a, true));
    json_object_set_new(out, "top_labels", top_labels(a));
    json_object_set_new(out, "entropy", ay_view_real(z->entropy));
    json_object_set_new(out, "entropy_top_k", ay_view_real(z->entropy_top));
    json_object_set_new(out, "entropy_normalized", ay_view_real(z->entropy_normalized));
    json_object_set_new(out, "confidence_margin", ay_view_real(z->margin));
    json_object_set_new(out, "nsfw_score", a->nsfw < 0 ? json_null() : ay_view_real(a->nsfw));
    json_object_set_new(out, "is_nsfw", json_boolean(a->nsfw >= 0 && a->nsfw >= a->nsfw_threshold));
    json_object_set_new(out, "ambiguous", json_boolean(z->ambiguous));
    json_object_set_new(out, "none_of_these", a->none < 0 ? json_null() : ay_view_real(a->none));
    json_object_set_new(out, "affinity_weight", ay_view_real(fmax(a->weight, 0)));
    json_object_set_new(out, "affinity_weight_raw", ay_view_real(evidence ? a->posterior : 0));
    json_object_set_new(out, "affinity", *a->theme ? affinity_json(a) : json_null());
}

static json_t *answer_json(const ay_upload *u, const ay_word_answer *a, const ay_expansion *e)
{
    json_t *out = json_object();
    const ay_labels *told = a->sent.n ? &a->sent : &a->labels;

    add_scores(out, a);
    json_object_set_new(out, "llm_expansion_used", json_boolean(ay_expand_used(e)));
    json_object_set_new(out, "llm_expansion_gate_reason", json_string(ay_view_expand_gate(e)));
    json_object_set_new(out, "llm_expansion_status", json_string(ay_expand_word(e->state)));
    json_object_set_new(out, "llm_expansion", ay_view_expand_lists(e));
    json_object_set_new(out, "similar_images", similar_images(a));
    json_object_set_new(out, "image_hash", json_string(a->sha256));
    json_object_set_new(out, "asset_sha256_matches", json_boolean(!a->claim_wrong));
    json_object_set_new(out, "model", json_string(a->model->name));
    json_object_set_new(out, "device", json_string("cpu"));
    json_object_set_new(out, "labels", ay_view_strings(told->item, told->n));
    json_object_set_new(out, "labels_dropped", json_integer(a->labels.dropped));
    json_object_set_new(out, "unknown_words", ay_view_strings(a->sifted.unknown, a->sifted.nunknown));
    json_object_set_new(out, "unknown_labels", ay_view_strings(a->sifted.unread.item, a->sifted.unread.n));
    json_object_set_new(out, "filename", json_string(u->filename));
    json_object_set_new(out, "content_type", json_string(a->mime));
    json_object_set_new(out, "total_ms", ay_view_real(a->total_ms));
    return out;
}

/* Its clients expect numbers: when no label can be read there are none, and the request is refused. */
static ay_status nothing_known(const ay_word_answer *a, ay_err *err)
{
    bool one = a->sifted.unread.n == 1;

    return ay_fail(err, AY_EINVAL, "the encoder knows no word of %s (%.100s%s), so it says nothing; one that "
                   "reads any text: assay model pull vit-b-32-laion2b", one ? "this label" : "these labels",
                   a->sifted.unread.item[0], one ? "" : ", ...");
}

ay_status ay_h_s2_classify(ay_request *rq, ay_err *err)
{
    const ay_upload *u;
    ay_word_answer answer;
    ay_expansion more;
    ay_status status = ay_h_classify_form(rq, &u, &answer, &more, err);

    if (!status && answer.judged.n == 0)
        status = nothing_known(&answer, err);
    if (status == AY_EINVAL) { /* its clients know 422 for what cannot be processed */
        ay_reply_problem(rq, 422, err->msg);
        return AY_OK;
    }
    return status ? status : ay_reply_json(rq, 200, answer_json(u, &answer, &more), err);
}

ay_status ay_h_s2_labels(ay_request *rq, ay_err *err)
{
    const ay_word_settings *s = ay_service_word_settings(rq->service);
    const ay_labels *l = ay_service_default_labels(rq->service);
    json_t *features = json_pack("{s:b, s:b, s:b, s:b, s:b}", "embedding_cache", s->cache, "clustering",
                                 s->cache && s->similar, "adaptive_scoring", s->adaptive,
                                 "llm_label_expansion", ay_service_expands(rq->service), "llm_expansion_gating",
                                 s->expand.gate);

    return ay_reply_json(
        rq, 200,
        json_pack("{s:b, s:b, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "ok", 1, "reads_words",
                  ay_service_reads_words(rq->service), "default_labels", ay_view_strings(l->item, l->n),
                  "nsfw_threshold", ay_view_real(s->nsfw_threshold), "top_k", s->top, "max_labels",
                  s->max_labels, "entropy_threshold", ay_view_real(s->entropy_most),
                  "entropy_normalized_threshold", ay_view_real(s->normalized_most), "adaptive_alpha",
                  ay_view_real(s->affinity.alpha), "affinity_weight_cap", ay_view_real(s->affinity.cap),
                  "affinity_half_life_days", ay_view_real(s->affinity.half_life_days), "llm_expansion_min_margin",
                  ay_view_real(s->expand.margin_least), "llm_expansion_max_entropy_normalized",
                  ay_view_real(s->expand.normalized_most), "features", features),
        err);
}

/* ---- verdicts */

static ay_status give(ay_request *rq, const char *digest, ay_word_verdict *v, bool *again, ay_err *err)
{
    const char *key = ay_request_header(rq, "Idempotency-Key");
    bool accepted;
    ay_status status = ay_h_yes_no(rq, "accepted", true, &accepted, err);

    return status ? status
                  : ay_verdict_give(rq->service, ay_request_field(rq, digest),
                                    ay_request_field(rq, "theme"), accepted,
                                    ay_request_field(rq, "asset_id"),
                                    key ? key : ay_request_field(rq, "key"), &rq->arena, v, again, err);
}

ay_status ay_h_s2_feedback(ay_request *rq, ay_err *err)
{
    ay_word_verdict v;
    bool again;
    ay_status status = give(rq, "image_hash", &v, &again, err);

    if (status == AY_EINVAL) {
        ay_reply_problem(rq, 422, err->msg);
        return AY_OK;
    }
    return status ? status : ay_reply_json(rq, 200, json_pack("{s:b}", "ok", 1), err);
}

static json_t *verdict_json(const ay_word_verdict *v)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:b, s:s?, s:s?}", "id", (json_int_t)v->id, "created_at", v->at,
                     "sha256", v->sha256, "theme", v->theme, "accepted", v->accepted, "asset_id",
                     *v->asset ? v->asset : NULL, "key", *v->key ? v->key : NULL);
}

ay_status ay_h_feedback_add(ay_request *rq, ay_err *err)
{
    ay_word_verdict v;
    bool again;
    ay_status status = give(rq, "sha256", &v, &again, err);

    return status ? status : ay_reply_json(rq, again ? 200 : 201, verdict_json(&v), err);
}

ay_status ay_h_feedback_list(ay_request *rq, ay_err *err)
{
    json_t *items;
    const char *next = NULL;
    ay_word_verdict *list = NULL;
    long limit = 50;
    size_t n = 0;
    ay_status status = ay_request_number(rq, "limit", 1, 1000, &limit, err);

    if (!status)
        status = ay_verdicts_list(rq->service, ay_request_query(rq, "sha256"),
                                  ay_request_query(rq, "theme"), ay_request_query(rq, "cursor"),
                                  (int)limit, &rq->arena, &list, &n, &next, err);
    if (status)
        return status;
    items = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(items, verdict_json(&list[i]));
    return ay_reply_json(rq, 200, json_pack("{s:o, s:s?}", "items", items, "next", next), err);
}
