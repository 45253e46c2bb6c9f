/* cmd/cmd_classify.c - "assay classify": which of these words fits a picture best?
 *
 * With a CLIP model: the cosine of the picture's vector and each label's, times the model's own scale,
 * through a softmax over all labels (Radford et al., 2021, section 3.1.2).  Labels are read as they
 * stand, without a sentence around them. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/progress.h"
#include "cmd/session.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const ay_option options[] = {
    {"labels", 'l', "A,B,...", "the words to choose from, with commas between"},
    {"labels-file", 0, "FILE", "the same from a file, one a line"},
    {"top", 'n', "N", "labels reported for each picture (5; 0: all)"},
    {"json", 'j', NULL, "one JSON object a line: file, labels with p and cosine, best first"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "classify --model FOLDER --labels A,B,... [OPTION ...] FILE|FOLDER|- ...",
    "Tell which of the given words fits each picture best, with probabilities over these words.\n"
    "Needs a CLIP model with its text tower and vocabulary; the embedded encoder reads no words.\n"
    "Exit code: 0 done, 1 one or more pictures could not be read, 2 wrong usage.",
    options,
    "max-upload max-pixels " AY_ENGINE_SETTINGS,
};

enum { CHUNK = 16, LABELS_MAX = 4096 };

typedef struct {
    ay_session session;
    ay_words *words;
    ay_image_limits limits;
    char **label; /* owned, and each of them */
    int labels, top, dim;
    float *vectors; /* of the labels, labels * dim */
    double scale;
    bool json, failed;
} job;

/* ---- labels ---------------------------------------------------------------------------------- */

/* Trimmed, without empty ones; of two that differ in case only the first. */
static ay_status add_label(job *j, char *text, ay_err *err)
{
    char *word = ay_str_trim(text);

    if (!*word)
        return AY_OK;
    for (int i = 0; i < j->labels; i++)
        if (strcasecmp(j->label[i], word) == 0)
            return AY_OK;
    if (j->labels == LABELS_MAX)
        return ay_fail(err, AY_ELIMIT, "more than %d labels", LABELS_MAX);
    j->label[j->labels] = ay_strdup(word);
    if (!j->label[j->labels])
        return ay_fail(err, AY_ENOMEM, "labels");
    j->labels++;
    return AY_OK;
}

static ay_status add_labels(job *j, const char *text, const char *between, ay_err *err)
{
    char *copy = ay_strdup(text), *rest = copy, *word;
    ay_status status = copy ? AY_OK : ay_fail(err, AY_ENOMEM, "labels");

    while (status == AY_OK && (word = strsep(&rest, between)))
        status = add_label(j, word, err);
    ay_free(copy);
    return status;
}

static ay_status read_labels(job *j, const ay_args *a, ay_err *err)
{
    const char *list = ay_args_get(a, "labels"), *file = ay_args_get(a, "labels-file");
    ay_buf text = {0};
    ay_status status = AY_OK;

    j->label = ay_calloc(LABELS_MAX, sizeof *j->label);
    if (!j->label)
        return ay_fail(err, AY_ENOMEM, "labels");
    if (list)
        status = add_labels(j, list, ",", err);
    if (status == AY_OK && file)
        status = ay_file_read(file, 1 << 20, &text, err);
    if (status == AY_OK && text.len)
        status = add_labels(j, text.data, "\n", err);
    ay_buf_fini(&text);
    if (status == AY_OK && j->labels == 0)
        status = ay_fail(err, AY_EINVAL, "there is no label to choose from");
    return status;
}

static ay_status embed_labels(job *j, ay_err *err)
{
    ay_words_info info;
    ay_status status = ay_words_get_info(j->words, &info, err);

    if (status != AY_OK)
        return status;
    if (info.dim != j->dim)
        return ay_fail(err, AY_ECORRUPT,
                       "the image tower gives %d numbers and the text tower %d: they do not belong "
                       "together", j->dim, info.dim);
    j->scale = (double)info.scale;
    j->vectors = ay_alloc((size_t)j->labels * (size_t)j->dim, sizeof *j->vectors);
    if (!j->vectors)
        return ay_fail(err, AY_ENOMEM, "%d labels", j->labels);
    return ay_words_embed(j->words, (const char *const *)j->label, j->labels, j->vectors, err);
}

/* ---- pictures -------------------------------------------------------------------------------- */

typedef struct {
    int label;
    double cosine, p;
} score;

static int best_first(const void *a, const void *b)
{
    const score *x = a, *y = b;

    return x->cosine != y->cosine ? (x->cosine < y->cosine) - (x->cosine > y->cosine)
                                  : x->label - y->label;
}

