/* cmd/cmd_model.c - "assay model": which encoders there are, what one is, and whether it computes
 * right.
 *
 * Encoders are the embedded one and the folders of <data>/models; any other is named by its path.
 */
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/known.h"
#include "cmd/model_encoder.h"
#include "cmd/model_words.h"
#include "cmd/models.h"
#include "cmd/pull.h"
#include "cmd/session.h"
#include "engine/verify.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"json", 'j', NULL, "show, words: print JSON"},
    {"yes", 'y', NULL, "remove: do not ask before removing"},
    {"name", 0, "NAME", "encoder: what it is called; its folder's name"},
    {"version", 0, "VERSION", "encoder: 1.0.0"},
    {"licence", 0, "TEXT", "encoder: of its weights; yours"},
    {"size", 0, "PIXELS", "encoder: a side of its input; as trained"},
    {"dim", 0, "N", "encoder: numbers in its vector; as trained"},
    {"each", 0, "N", "encoder, words: pictures of a class that are looked at; 12"},
    {"list", 0, "FILE", "words: what classes are called and are kinds of"},
    {"accept-licence", 0, NULL, "pull: the model's licence is read and agreed to"},
    {"offline", 0, NULL, "pull: only look whether it is here"},
    {"endpoint", 0, "URL", "pull: a mirror of the hub; else HF_ENDPOINT or https://huggingface.co"},
    {0},
};
static const ay_usage usage = {
    "model VERB [MODEL] [OPTION ...]",
    "  list              encoders at hand and registered trained models; * marks those in use\n"
    "  pull MODEL        download a model of the list, or org/name[@revision], from a Hugging Face hub\n"
    "  show [MODEL]      architecture, size, digest, licence, preprocessing\n"
    "  verify [MODEL]    compare its vectors with known answers and with plain loops\n"
    "  import FOLDER     register what assay train made\n"
    "  promote MODEL     let a registered model (name, name:version) answer\n"
    "  rollback          back to the one before\n"
    "  history           which model answered when\n"
    "  export MODEL DIR  a registered model's folder\n"
    "  remove MODEL      delete a registered model, but never the one that answers\n"
    "  encoder MODEL PICTURES DIR  vectors for any class from a trained \"ayresnet\"\n"
    "  words FOLDER PICTURES.csv --list FILE  words for an encoder from the names of its classes\n"
    "MODEL of show and verify is \"default\", a name of the list, a folder or a .safetensors file; the\n"
    "setting \"model\" if left out.",
    options,
    "data store " AY_ENGINE_SETTINGS,
};

static void list_one(const char *name, const char *in_use)
{
    printf("%s %s\n", strcmp(name, in_use) == 0 ? "*" : " ", name);
}

static int list(const ay_args *a)
{
    const char *in_use = ay_config_text(&a->config, "model");
    char dir[4096], path[8192];
    struct dirent *entry;
    DIR *models;

    list_one("default", in_use);
    ay_config_data_dir(&a->config, path, sizeof path - 8);
    snprintf(dir, sizeof dir, "%.4000s/models", path);
    models = opendir(dir);
    while (models && (entry = readdir(models))) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] == '.' || strspn(entry->d_name, "0123456789abcdef") == 32)
            continue; /* a registered model, listed by its name */
        if (ay_file_is_dir(path))
            list_one(path, in_use);
    }
    if (models)
        closedir(models);
    return AY_EXIT_OK;
}

static int show(const ay_session *s, bool json)
{
    const ay_engine_info *m = ay_engine_get_info(s->engine);
    const char *precision = m->precision == AY_PRECISION_BF16 ? "bf16" : "f32";

    if (json) {
        json_t *o = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:f, s:s, s:s, s:i}", "name",
            m->name, "version", m->version, "architecture", m->arch, "shape", m->shape, "licence",
            m->licence, "digest", m->digest, "preprocess_digest", m->preprocess_digest, "dim",
            m->dim, "input_size", m->input_size, "parameters", (json_int_t)m->parameters, "gflops",
            m->gflops, "precision", precision, "backend", m->backend, "workers", m->workers);
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
        return AY_EXIT_OK;
    }
    printf("name           %s %s\narchitecture   %s: %s\nlicence        %s\n", m->name, m->version,
           m->arch, m->shape, m->licence);
    printf("parameters     %.2f million\nwork           %.2f GFLOP a picture\n",
           (double)m->parameters / 1e6, m->gflops);
    printf("input          %d x %d pixels\nvector         %d numbers\n", m->input_size,
           m->input_size, m->dim);
    printf("arithmetic     %s on %s, %d workers\n", precision, m->backend, m->workers);
    printf("digest         %s\npreprocessing  %s\n", m->digest, m->preprocess_digest);
    return AY_EXIT_OK;
}

