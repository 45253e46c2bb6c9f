/* cmd/cmd_review.c - "assay review": what a person should look at next, and answers. */
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/session.h"
#include "service/library/review.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"number", 'n', "N", "how many questions (20)"},
    {"answer", 'a', "SHA256=CLASS", "this picture is of that class (made where it is missing); =right: its class is right; =skip"},
    {"json", 'j', NULL, "one JSON object"},
    {0},
};
static const ay_usage usage = {
    "review [OPTION ...]",
    "Tell which pictures a person should look at next, and why: best first, near copies once. A line a\n"
    "question: reason, guess, picture. The data set that is taught is the library, unless --dataset names\n"
    "another. Where a server has the data folder open questions are shown, and answering is the server's.\n"
    "Exit code: 0 there are questions, or the answer is kept; 3 no questions; 1 failure; 2 wrong usage.",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

static void print_item(const ay_review_item *it)
{
    printf("%-9s ", ay_review_why_name(it->why));
    if (it->nguess)
        printf("%s %.0f %%", it->guess[0].label, 100 * it->guess[0].share);
    else
        printf("?");
    if (it->label)
        printf(" (is in %s)", it->label);
    if (it->stands_for > 1)
        printf(", stands for %lld", (long long)it->stands_for);
    printf("\t%s\t%s\n", it->sha256, it->file);
}

static void print_json(const ay_review *r)
{
    json_t *items = json_array(), *o;

    for (size_t i = 0; i < r->n; i++) {
        const ay_review_item *it = &r->items[i];
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:f, s:I}", "sha256", it->sha256, "file", it->file, "why",
                                               ay_review_why_name(it->why), "label", it->label, "guess",
                                               it->nguess ? it->guess[0].label : NULL, "share", it->nguess ? it->guess[0].share : 0.0,
                                               "stands_for", (json_int_t)it->stands_for));
    }
    o = json_pack("{s:s, s:o, s:I, s:I, s:I}", "dataset", r->dataset, "items", items, "waiting", (json_int_t)r->waiting, "taught",
                  (json_int_t)r->taught, "answered", (json_int_t)r->answered);
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static int ask(ay_session *s, const ay_args *a, const char *dataset, long n, ay_err *err)
{
    ay_review r;

    if (ay_review_queue(s->service, dataset, (int)n, &s->arena, &r, err) != AY_OK)
        return ay_cmd_fail(err);
    if (ay_args_get(a, "json"))
        print_json(&r);
    for (size_t i = 0; i < r.n && !ay_args_get(a, "json"); i++)
        print_item(&r.items[i]);
    if (r.n == 0 && !ay_args_get(a, "json"))
        printf("no questions: %lld pictures are taught in %s, %lld wait without a class\n", (long long)r.taught, r.dataset,
               (long long)r.waiting);
    return r.n ? AY_EXIT_OK : 3;
}

static int answer(ay_session *s, const char *dataset, const char *text, ay_err *err)
{
    char sha256[AY_SHA256_HEX], undo[AY_UNDO_SIZE];
    const char *label = text + 65;
    ay_review_answer in = {.dataset = dataset, .sha256 = sha256, .answer = "class", .label = label, .why = ""};
    int64_t changed;

    snprintf(sha256, sizeof sha256, "%.64s", text);
    if (strcmp(label, "right") == 0 || strcmp(label, "skip") == 0)
        in.answer = label;
    if (ay_review_give(s->service, &in, undo, &changed, err) != AY_OK)
        return ay_cmd_fail(err);
    printf("%lld changed%s%s\n", (long long)changed, *undo ? "; undo: assay dataset undo " : "", undo);
    return AY_EXIT_OK;
}

static int run(const ay_args *a, long n)
{
    const char *text = ay_args_get(a, "answer"), *named = ay_config_text(&a->config, "dataset");
    ay_session session = {0};
    ay_err err;
    ay_status status = ay_session_open(&session, a, true, !text, &err);
    int rc = status != AY_OK ? ay_cmd_fail(&err) : text ? answer(&session, named, text, &err) : ask(&session, a, named, n, &err);

    ay_session_close(&session);
    return rc;
}

int ay_cmd_review(int argc, char **argv)
{
    const char *text;
    long n = 20;
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    text = rc < 0 ? ay_args_get(&a, "answer") : NULL;
    if (rc < 0 && a.n_rest > 0)
        rc = ay_args_wrong(&a, "review: \"%s\" is not expected", a.rest[0]);
    if (rc < 0 && text && (strlen(text) < 66 || text[64] != '='))
        rc = ay_args_wrong(&a, "review: --answer is SHA256=CLASS, the picture's 64 digits first");
    if (rc < 0 && ay_args_get(&a, "number") && !ay_args_number(&a, "number", 1, AY_REVIEW_MOST, &n))
        rc = AY_EXIT_USAGE;
    if (rc < 0)
        rc = run(&a, n);
    ay_args_fini(&a);
    return rc;
}