/* Softmax over all labels, largest first. */
static void judge(const job *j, const float *v, score *s)
{
    double sum = 0;

    for (int i = 0; i < j->labels; i++) {
        s[i] = (score){.label = i};
        for (int d = 0; d < j->dim; d++)
            s[i].cosine += (double)v[d] * j->vectors[(size_t)i * (size_t)j->dim + (size_t)d];
    }
    qsort(s, (size_t)j->labels, sizeof *s, best_first);
    for (int i = 0; i < j->labels; i++)
        sum += s[i].p = exp(j->scale * (s[i].cosine - s[0].cosine));
    for (int i = 0; i < j->labels; i++)
        s[i].p /= sum;
}

static void print(const job *j, const char *path, const score *s)
{
    int n = j->top > 0 && j->top < j->labels ? j->top : j->labels;
    json_t *o, *list;

    if (!j->json) {
        printf("%s:", path);
        for (int i = 0; i < n; i++)
            printf("%s %s  %.1f %%", i ? "," : "", j->label[s[i].label], 100 * s[i].p);
        putchar('\n');
        return;
    }
    o = json_object();
    list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "label", j->label[s[i].label], "p",
                                              s[i].p, "cosine", s[i].cosine));
    json_object_set_new(o, "file",
                        json_string(ay_utf8_valid(path, strlen(path)) ? path
                                                                      : "(name is not UTF-8)"));
    json_object_set_new(o, "labels", list);
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(o);
}

static ay_status load(const job *j, const char *path, ay_image *out, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = ay_files_read(path, j->limits.max_bytes, &bytes, err);

    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &j->limits, out, err);
    ay_buf_fini(&bytes);
    return status;
}

/* Up to CHUNK pictures at once; those that cannot be read are named and left out. */
static ay_status classify_chunk(job *j, char **paths, size_t n, float *vectors, score *s, ay_err *err)
{
    ay_image images[CHUNK] = {0};
    const ay_image *usable[CHUNK];
    const char *names[CHUNK];
    ay_status status = AY_OK;
    int m = 0;

    for (size_t i = 0; i < n; i++) {
        if (load(j, paths[i], &images[m], err) != AY_OK) {
            fprintf(stderr, "%s: error: %s\n", paths[i], err->msg);
            j->failed = true;
            continue;
        }
        names[m] = paths[i];
        usable[m] = &images[m];
        m++;
    }
    if (m > 0)
        status = ay_engine_embed(j->session.engine, usable, m, vectors, err);
    for (int i = 0; i < m; i++) {
        if (status == AY_OK) {
            judge(j, vectors + (size_t)i * (size_t)j->dim, s);
            print(j, names[i], s);
        }
        ay_image_fini(&images[i]);
    }
    return status;
}

static ay_status classify_all(job *j, const ay_files *files, bool quiet, ay_err *err)
{
    float *vectors = ay_alloc((size_t)CHUNK * (size_t)j->dim, sizeof *vectors);
    score *s = ay_alloc((size_t)j->labels, sizeof *s);
    ay_status status = vectors && s ? AY_OK : ay_fail(err, AY_ENOMEM, "classifying");
    ay_progress bar;

    ay_progress_start(&bar, "classifying", (long)files->n, quiet || files->n < 2);
    for (size_t i = 0; i < files->n && status == AY_OK; i += CHUNK) {
        size_t n = files->n - i < CHUNK ? files->n - i : CHUNK;
        status = classify_chunk(j, files->path + i, n, vectors, s, err);
        ay_progress_step(&bar, (long)(i + n), (long)files->n);
    }
    ay_progress_end(&bar);
    ay_free(vectors);
    ay_free(s);
    return status;
}

static void job_fini(job *j)
{
    for (int i = 0; i < j->labels; i++)
        ay_free(j->label[i]);
    ay_free(j->label);
    ay_free(j->vectors);
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
        status = ay_session_engine(&j->session, a, err);
    if (status != AY_OK)
        return status;
    j->limits = ay_session_limits(a);
    j->dim = ay_engine_get_info(j->session.engine)->dim;
    status = embed_labels(j, err);
    return status == AY_OK ? classify_all(j, files, ay_args_get(a, "quiet") != NULL, err) : status;
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
    if (rc < 0 && ay_args_get(&a, "top") && !ay_args_number(&a, "top", 0, LABELS_MAX, &top))
        rc = AY_EXIT_USAGE;
    if (rc < 0) {
        j.top = (int)top;
        j.json = ay_args_get(&a, "json") != NULL;
        if (ay_files_collect(&files, a.rest, a.n_rest, &err) != AY_OK ||
            work(&j, &a, &files, &err) != AY_OK)
            rc = ay_cmd_fail(&err);
        else
            rc = j.failed ? AY_EXIT_FAIL : AY_EXIT_OK;
    }
    job_fini(&j);
    ay_files_fini(&files);
    ay_args_fini(&a);
    return rc;
}
