#include "cmd/models.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "service/learn/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int operands;
    bool writes;
    const char *wanted;
} verbs[] = {
    {"promote", 1, true, "a model: its name, name:version or number"},
    {"rollback", 0, true, "no operand"},
    {"history", 0, false, "no operand"},
    {"export", 2, false, "a model and a folder to make"},
    {"import", 1, true, "the folder that assay train made"},
    {"remove", 1, true, "a model: its name, name:version or number"},
};
enum { VERBS = sizeof verbs / sizeof *verbs, SHOWN = 50, FILE_MAX = 1 << 30 };

static int verb_index(const char *verb)
{
    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, verb) == 0)
            return i;
    return -1;
}

bool ay_models_verb(const char *verb)
{
    return verb_index(verb) >= 0;
}

static ay_status promote(ay_session *s, const char *word, ay_err *err)
{
    ay_registered m;
    int64_t id;
    ay_status status = ay_registry_find(s->service, word, &id, err);

    if (status == AY_OK)
        status = ay_registry_promote(s->service, id, err);
    if (status == AY_OK)
        status = ay_registry_get(s->service, id, &s->arena, &m, err);
    if (status == AY_OK)
        printf("%s version %d answers from now on\n", m.name, m.version);
    return status;
}

static ay_status roll_back(ay_session *s, ay_err *err)
{
    ay_registered m;
    int64_t id;
    ay_status status = ay_registry_rollback(s->service, &id, err);

    if (status == AY_OK)
        status = ay_registry_get(s->service, id, &s->arena, &m, err);
    if (status == AY_OK)
        printf("back to %s version %d\n", m.name, m.version);
    return status;
}

static ay_status history(ay_session *s, ay_err *err)
{
    ay_served *list = NULL;
    size_t n = 0;
    ay_status status = ay_registry_history(s->service, SHOWN, &s->arena, &list, &n, err);

    for (size_t i = 0; status == AY_OK && i < n; i++)
        printf("%s  %-8s  %s:%d\n", list[i].at, list[i].action, list[i].name, list[i].version);
    return status;
}

typedef struct {
    const char *from, *to;
} copying;

static ay_status copy_file(void *ctx, const char *path, ay_err *err)
{
    const copying *c = ctx;
    char to[8400], *slash;
    ay_buf bytes = {0};
    ay_status status;

    snprintf(to, sizeof to, "%.4000s/%.4000s", c->to, path + strlen(c->from) + 1);
    slash = strrchr(to, '/');
    *slash = '\0';
    status = ay_file_mkdirs(to, err);
    *slash = '/';
    if (status == AY_OK)
        status = ay_file_read(path, FILE_MAX, &bytes, err);
    if (status == AY_OK)
        status = ay_file_write(to, bytes.data ? bytes.data : "", bytes.len, err);
    ay_buf_fini(&bytes);
    return status;
}

/* The folder appears whole, by one rename. */
static ay_status export_model(ay_session *s, const char *word, const char *to, ay_err *err)
{
    char from[4200], partial[4200];
    copying c = {from, partial};
    int64_t id;
    ay_status status = ay_registry_find(s->service, word, &id, err);

    snprintf(partial, sizeof partial, "%.4000s.partial", to);
    if (status == AY_OK && ay_file_exists(to))
        status = ay_fail(err, AY_EEXISTS, "%s is there already", to);
    if (status == AY_OK)
        status = ay_registry_folder(s->service, id, from, sizeof from, err);
    if (status == AY_OK)
        status = ay_file_walk(from, copy_file, &c, err);
    if (status == AY_OK && rename(partial, to) != 0)
        status = ay_fail(err, AY_EIO, "%s cannot be made", to);
    if (status == AY_OK)
        printf("%s\n", to);
    return status;
}

static ay_status import_model(ay_session *s, const char *folder, ay_err *err)
{
    ay_registered m;
    int64_t id;
    ay_status status = ay_registry_install(s->service, folder, NULL, &id, err);

    if (status == AY_OK)
        status = ay_registry_get(s->service, id, &s->arena, &m, err);
    if (status == AY_OK)
        printf("%s version %d is registered; \"assay model promote %s:%d\" lets it answer\n", m.name,
               m.version, m.name, m.version);
    return status;
}

static bool sure(const ay_args *a, const ay_registered *m)
{
    char answer[8] = "";

    if (ay_args_get(a, "yes"))
        return true;
    fprintf(stderr, "Remove %s version %d? [y/N] ", m->name, m->version);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    fputs("nothing was removed (say --yes to be not asked)\n", stderr);
    return false;
}

static ay_status remove_model(ay_session *s, const ay_args *a, ay_err *err)
{
    const char *word = a->rest[1];
    ay_registered m;
    int64_t id;
    ay_status status = ay_registry_find(s->service, word, &id, err);

    if (status == AY_OK)
        status = ay_registry_get(s->service, id, &s->arena, &m, err);
    if (status == AY_OK && !m.active && !sure(a, &m))
        return ay_fail(err, AY_ECANCELLED, "%s version %d is still there", m.name, m.version);
    if (status == AY_OK)
        status = ay_registry_delete(s->service, id, err);
    if (status == AY_OK)
        printf("%s version %d is deleted; what it answered stays on record\n", m.name, m.version);
    return status;
}

int ay_models_run(const ay_args *a)
{
    int v = verb_index(a->rest[0]);
    ay_session s = {0};
    ay_status status;
    ay_err err;

    if (a->n_rest != 1 + verbs[v].operands)
        return ay_args_wrong(a, "model %s wants %s", verbs[v].name, verbs[v].wanted);
    status = ay_session_open(&s, a, false, !verbs[v].writes, &err);
    if (status == AY_OK && v == 0)
        status = promote(&s, a->rest[1], &err);
    else if (status == AY_OK && v == 1)
        status = roll_back(&s, &err);
    else if (status == AY_OK && v == 2)
        status = history(&s, &err);
    else if (status == AY_OK && v == 3)
        status = export_model(&s, a->rest[1], a->rest[2], &err);
    else if (status == AY_OK && v == 5)
        status = remove_model(&s, a, &err);
    else if (status == AY_OK)
        status = import_model(&s, a->rest[1], &err);
    ay_session_close(&s);
    return status == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
}

void ay_models_list(const ay_args *a)
{
    ay_session s = {0};
    ay_registered *list = NULL;
    char data[4096];
    size_t n = 0;
    ay_err err;

    ay_config_data_dir(&a->config, data, sizeof data);
    if (ay_file_is_dir(data) && ay_session_open(&s, a, false, true, &err) == AY_OK &&
        ay_registry_list(s.service, &s.arena, &list, &n, &err) == AY_OK)
        for (size_t i = 0; i < n; i++)
            printf("%s trained %" PRId64 "  %s:%d  %zu classes  %s\n", list[i].active ? "*" : " ",
                   list[i].id, list[i].name, list[i].version, list[i].nclasses, list[i].created_at);
    ay_session_close(&s);
}
