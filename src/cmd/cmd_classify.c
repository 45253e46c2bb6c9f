/* cmd/cmd_classify.c - "assay classify": which of these words fits a picture best?
 *
 * Labels are read by the rules of service/words/labels.h and judged by those of service/words/zeroshot.h, as the server's;
 * they stand as they are, without a sentence around them.  What the encoder cannot read is told and gets no
 * score (service/words/sift.h). */
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/pictures.h"
#include "cmd/session.h"
#include "service/words/labels.h"
#include "service/words/sift.h"
#include "service/words/zeroshot.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"labels", 'l', "A,B,...", "the words to choose from, with commas between, or a JSON array"},
    {"labels-file", 0, "FILE", "the same from a file, one a line"},
    {"top", 'n', "N", "labels reported for each picture (5; 0: all)"},
    {"none", 0, NULL, "also say how likely none of the labels fits (measured for the embedded encoder only)"},
    {"json", 'j', NULL, "one JSON object a line: file, labels with p and cosine, best first, unknown words"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "classify --labels A,B,... [OPTION ...] FILE|FOLDER|- ...",
    "Tell which of the given words fits each picture best, with probabilities over these words.\n"
    "The embedded encoder knows some two thousand words; others are named and ignored.  Any text is\n"
    "read by a CLIP model with its text tower: assay model pull vit-b-32-laion2b, then --model.\n"
    "Exit code: 0 done, 1 one or more pictures could not be read, 2 wrong usage.",
    options,
    "max-upload max-pixels " AY_ENGINE_SETTINGS,
};

typedef struct {
    ay_session session;
    ay_arena arena; /* what follows lives in it */
    ay_words *words;
    ay_pictures walk;
    ay_labels labels; /* those that can be read */
    ay_sifted sifted;
    ay_words_none none_rule;
    int top, dim;
    float *vectors, *pictures; /* labels.n * dim of the labels; a chunk of pictures */
    double scale, *logits;
    ay_zeroshot_item *items;
    bool json, none;
} job;

/* ---- labels ---------------------------------------------------------------------------------- */

/* What --labels and --labels-file say, by the rules of service/words/labels.h. */
static ay_status read_labels(job *j, const ay_args *a, ay_err *err)
{
    const char *list = ay_args_get(a, "labels"), *file = ay_args_get(a, "labels-file");
    ay_labels given = {0}, more = {0};
    const char **all;
    ay_status status = AY_OK;

    if (list)
        status = ay_labels_parse(&given, list, AY_LABELS_MOST, NULL, &j->arena, err);
    if (status == AY_OK && file)
        status = ay_labels_read(&more, file, AY_LABELS_MOST, &j->arena, err);
    if (status != AY_OK)
        return status;
    all = ay_arena_alloc(&j->arena, (size_t)(given.n + more.n + 1) * sizeof *all);
    if (!all)
        return ay_fail(err, AY_ENOMEM, "labels");
    for (int i = 0; i < given.n + more.n; i++)
        all[i] = i < given.n ? given.item[i] : more.item[i - given.n];
    status = ay_labels_take(&j->labels, all, given.n + more.n, AY_LABELS_MOST, &j->arena, err);
    if (status == AY_OK && given.dropped + more.dropped + j->labels.dropped > 0)
        status = ay_fail(err, AY_ELIMIT, "more than %d labels", AY_LABELS_MOST);
    return status;
}

/* A table of words is of one encoder; a text tower lies in the same file as its image tower. */
static ay_status check_pair(const job *j, const ay_words_info *info, ay_err *err)
{
    char digest[AY_SHA256_HEX];
    ay_status status = info->closed ? ay_words_pair(j->words, digest, err) : AY_OK;

    if (status == AY_OK && info->closed && strcmp(digest, ay_engine_get_info(j->session.engine)->digest) != 0)
        status = ay_fail(err, AY_ECORRUPT, "the words were made for another encoder than \"%s\" as it is now: assay model words",
                         ay_engine_get_info(j->session.engine)->name);
    return status;
}

