/* http/h_classify.c - POST /v1/classify: which of some words fits a picture, in the words of this interface.
 *
 * The same judgement as /classify (http/h_seed2.c) gives, without what old clients need: what cannot be
 * told is null and not 0, and labels that the encoder cannot read are named and have no score. */
#include "http/handlers.h"
#include "http/view.h"
#include "http/word_form.h"

#include <stdio.h>

static json_t *real_or_null(bool known, double v)
{
    return known ? ay_view_real(v) : json_null();
}

static json_t *scores_json(const ay_word_answer *a)
{
    json_t *out = json_array();

    for (int i = 0; i < a->judged.n; i++) {
        const ay_zeroshot_item *it = &a->judged.items[i];
        const ay_words_text *t = &a->sifted.detail[it->label];
        json_array_append_new(out, json_pack("{s:s, s:o, s:o, s:o, s:o}", "label",
                                             a->labels.item[it->label], "probability",
                                             ay_view_real(it->score), "before_verdicts",
                                             ay_view_real(it->p), "raw", ay_view_real(it->logit),
                                             "ignored_words", ay_view_strings(t->unknown, t->nunknown)));
    }
    return out;
}

static json_t *nsfw_json(const ay_word_answer *a)
{
    json_t *labels;

    if (a->nsfw < 0)
        return json_null();
    labels = json_array();
    for (int i = 0; i < a->labels.n; i++)
        if (ay_label_sensitive(a->labels.item[i]))
            json_array_append_new(labels, json_string(a->labels.item[i]));
    return json_pack("{s:o, s:o, s:b, s:o}", "score", ay_view_real(a->nsfw), "threshold",
                     ay_view_real(a->nsfw_threshold), "over", a->nsfw >= a->nsfw_threshold, "labels",
                     labels);
}

/* Where a reference picture's file or thumbnail is; null for what is none. */
static json_t *address(const ay_word_similar *s, const char *what)
{
    char text[100];

    snprintf(text, sizeof text, "/v1/images/%s/%s", s->sha256, what);
    return s->klass ? json_string(text) : json_null();
}

static json_t *similar_json(const ay_word_answer *a)
{
    json_t *out = json_array();

    for (int i = 0; i < a->nsimilar; i++) {
        const ay_word_similar *s = &a->similar[i];
        json_array_append_new(out, json_pack("{s:s, s:s?, s:o, s:o, s:s?, s:o}", "sha256", s->sha256,
                                             "class", s->klass, "url", address(s, "file"), "thumb",
                                             address(s, "thumb"), "asset_id",
                                             *s->asset ? s->asset : NULL, "similarity",
                                             ay_view_real(s->similarity)));
    }
    return out;
}

static json_t *theme_json(const ay_word_answer *a)
{
    if (!*a->theme)
        return json_null();
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "theme", a->theme, "known", a->theme_known, "accepted",
                     ay_view_real(a->evidence.accepted), "rejected", ay_view_real(a->evidence.rejected),
                     "posterior", ay_view_real(a->posterior), "weight", ay_view_real(a->weight));
}

/* Why there is no best label, or why it should not be believed, as one sentence and as a code. */
static void add_message(json_t *out, const ay_word_answer *a)
{
    static const char *const texts[] = {
        [AY_SAYS_BEST] = "The first label fits best.",
        [AY_SAYS_AMBIGUOUS] = "No label stands out.",
        [AY_SAYS_NONE] = "It is more likely than not that none of the labels fits.",
        [AY_SAYS_NOTHING_KNOWN] = ("The encoder knows none of these words, so it says nothing of this picture. "
                                   "One that reads any text: assay model pull vit-b-32-laion2b")};
    ay_word_saying said = ay_word_says(a);
    bool even = said == AY_SAYS_AMBIGUOUS && !a->judged.ambiguous;

    json_object_set_new(out, "message", json_string(even ? "The first two labels fit about equally well." : texts[said]));
    json_object_set_new(out, "message_code", json_string(ay_word_saying_name(said)));
}

static void add_judgement(json_t *out, const ay_word_answer *a)
{
    const ay_zeroshot *z = &a->judged;
    bool any = z->n > 0;

    json_object_set_new(out, "label", any ? json_string(a->labels.item[z->items[0].label]) : json_null());
    json_object_set_new(out, "probability", real_or_null(any, any ? z->items[0].score : 0));
    json_object_set_new(out, "entropy", real_or_null(any, z->entropy));
    json_object_set_new(out, "normalised_entropy", real_or_null(any, z->entropy_normalized));
    json_object_set_new(out, "margin", real_or_null(any, z->margin));
    json_object_set_new(out, "ambiguous", json_boolean(ay_word_ambiguous(a)));
    json_object_set_new(out, "none_of_these", real_or_null(a->none >= 0, a->none));
    json_object_set_new(out, "scores", scores_json(a));
    json_object_set_new(out, "nsfw", nsfw_json(a));
    add_message(out, a);
}

static json_t *answer_json(const ay_word_answer *a, const ay_expansion *e)
{
    const ay_engine_info *m = a->model;
    const ay_sifted *s = &a->sifted;
    json_t *out = json_object();

    add_judgement(out, a);
    json_object_set_new(out, "unknown_words", ay_view_strings(s->unknown, s->nunknown));
    json_object_set_new(out, "unknown_labels", ay_view_strings(s->unread.item, s->unread.n));
    json_object_set_new(out, "labels_dropped", json_integer(a->labels.dropped));
    json_object_set_new(out, "similar", similar_json(a));
    json_object_set_new(out, "expansion", ay_view_expansion(e));
    json_object_set_new(out, "theme", theme_json(a));
    json_object_set_new(out, "sha256", json_string(a->sha256));
    json_object_set_new(out, "sha256_matches", json_boolean(!a->claim_wrong));
    json_object_set_new(out, "mime", json_string(a->mime));
    json_object_set_new(out, "model", json_pack("{s:s, s:s}", "name", m->name, "digest", m->digest));
    json_object_set_new(out, "timing", json_pack("{s:o, s:b}", "total_ms", ay_view_real(a->total_ms),
                                                 "vector_kept", a->known));
    return out;
}

ay_status ay_h_classify(ay_request *rq, ay_err *err)
{
    const ay_upload *u;
    ay_word_answer answer;
    ay_expansion more;
    ay_status status = ay_h_classify_form(rq, &u, &answer, &more, err);

    return status ? status : ay_reply_json(rq, 200, answer_json(&answer, &more), err);
}