static ay_status verify_numbers(ay_engine *engine, int *wrong, ay_err *err)
{
    ay_engine_check checks[AY_ENGINE_CHECKS];
    int n = 0;
    ay_status status = ay_engine_verify(engine, checks, &n, err);

    for (int i = 0; status == AY_OK && i < n; i++) {
        printf("%-5s %-16s cosine %.7f (at least %.5f), largest difference %.2g\n",
               checks[i].ok ? "ok" : "WRONG", checks[i].name, checks[i].cosine,
               checks[i].cosine_wanted, checks[i].max_error);
        *wrong += !checks[i].ok;
    }
    return status;
}

static int verify(const ay_args *a, const char *word, ay_engine *engine, int wrong)
{
    ay_err err;

    if (verify_numbers(engine, &wrong, &err) != AY_OK || ay_known_words(a, word, engine, &wrong, &err) != AY_OK)
        return ay_cmd_fail(&err);
    if (wrong)
        fprintf(stderr, "assay: %d checks are wrong: do not trust this model on this machine\n", wrong);
    return wrong ? AY_EXIT_FAIL : AY_EXIT_OK;
}

/* A trained model with its logits, else an encoder. */
static int verify_model(const ay_args *a)
{
    const char *word = ay_config_text(&a->config, "model");
    ay_session session = {0};
    ay_classifier *c = NULL;
    int rc, wrong = 0;
    ay_err err;

    if (ay_known_files(word, &wrong, &err) != AY_OK)
        rc = ay_cmd_fail(&err);
    else if (ay_session_classifier(&c, a, word, NULL) == AY_OK)
        rc = verify(a, word, ay_classifier_engine(c), wrong);
    else if (ay_session_engine(&session, a, &err) == AY_OK)
        rc = verify(a, word, session.engine, wrong);
    else
        rc = ay_cmd_fail(&err);
    ay_classifier_close(c);
    ay_session_close(&session);
    return rc;
}

int ay_cmd_model(int argc, char **argv)
{
    ay_session session = {0};
    const char *verb;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    verb = a.n_rest ? a.rest[0] : "";
    if (strcmp(verb, "pull") == 0) {
        rc = ay_pull_run(&a);
        goto out;
    }
    if (ay_models_verb(verb)) {
        rc = ay_models_run(&a);
        goto out;
    }
    if (strcmp(verb, "encoder") == 0) {
        rc = ay_model_encoder(&a);
        goto out;
    }
    if (strcmp(verb, "words") == 0) {
        rc = ay_model_words(&a);
        goto out;
    }
    if (strcmp(verb, "list") != 0 && strcmp(verb, "show") != 0 && strcmp(verb, "verify") != 0) {
        rc = ay_args_wrong(
            &a, *verb ? "model: there is no verb '%s'" : "model: which verb?%s", verb);
        goto out;
    }
    if (a.n_rest > 2) {
        rc = ay_args_wrong(&a, "model: '%s' is one word too many", a.rest[2]);
        goto out;
    }
    if (strcmp(verb, "list") == 0) {
        rc = list(&a);
        ay_models_list(&a);
        ay_pull_list(&a);
        goto out;
    }
    if (a.n_rest == 2 && ay_config_set(&a.config, "model", a.rest[1], "operand", &err) != AY_OK)
        rc = ay_cmd_fail(&err);
    else if (strcmp(verb, "verify") == 0)
        rc = verify_model(&a);
    else if (ay_session_engine(&session, &a, &err) != AY_OK)
        rc = ay_cmd_fail(&err);
    else
        rc = show(&session, ay_args_get(&a, "json"));
out:
    ay_session_close(&session);
    ay_args_fini(&a);
    return rc;
}
