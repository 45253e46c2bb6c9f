/* cmd/cmd_embed.c - "assay embed": pictures or texts to vectors for use elsewhere. */
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/pictures.h"
#include "cmd/session.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_option options[] = {
    {"npy", 0, "FILE", "write one NumPy array float32 [N, dim] instead, in the order listed"},
    {"text", 't', NULL, "the operands are texts, not pictures; a text of which no word is known is refused"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "embed [OPTION ...] FILE|FOLDER|- ...   or   embed --text TEXT ...",
    "Print the unit vector of each picture: one JSON object a line, {\"file\", \"vector\"}.\n"
    "With --text of each text: {\"text\", \"vector\", \"unknown_words\"}, in the same space as the pictures'.\n"
    "With --npy the names or texts are printed, one a line, in the array's order.",
    options,
    "max-upload max-pixels " AY_ENGINE_SETTINGS,
};

typedef struct {
    ay_session *session;
    ay_pictures walk;
    float *vectors; /* of a chunk */
    int dim;
    FILE *npy;
    size_t rows;
    bool failed; /* the array could not be written */
} embed_job;

/* NumPy's format 1.0: magic, version, header length, a padded dict, then the numbers. */
static int write_npy_header(FILE *f, size_t rows, int dim)
{
    char head[118];
    int n = snprintf(head, sizeof head,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %d), }", rows, dim);

    memset(head + n, ' ', sizeof head - (size_t)n);
    head[sizeof head - 1] = '\n';
    return fseek(f, 0, SEEK_SET) == 0 && fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f) == 10 &&
                   fwrite(head, 1, sizeof head, f) == sizeof head
               ? 0
               : -1;
}

/* unknown NULL: a picture's. */
static void print_vector(embed_job *j, const char *kind, const char *path, const float *v,
                         const ay_words_text *unknown)
{
    json_t *o, *list;

    if (j->npy) {
        if (fwrite(v, sizeof *v, (size_t)j->dim, j->npy) != (size_t)j->dim)
            j->failed = true;
        puts(path);
        j->rows++;
        return;
    }
    o = json_object();
    list = json_array();
    for (int i = 0; i < j->dim; i++)
        json_array_append_new(list, json_real((double)v[i]));
    json_object_set_new(o, kind, json_string(path));
    json_object_set_new(o, "vector", list);
    if (unknown) {
        list = json_array();
        for (int i = 0; i < unknown->nunknown; i++)
            json_array_append_new(list, json_string(unknown->unknown[i]));
        json_object_set_new(o, "unknown_words", list);
    }
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(o);
}

static ay_status embed_chunk(void *ctx, const ay_image *const *images, const char *const *names, int n,
                             ay_err *err)
{
    embed_job *j = ctx;
    ay_status status = ay_engine_embed(j->session->engine, images, n, j->vectors, err);

    if (status == AY_OK)
        ay_progress_hide(&j->walk.bar);
    for (int i = 0; i < n && status == AY_OK; i++)
        print_vector(j, "file", names[i], j->vectors + (size_t)i * (size_t)j->dim, NULL);
    return status;
}

static int embed_all(embed_job *j, const ay_files *files, ay_err *err)
{
    ay_status status = AY_OK;

    j->vectors = ay_calloc((size_t)AY_PICTURES_CHUNK * (size_t)j->dim, sizeof *j->vectors);
    if (!j->vectors)
        status = ay_fail(err, AY_ENOMEM, "embedding");
    if (j->npy && write_npy_header(j->npy, 0, j->dim) != 0)
        j->failed = true;
    if (status == AY_OK)
        status = ay_pictures_each(&j->walk, files, err);
    ay_free(j->vectors);
    if (j->npy && (write_npy_header(j->npy, j->rows, j->dim) != 0 || fflush(j->npy) != 0)) {
        fputs("assay: the array could not be written\n", stderr);
        j->failed = true;
    }
    if (status != AY_OK)
        return ay_cmd_fail(err);
    return j->failed || j->walk.failed ? AY_EXIT_FAIL : AY_EXIT_OK;
}