static ay_status embed_labels(job *j, ay_err *err)
{
    ay_words_info info;
    ay_status status = ay_words_get_info(j->words, &info, err);

    if (status == AY_OK)
        status = check_pair(j, &info, err);
    if (status != AY_OK)
        return status;
    if (info.dim != j->dim)
        return ay_fail(err, AY_ECORRUPT,
                       "the image tower gives %d numbers and the text tower %d: they do not belong "
                       "together", j->dim, info.dim);
    j->scale = (double)info.scale;
    j->none_rule = info.none;
    if (j->none && !info.none.known)
        return ay_fail(err, AY_EUNSUPPORTED, "--none: nobody has measured for this model how likely it is that no label fits");
    j->vectors = ay_arena_alloc(&j->arena, (size_t)j->labels.n * (size_t)j->dim * sizeof *j->vectors);
    if (!j->vectors)
        return ay_fail(err, AY_ENOMEM, "%d labels", j->labels.n);
    return ay_words_embed(j->words, j->labels.item, j->labels.n, j->vectors, err);
}

/* Only what can be read is scored; nothing at all is an error. */
static ay_status sift(job *j, ay_err *err)
{
    ay_word_reader reader = ay_word_reader_of_words(j->words);
    ay_status status = ay_sift(&reader, &j->labels, &j->arena, &j->sifted, err);
    const ay_sifted *s = &j->sifted;

    if (status != AY_OK)
        return status;
    if (s->read.n == 0)
        return ay_fail(err, AY_EUNSUPPORTED, "the encoder knows no word of %s (%s%s), so it says nothing; one that "
                       "reads any text: assay model pull vit-b-32-laion2b", s->unread.n == 1 ? "this label" : "these labels",
                       s->unread.item[0], s->unread.n == 1 ? "" : ", ...");
    for (int i = 0; i < s->unread.n; i++)
        fprintf(stderr, "assay: no word of the label \"%s\" is known: it has no score\n", s->unread.item[i]);
    for (int i = 0; i < s->read.n; i++)
        for (int k = 0; k < s->detail[i].nunknown; k++)
            fprintf(stderr, "assay: \"%s\" is not known and ignored in \"%s\"\n", s->detail[i].unknown[k], s->read.item[i]);
    j->labels = s->read;
    return AY_OK;
}

/* ---- pictures -------------------------------------------------------------------------------- */

static double cosine(const job *j, const float *picture, int label)
{
    const float *v = j->vectors + (size_t)label * (size_t)j->dim;
    double sum = 0;

    for (int d = 0; d < j->dim; d++)
        sum += (double)picture[d] * (double)v[d];
    return sum;
}

static json_t *strings(const char *const *list, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(out, json_string(list[i]));
    return out;
}

static double none_of(const job *j, const ay_zeroshot_item *s)
{
    double largest = s[0].logit;

    for (int i = 1; i < j->labels.n; i++)
        largest = fmax(largest, s[i].logit);
    return ay_zeroshot_none_measured(&j->none_rule, largest / j->scale, j->labels.n);
}

static void print(const job *j, const char *path, const ay_zeroshot_item *s)
{
    int n = j->top > 0 && j->top < j->labels.n ? j->top : j->labels.n;
    json_t *o, *list;

    if (!j->json) {
        printf("%s:", path);
        for (int i = 0; i < n; i++)
            printf("%s %s  %.1f %%", i ? "," : "", j->labels.item[s[i].label], 100 * s[i].p);
        if (j->none)
            printf("; none of these  %.1f %%", 100 * none_of(j, s));
        putchar('\n');
        return;
    }
    o = json_object();
    list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "label", j->labels.item[s[i].label], "p",
                                              s[i].p, "cosine", s[i].logit / j->scale));
    json_object_set_new(o, "file",
                        json_string(ay_utf8_valid(path, strlen(path)) ? path
                                                                      : "(name is not UTF-8)"));
    json_object_set_new(o, "labels", list);
    if (j->none)
        json_object_set_new(o, "none_of_these", json_real(none_of(j, s)));
    json_object_set_new(o, "unknown_words", strings(j->sifted.unknown, j->sifted.nunknown));
    json_object_set_new(o, "unknown_labels", strings(j->sifted.unread.item, j->sifted.unread.n));
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(o);
}

