/* cmd/cmd_search.c - "assay search": pictures found by words, by a picture, or by both.
 *
 * Without a folder the stored pictures are searched, as POST /v1/search does.  With folders their pictures
 * are embedded here and now, and nothing is kept of them. */
#include "base/file.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/embedded.h"
#include "cmd/session.h"
#include "http/request.h"
#include "http/view.h"
#include "service/library/facts.h"
#include "service/find/search.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"minus", 'm', "WORDS", "what it should not show; may be given again"},
    {"like", 'l', "PICTURE", "a picture to search with: a file, or the SHA-256 of a stored one"},
    {"class", 0, "CLASS", "only stored pictures of this class"},
    {"since", 0, "TIME", "only stored pictures added since 2026-01-31 or 2026-01-31T12:00:00Z"},
    {"until", 0, "TIME", "only stored pictures added until then"},
    {"tag", 't', "TAG", "only stored pictures with this tag; -TAG: without; may be given again, as those that follow"},
    {"album", 0, "ALBUM", "only stored pictures of this album"},
    {"camera", 0, "NAME", "only stored pictures of this camera, or part of its name"},
    {"format", 0, "FORMAT", "only stored pictures that are jpeg, png ..."},
    {"filter", 'f', "WORDS", "only stored pictures that are left by a filter, as \"tag:blue since:7d\" (assay pictures --help)"},
    {"limit", 'n', "N", "most results (24; 10000 at most)"},
    {"offset", 0, "N", "how many of the best to pass over"},
    {"cutoff", 'c', "auto|none|X", "auto: nothing when nothing matches; none: the nearest; X: least score, 0 to 1"},
    {"json", 'j', NULL, "one JSON object, as POST /v1/search answers"},
    {"quiet", 'q', NULL, "no progress bar, no closing sentence"},
    {0},
};
static const ay_usage usage = {
    "search [OPTION ...] WORDS [FOLDER|FILE ...]   or   search --like PICTURE [WORDS] [FOLDER|FILE ...]",
    "Find pictures that show what the words say, or that are like a picture: among the stored ones (of\n"
    "the active data set; --dataset \"*\": of all), or among those of the folders named after the words.\n"
    "A line a result: score, cosine, picture.  The score is 0 % for what is like any picture, 50 % where\n"
    "the cut-off is, 100 % for the very picture.  Words need an encoder that reads them.\n"
    "Exit code: 0 something was found, 3 nothing, 1 failure, 2 wrong usage.",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

typedef struct {
    const ay_args *args;
    ay_session session;
    ay_arena arena;
    ay_find_request q;
    ay_picture_filter filter;
    const char *minus[AY_QUESTION_MINUS + 1];
    ay_buf like;      /* the bytes of --like */
    ay_words *words;  /* of a folder's search */
    ay_files files;
    ay_embedded all; /* of a folder's search */
    ay_find_answer answer;
} job;

/* ---- the question */

static ay_status read_cutoff(const ay_args *a, ay_find_request *q, ay_err *err)
{
    const char *word = ay_args_get(a, "cutoff");

    if (!word || strcmp(word, "auto") == 0)
        return AY_OK;
    q->cut = strcmp(word, "none") == 0 ? AY_CUT_NONE : AY_CUT_SCORE;
    if (q->cut == AY_CUT_SCORE && (!ay_str_to_double(word, &q->least) || !(q->least >= 0 && q->least <= 1)))
        return ay_fail(err, AY_EINVAL, "--cutoff is auto, none, or a least score from 0 to 1, not '%.40s'", word);
    return AY_OK;
}

/* What is not a file but looks like a digest names a stored picture. */
static ay_status read_like(job *j, ay_err *err)
{
    const char *like = ay_args_get(j->args, "like");
    ay_status status;

    if (!like)
        return AY_OK;
    if (!ay_file_exists(like) && ay_sha256_valid(like) && j->files.n == 0) {
        j->q.sha256 = like;
        return AY_OK;
    }
    status = ay_files_read(like, ay_config_size(&j->args->config, "max-upload"), &j->like, err);
    j->q.bytes = j->like.data ? j->like.data : "";
    j->q.n = j->like.len;
    return status;
}

/* What --tag, --album, --camera, --format and --filter leave. */
static ay_status read_filter(job *j, ay_err *err)
{
    static const char *const keys[] = {"tag", "album", "camera", "format"};
    const ay_args *a = j->args;
    ay_status status = AY_OK;
    const char *value;

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (int i = 0; status == AY_OK && (value = ay_args_nth(a, keys[k], i)); i++)
            status = *value ? ay_filter_set(&j->filter, &j->arena, keys[k], value, NULL, err)
                            : ay_fail(err, AY_EINVAL, "--%s is followed by nothing", keys[k]);
    if (status == AY_OK && ay_args_get(a, "filter"))
        status = ay_filter_words(&j->filter, &j->arena, ay_args_get(a, "filter"), err);
    j->q.filter = j->filter.n ? &j->filter : NULL;
    return status;
}

/* What --since, --until, --cutoff and the filters say; a fault is one of the command line. */
static ay_status read_options(job *j, ay_err *err)
{
    const ay_args *a = j->args;
    ay_status status = ay_request_time("--since", ay_args_get(a, "since"), &j->q.since_us, err);

    if (status == AY_OK)
        status = ay_request_time("--until", ay_args_get(a, "until"), &j->q.until_us, err);
    if (status == AY_OK)
        status = read_filter(j, err);
    return status == AY_OK ? read_cutoff(a, &j->q, err) : status;
}

static ay_status read_question(job *j, ay_err *err)
{
    const ay_args *a = j->args;

    for (int i = 0; i <= AY_QUESTION_MINUS && (j->minus[i] = ay_args_nth(a, "minus", i)); i++)
        j->q.question.nminus++;
    j->q.question.minus = j->minus;
    j->q.klass = ay_args_get(a, "class");
    j->q.dataset = ay_config_text(&a->config, "dataset");
    if (j->files.n && (j->filter.n || j->q.klass || j->q.since_us || j->q.until_us))
        return ay_fail(err, AY_EINVAL, "a filter is about stored pictures, not about those of a folder: leave one of the two out");
    return read_like(j, err);
}

/* The first operand is the words; with --like it is so only where it is no file.  The rest is searched. */
static ay_status read_operands(job *j, ay_err *err)
{
    char **rest = j->args->rest;
    int n = j->args->n_rest;

    if (n > 0 && (!ay_args_get(j->args, "like") || !ay_file_exists(rest[0]))) {
        j->q.question.words = rest[0];
        rest++, n--;
    }
    return ay_files_collect(&j->files, rest, n, err);
}

/* ---- a folder */

static ay_status embed_like(job *j, const float **out, ay_err *err)
{
    ay_image_limits limits = ay_session_limits(j->args);
    const ay_image *list[1];
    ay_image im;
    float *v;
    ay_status status;

    if (!j->q.bytes)
        return AY_OK;
    status = ay_image_decode(j->q.bytes, j->q.n, &limits, &im, err);
    if (status != AY_OK)
        return ay_err_wrap(err, "%s", ay_args_get(j->args, "like")), status;
    list[0] = &im;
    v = ay_arena_alloc(&j->arena, (size_t)j->all.dim * sizeof *v);
    *out = v;
    status = v ? ay_engine_embed(j->session.engine, list, 1, v, err) : ay_fail(err, AY_ENOMEM, "a picture");
    ay_image_fini(&im);
    return status;
}

static ay_status read_words(job *j, ay_question_read *out, ay_err *err)
{
    ay_word_reader reader;
    ay_words_info info;
    ay_status status;

    if (!ay_question_has_words(&j->q.question))
        return AY_OK;
    status = ay_words_get_info(j->words, &info, err);
    if (status == AY_OK && info.dim != j->all.dim)
        return ay_fail(err, AY_ECORRUPT, "the image tower gives %d numbers and the text tower %d: they do "
                                         "not belong together", j->all.dim, info.dim);
    reader = ay_word_reader_of_words(j->words);
    return status == AY_OK ? ay_question_take(&j->q.question, &reader, info.closed, j->all.dim, &j->arena, out, err)
                           : status;
}

static ay_status take_ranking(job *j, const ay_ranking *r, const ay_question_read *read, ay_err *err)
{
    char text[256];

    ay_ranking_tell(r, text, sizeof text);
    j->answer = (ay_find_answer){.considered = r->considered, .total = r->total, .offset = j->q.offset, .cut = j->q.cut, .reason = r->reason,
                                 .least = r->least, .best = r->best, .unknown = read->unknown,
                                 .nunknown = read->nunknown, .text = ay_arena_strdup(&j->arena, text)};
    j->answer.items = ay_arena_alloc(&j->arena, (size_t)(r->n + 1) * sizeof *j->answer.items);
    if (!j->answer.text || !j->answer.items)
        return ay_fail(err, AY_ENOMEM, "writing an answer");
    for (int i = 0; i < r->n; i++)
        j->answer.items[j->answer.n++] = (ay_found){.file = j->all.name[r->items[i].row],
            .similarity = r->items[i].similarity, .score = r->items[i].score};
    return AY_OK;
}

/* Pictures of one folder are of one class. */
static int *folder_labels(job *j)
{
    int *label = ay_arena_alloc(&j->arena, (j->all.n + 1) * sizeof *label);
    size_t before = 0;

    for (size_t i = 0; label && i < j->all.n; i++) {
        const char *slash = strrchr(j->all.name[i], '/');
        size_t n = slash ? (size_t)(slash - j->all.name[i]) : 0;
        bool same = i > 0 && n == before && strncmp(j->all.name[i], j->all.name[i - 1], n) == 0;
        label[i] = i == 0 ? 0 : label[i - 1] + !same;
        before = n;
    }
    return label;
}

static ay_status learn(job *j, const ay_shelf *pool, ay_ranking_query *v, ay_chance *words, ay_chance *pictures,
                       ay_err *err)
{
    int *label = folder_labels(j);
    ay_word_reader reader;
    float *bank = NULL;
    int n = 0;
    ay_status status = label ? AY_OK : ay_fail(err, AY_ENOMEM, "searching");

    if (status == AY_OK && (v->words || v->nminus)) {
        reader = ay_word_reader_of_words(j->words);
        status = ay_question_bank(&reader, v->neutral, j->all.dim, &j->arena, &bank, &n, err);
        if (status == AY_OK)
            status = ay_chance_of_words(pool, bank, n, 0, words, err);
        v->of_words = words;
    }
    if (status == AY_OK && v->picture)
        status = ay_chance_of_pictures(pool, label, 0, pictures, err);
    v->of_pictures = pictures;
    return status;
}

static ay_status rank_folder(job *j, ay_err *err)
{
    ay_ranking_options o = {.kind = j->q.cut, .least = j->q.least, .most = j->q.limit, .first = j->q.offset};
    ay_question_read read = {.vectors.dim = j->all.dim};
    ay_ranked *ranked = ay_arena_alloc(&j->arena, (size_t)o.most * sizeof *ranked);
    ay_rows rows = {j->all.rows, j->all.n, j->all.dim};
    ay_shelf pool = {&rows, 1, j->all.dim, j->all.n};
    ay_chance words = {0}, pictures = {0};
    ay_ranking r;
    ay_status status = ranked ? read_words(j, &read, err) : ay_fail(err, AY_ENOMEM, "searching");

    if (status == AY_OK)
        status = embed_like(j, &read.vectors.picture, err);
    if (status != AY_OK)
        return status;
    if (!read.vectors.words && !read.vectors.picture)
        ay_ranking_unknown(NULL, j->all.n, &r);
    else if ((status = learn(j, &pool, &read.vectors, &words, &pictures, err)) == AY_OK)
        status = ay_ranking_make(&pool, NULL, &read.vectors, &o, ranked, &r, err);
    ay_chance_fini(&words);
    ay_chance_fini(&pictures);
    return status == AY_OK ? take_ranking(j, &r, &read, err) : status;
}

/* The words come first: a model that has none is told before anything is embedded. */
static ay_status search_folder(job *j, ay_err *err)
{
    ay_status status = AY_OK;

    if (ay_question_has_words(&j->q.question)) {
        status = ay_session_words(&j->words, j->args, err);
        if (status == AY_OK)
            status = ay_words_get_info(j->words, &(ay_words_info){0}, err);
    }
    if (status == AY_OK)
        status = ay_session_engine(&j->session, j->args, err);
    if (status != AY_OK)
        return status;
    status = ay_embedded_read(&j->all, &j->session, j->args, &j->files, &j->arena, err);
    return status == AY_OK ? rank_folder(j, err) : status;
}

/* ---- the stored pictures */

static ay_status search_stored(job *j, ay_err *err)
{
    ay_status status = ay_session_open(&j->session, j->args, true, true, err);

    if (status == AY_OK)
        ay_facts_need(j->session.service, &j->filter);
    return status == AY_OK ? ay_find_pictures(j->session.service, &j->q, &j->arena, &j->answer, err) : status;
}

/* ---- the answer */

static json_t *file_json(const ay_found *f)
{
    bool text = ay_utf8_valid(f->file, strlen(f->file));

    return json_pack("{s:s, s:o, s:o}", "file", text ? f->file : "(name is not UTF-8)", "score",
                     ay_view_real(f->score), "similarity", ay_view_real((double)f->similarity));
}

static void print_json(job *j)
{
    const ay_engine_info *model = ay_engine_get_info(j->session.engine);
    json_t *o = ay_view_found(&j->answer, model), *list = json_array();

    for (int i = 0; j->files.n && i < j->answer.n; i++)
        json_array_append_new(list, file_json(&j->answer.items[i]));
    if (j->files.n)
        json_object_set(o, "results", list);
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(list);
    json_decref(o);
}

static void print_line(const job *j, const ay_found *f)
{
    printf("%5.1f %%  %6.3f  ", 100 * f->score, (double)f->similarity);
    if (j->files.n)
        puts(f->file);
    else if (j->q.dataset && strcmp(j->q.dataset, AY_FIND_ALL) == 0)
        printf("%s/%s/%s\n", f->dataset, f->class_name, *f->file ? f->file : f->sha256);
    else
        printf("%s/%s\n", f->class_name, *f->file ? f->file : f->sha256);
}

static int print(job *j)
{
    const ay_find_answer *a = &j->answer;
    bool quiet = ay_args_get(j->args, "quiet") != NULL;

    if (ay_args_get(j->args, "json"))
        print_json(j);
    else
        for (int i = 0; i < a->n; i++)
            print_line(j, &a->items[i]);
    fflush(stdout);
    for (int i = 0; i < a->nunknown && !quiet; i++)
        fprintf(stderr, "%s%s%s", i ? ", " : "not known to the encoder: ", a->unknown[i],
                i + 1 == a->nunknown ? "\n" : "");
    if (!quiet && a->n && a->total > (size_t)a->offset + (size_t)a->n)
        fprintf(stderr, "%d to %zu of %zu; the next: --offset %zu\n", a->offset + 1, (size_t)a->offset + (size_t)a->n, a->total,
                (size_t)a->offset + (size_t)a->n);
    if (!quiet)
        fprintf(stderr, "%s\n", a->text);
    return j->all.failed ? AY_EXIT_FAIL : a->n ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

static void job_fini(job *j)
{
    ay_files_fini(&j->files);
    ay_buf_fini(&j->like);
    ay_arena_fini(&j->arena);
    ay_words_close(j->words);
    ay_session_close(&j->session);
}

int ay_cmd_search(int argc, char **argv)
{
    job j = {0};
    long limit = AY_FIND_USUAL, offset = 0;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    j.args = &a;
    if (rc < 0 && a.n_rest == 0 && !ay_args_get(&a, "like"))
        rc = ay_args_wrong(&a, "search: what for? words, or --like PICTURE");
    if (rc < 0 && ay_args_get(&a, "limit") && !ay_args_number(&a, "limit", 1, AY_FIND_MOST, &limit))
        rc = AY_EXIT_USAGE;
    if (rc < 0 && ay_args_get(&a, "offset") && !ay_args_number(&a, "offset", 0, INT32_MAX, &offset))
        rc = AY_EXIT_USAGE;
    if (rc < 0 && read_options(&j, &err) != AY_OK)
        rc = ay_args_wrong(&a, "search: %s", err.msg);
    if (rc < 0) {
        j.q.limit = (int)limit;
        j.q.offset = (int)offset;
        if (read_operands(&j, &err) != AY_OK || read_question(&j, &err) != AY_OK ||
            ay_question_check(&j.q.question, &err) != AY_OK ||
            (j.files.n ? search_folder(&j, &err) : search_stored(&j, &err)) != AY_OK)
            rc = ay_cmd_fail(&err);
        else
            rc = print(&j);
    }
    job_fini(&j);
    ay_args_fini(&a);
    return rc;
}