static ay_status print_text(embed_job *j, ay_words *words, const char *text, const float *v, ay_err *err)
{
    ay_words_text unknown;
    ay_arena arena;
    ay_status status;

    ay_arena_init(&arena, 0);
    status = ay_words_examine(words, text, &arena, &unknown, err);
    if (status == AY_OK)
        print_vector(j, "text", text, v, &unknown);
    for (int i = 0; i < unknown.nunknown && status == AY_OK && j->npy; i++)
        fprintf(stderr, "assay: \"%s\" is not known and ignored in \"%s\"\n", unknown.unknown[i], text);
    ay_arena_fini(&arena);
    return status;
}

/* npy: the array's file, made only when there is something to write; NULL: lines of JSON. */
static ay_status embed_texts(embed_job *j, const ay_args *a, const char *npy, ay_err *err)
{
    const char *const *texts = (const char *const *)a->rest;
    float *vectors = NULL;
    ay_words_info info;
    ay_words *words;
    ay_status status = ay_session_words(&words, a, err);

    if (status == AY_OK)
        status = ay_words_get_info(words, &info, err);
    if (status == AY_OK) {
        j->dim = info.dim;
        vectors = ay_alloc((size_t)a->n_rest * (size_t)j->dim, sizeof *vectors);
        status = vectors ? ay_words_embed(words, texts, a->n_rest, vectors, err)
                         : ay_fail(err, AY_ENOMEM, "%d texts", a->n_rest);
    }
    if (status == AY_OK && npy && !(j->npy = fopen(npy, "wb")))
        status = ay_fail(err, AY_EIO, "%s: cannot be written", npy);
    if (status == AY_OK && j->npy && write_npy_header(j->npy, (size_t)a->n_rest, j->dim) != 0)
        status = ay_fail(err, AY_EIO, "the array could not be written");
    for (int i = 0; i < a->n_rest && status == AY_OK; i++)
        status = print_text(j, words, texts[i], vectors + (size_t)i * (size_t)j->dim, err);
    if (status == AY_OK && j->failed)
        status = ay_fail(err, AY_EIO, "the array could not be written");
    ay_free(vectors);
    ay_words_close(words);
    return status;
}

int ay_cmd_embed(int argc, char **argv)
{
    ay_files files = {0};
    ay_session session = {0};
    embed_job j = {.session = &session};
    const char *npy;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest == 0) {
        rc = ay_args_wrong(&a, "embed: name a picture, a folder, or - for standard input");
        goto out;
    }
    rc = AY_EXIT_FAIL;
    npy = ay_args_get(&a, "npy");
    if (ay_args_get(&a, "text")) {
        rc = embed_texts(&j, &a, npy, &err) == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
        goto out;
    }
    if (ay_files_collect(&files, a.rest, a.n_rest, &err) != AY_OK ||
        ay_session_engine(&session, &a, &err) != AY_OK) {
        ay_cmd_fail(&err);
        goto out;
    }
    if (npy && !(j.npy = fopen(npy, "wb"))) {
        ay_fail(&err, AY_EIO, "%s: cannot be written", npy);
        ay_cmd_fail(&err);
        goto out;
    }
    j.walk = (ay_pictures){.what = "embedding", .limits = ay_session_limits(&a),
                           .quiet = ay_args_get(&a, "quiet") != NULL, .use = embed_chunk, .ctx = &j};
    j.dim = ay_engine_get_info(session.engine)->dim;
    rc = embed_all(&j, &files, &err);
out:
    if (j.npy && fclose(j.npy) != 0)
        rc = AY_EXIT_FAIL;
    ay_files_fini(&files);
    ay_session_close(&session);
    ay_args_fini(&a);
    return rc;
}