static ay_status classify(void *ctx, const ay_image *const *images, const char *const *names, int n,
                          ay_err *err)
{
    static const ay_zeroshot_rules rules = {.top = 1, .entropy_most = INFINITY, .normalized_most = 1};
    job *j = ctx;
    ay_zeroshot z;
    ay_status status = ay_engine_embed(j->session.engine, images, n, j->pictures, err);

    for (int i = 0; i < n && status == AY_OK; i++) {
        for (int k = 0; k < j->labels.n; k++)
            j->logits[k] = j->scale * cosine(j, j->pictures + (size_t)i * (size_t)j->dim, k);
        ay_zeroshot_judge(j->logits, NULL, j->labels.n, &rules, j->items, &z);
        ay_progress_hide(&j->walk.bar);
        print(j, names[i], j->items);
    }
    return status;
}

static ay_status classify_all(job *j, const ay_files *files, ay_err *err)
{
    size_t n = (size_t)j->labels.n;

    j->pictures = ay_arena_alloc(&j->arena, AY_PICTURES_CHUNK * (size_t)j->dim * sizeof *j->pictures);
    j->logits = ay_arena_alloc(&j->arena, n * sizeof *j->logits);
    j->items = ay_arena_alloc(&j->arena, n * sizeof *j->items);
    if (!j->pictures || !j->logits || !j->items)
        return ay_fail(err, AY_ENOMEM, "classifying");
    return ay_pictures_each(&j->walk, files, err);
}

static void job_fini(job *j)
{
    ay_arena_fini(&j->arena);
    ay_words_close(j->words);
    ay_session_close(&j->session);
}

/* The words come first: a model that has none is told before its image tower is read. */
static ay_status work(job *j, const ay_args *a, const ay_files *files, ay_err *err)
{
    ay_status status = read_labels(j, a, err);

    if (status == AY_OK)
        status = ay_session_words(&j->words, a, err);
    if (status == AY_OK)
        status = ay_words_get_info(j->words, &(ay_words_info){0}, err);
    if (status == AY_OK)
        status = sift(j, err);
    if (status == AY_OK)
        status = ay_session_engine(&j->session, a, err);
    if (status != AY_OK)
        return status;
    j->walk = (ay_pictures){.what = "classifying", .limits = ay_session_limits(a),
                            .quiet = ay_args_get(a, "quiet") != NULL, .use = classify, .ctx = j};
    j->dim = ay_engine_get_info(j->session.engine)->dim;
    status = embed_labels(j, err);
    return status == AY_OK ? classify_all(j, files, err) : status;
}

int ay_cmd_classify(int argc, char **argv)
{
    ay_files files = {0};
    job j = {0};
    long top = 5;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc < 0 && !ay_args_get(&a, "labels") && !ay_args_get(&a, "labels-file"))
        rc = ay_args_wrong(&a, "classify: which words? --labels \"a dog,a cat\"");
    if (rc < 0 && a.n_rest == 0)
        rc = ay_args_wrong(&a, "classify: name a picture, a folder, or - for standard input");
    if (rc < 0 && ay_args_get(&a, "top") && !ay_args_number(&a, "top", 0, AY_LABELS_MOST, &top))
        rc = AY_EXIT_USAGE;
    if (rc < 0) {
        j.top = (int)top;
        j.json = ay_args_get(&a, "json") != NULL;
        j.none = ay_args_get(&a, "none") != NULL;
        if (ay_files_collect(&files, a.rest, a.n_rest, &err) != AY_OK ||
            work(&j, &a, &files, &err) != AY_OK)
            rc = ay_cmd_fail(&err);
        else
            rc = j.walk.failed ? AY_EXIT_FAIL : AY_EXIT_OK;
    }
    job_fini(&j);
    ay_files_fini(&files);
    ay_args_fini(&a);
    return rc;
}
