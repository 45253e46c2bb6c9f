#include "inspect/ask.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    ay_line_name name;
    const ay_ask_picture *picture;
} named;

static const ay_line_part same[] = {AY_LINE_BOARD, AY_LINE_TIMESTAMP, AY_LINE_COMPONENT, AY_LINE_COMPONENT_ID};

static int by_question(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = 0;

    for (size_t i = 0; i < sizeof same / sizeof *same && order == 0; i++)
        order = strcmp(x->name.part[same[i]], y->name.part[same[i]]);
    return order;
}

/* Those that can be read come into `to`; *n: how many. */
static ay_status read_names(const char *pattern, const ay_ask_picture *list, int count, const ay_asker *asker, ay_arena *arena, named *to,
                            int *n, ay_err *err)
{
    ay_line_grammar g;
    ay_status status = ay_line_grammar_init(&g, pattern, err);

    *n = 0;
    for (int i = 0; i < count && status == AY_OK; i++) {
        const ay_ask_picture *p = &list[i];
        ay_err why;
        status = ay_line_name_read(&g, p->file, arena, &to[*n].name, &why);
        if (status == AY_OK)
            to[(*n)++].picture = p;
        else if (status == AY_EINVAL)
            asker->refused(asker->ctx, &p, 1, AY_EINVAL, why.msg);
        else
            *err = why;
        if (status == AY_EINVAL)
            status = AY_OK;
    }
    return status;
}

/* What ends everything: the caller, memory, an engine that is full. */
static bool is_ours(ay_status status)
{
    return status == AY_ENOTFOUND || status == AY_EINVAL || status == AY_ECORRUPT || status == AY_ELIMIT || status == AY_EUNSUPPORTED ||
           status == AY_EIO;
}

typedef struct {
    const ay_ask_picture *picture[AY_INSPECT_LIGHTS];
    ay_inspect_picture asked[AY_INSPECT_LIGHTS];
    ay_image read[AY_INSPECT_LIGHTS];
    int n, nread;
} question;

static ay_status add(question *q, const named *one, const ay_asker *asker, ay_err *err)
{
    const ay_image *image = one->picture->image;
    ay_status status = AY_OK;

    if (q->n == AY_INSPECT_LIGHTS)
        return ay_fail(err, AY_EINVAL, "more than %d pictures of one component", AY_INSPECT_LIGHTS);
    q->picture[q->n] = one->picture;
    if (!image && (status = asker->read(asker->ctx, one->picture, &q->read[q->nread], err)) == AY_OK)
        image = &q->read[q->nread++];
    q->asked[q->n++] = (ay_inspect_picture){one->name.part[AY_LINE_LIGHT], image};
    return status;
}

static ay_status ask(ay_inspect_module *m, const char *product, const char *component, const named *list, int n, const ay_asker *asker,
                     ay_err *err)
{
    question q = {.n = 0};
    ay_inspect_decision d;
    ay_status status = AY_OK;

    for (int i = 0; i < n && status == AY_OK; i++)
        status = add(&q, &list[i], asker, err);
    if (status == AY_OK)
        status = ay_inspect_decide(m, q.asked, q.n, product, component ? component : list[0].name.part[AY_LINE_COMPONENT], &d, err);
    if (status == AY_OK) {
        status = asker->decided(asker->ctx, &d, q.picture, q.n, err);
    } else if (is_ours(status)) {
        asker->refused(asker->ctx, q.picture, q.n, status, err->msg);
        status = AY_OK;
    }
    for (int i = 0; i < q.nread; i++)
        ay_image_fini(&q.read[i]);
    return status;
}

ay_status ay_inspect_ask(ay_inspect_module *m, const char *pattern, const char *product, const char *component, const ay_ask_picture *list,
                         int n, const ay_asker *asker, ay_err *err)
{
    ay_arena arena;
    named *names;
    int count = 0;
    ay_status status;

    ay_arena_init(&arena, 0);
    names = ay_arena_alloc(&arena, (size_t)(n + 1) * sizeof *names);
    status = names ? read_names(pattern, list, n, asker, &arena, names, &count, err) : ay_fail(err, AY_ENOMEM, "reading names");
    if (status == AY_OK)
        qsort(names, (size_t)count, sizeof *names, by_question);
    for (int i = 0, next; i < count && status == AY_OK; i = next) {
        next = i + 1;
        while (next < count && by_question(&names[i], &names[next]) == 0)
            next++;
        status = ask(m, product, component, &names[i], next - i, asker, err);
    }
    ay_arena_fini(&arena);
    return status;
}
