#include "cmd/shelf.h"

#include <stdio.h>
#include <string.h>

/* Words that begin with one '-' are taken out of argv before it is read as options.  False: no memory. */
static bool split(ay_shelf_words *s, int *argc, char **argv, char ***left)
{
    int n = 1;

    s->word = ay_arena_alloc(&s->arena, (size_t)(*argc + 1) * sizeof *s->word);
    *left = ay_arena_alloc(&s->arena, (size_t)(*argc + 1) * sizeof **left);
    if (!s->word || !*left)
        return false;
    (*left)[0] = argv[0];
    for (int i = 1; i < *argc; i++) {
        bool word = argv[i][0] == '-' && argv[i][1] && argv[i][1] != '-' && strcmp(argv[i], "-h") != 0;
        if (word)
            s->word[s->n++] = argv[i];
        else
            (*left)[n++] = argv[i];
    }
    *argc = n;
    return true;
}

int ay_shelf_begin(ay_shelf_words *s, const ay_usage *usage, int argc, char **argv)
{
    char **left;
    int rc;

    ay_arena_init(&s->arena, 0);
    if (!split(s, &argc, argv, &left))
        return AY_EXIT_FAIL;
    rc = ay_args_parse(&s->args, usage, argc, left);
    for (int i = 0; rc < 0 && i < s->args.n_rest; i++)
        s->word[s->n++] = s->args.rest[i];
    return rc;
}

void ay_shelf_end(ay_shelf_words *s)
{
    ay_session_close(&s->session);
    ay_arena_fini(&s->arena);
    ay_args_fini(&s->args);
}

void ay_shelf_print(json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

const char *ay_shelf_dataset(const ay_shelf_words *s)
{
    return ay_config_text(&s->args.config, "dataset");
}

int ay_shelf_undo(ay_shelf_words *s, const char *token)
{
    ay_undo_result r;
    ay_status status = ay_session_open(&s->session, &s->args, false, false, &s->err);

    if (status == AY_OK)
        status = ay_service_undo(s->session.service, token, &r, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    printf("%lld pictures and other things are as they were\n", (long long)r.restored);
    return AY_EXIT_OK;
}
