/* cmd/cmd_pictures.c - "assay pictures": the list of the library's pictures on a terminal and for programs (cmd/shelf.h). */
#include "base/str.h"
#include "cmd/commands.h"
#include "cmd/progress.h"
#include "cmd/shelf.h"
#include "http/h_pictures.h"
#include "service/library/facts.h"
#include "service/library/opinions.h"
#include "service/library/shelf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const ay_option list_options[] = {
    {"limit", 0, "N", "most pictures (100)"},
    {"offset", 0, "N", "how many of the list to pass over"},
    {"count", 0, NULL, "only how many there are"},
    {"look", 0, NULL, "first have the trained model (the active one, or model:NAME) look at the pictures it has not seen"},
    {"json", 0, NULL, "one JSON object, as GET /v1/pictures answers"},
    {0},
};
static const ay_usage list_usage = {
    "pictures [OPTION ...] [FILTER ...]",
    "List the pictures of the library (--dataset NAME: of a data set), one a line: digest, class, tags, file.\n" AY_SHELF_FILTERS "\n"
    "Exit code: 0 there are some, 3 none, 1 failure, 2 wrong usage.",
    list_options,
    "dataset " AY_SESSION_SETTINGS,
};

/* For programs: digest, class, tags and file with tabs between. */
static void print_plain(const ay_shelf_part *part)
{
    for (size_t i = 0; i < part->n; i++) {
        const ay_shelf_item *it = &part->items[i];
        printf("%s\t%s\t", it->sha256, it->class_name);
        for (int k = 0; k < it->ntags; k++)
            printf("%s%s", k ? "," : "", it->tags[k]);
        printf("\t%s\n", it->file);
    }
}

/* A text in columns of a terminal: cut or filled to `wide` characters (a wide one counts as two); control characters become '?'. */
static void print_cell(const char *text, int wide, bool last)
{
    int used = 0, step;

    for (const char *p = text; *p; p += step) {
        unsigned char c = (unsigned char)*p;
        int columns = c >= 0xe3 ? 2 : 1; /* from U+3000 on: Chinese, and what is larger */
        step = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (!last && used + columns > wide - (p[step] != 0)) {
            fputs("…", stdout);
            used++;
            break;
        }
        if (c < 0x20 || c == 0x7f)
            putchar('?');
        else
            fwrite(p, 1, (size_t)step, stdout);
        used += columns;
    }
    for (; !last && used < wide; used++)
        putchar(' ');
    fputs(last ? "\n" : "  ", stdout);
}

/* For people: what fits on a line, the file last. */
static void print_table(const ay_shelf_part *part)
{
    for (size_t i = 0; i < part->n; i++) {
        const ay_shelf_item *it = &part->items[i];
        char tags[400] = "", size[32], said[200];
        for (int k = 0; k < it->ntags; k++)
            snprintf(tags + strlen(tags), sizeof tags - strlen(tags), "%s%s", k ? ", " : "", it->tags[k]);
        tags[ay_utf8_valid(tags, strlen(tags)) ? strlen(tags) : 0] = '\0';
        snprintf(size, sizeof size, "%dx%d", it->width, it->height);
        snprintf(said, sizeof said, "%s %.0f%%", it->predicted ? it->predicted : "", 100 * it->score);
        printf("%.12s  %.10s  ", it->sha256, it->added_at);
        print_cell(size, 10, false);
        print_cell(it->unsorted ? "-" : it->class_name, 16, false);
        if (it->predicted)
            print_cell(said, 16, false);
        print_cell(*tags ? tags : "-", 20, false);
        print_cell(*it->file ? it->file : "(no name)", 0, true);
    }
}

static void print_part(const ay_shelf_part *part)
{
    if (isatty(STDOUT_FILENO))
        print_table(part);
    else
        print_plain(part);
}

/* Any number of them, AY_SHELF_MOST at a time; JSON is one object. */
static ay_status list_all(ay_shelf_words *s, long offset, long limit, ay_shelf_part *whole, ay_err *err)
{
    bool json = ay_args_get(&s->args, "json") != NULL;
    json_t *items = json_array();
    ay_shelf_part part;
    ay_status status = AY_OK;
    long done = 0;

    do {
        int some = limit - done < AY_SHELF_MOST ? (int)(limit - done) : AY_SHELF_MOST;
        status = ay_shelf_list(s->session.service, ay_shelf_dataset(s), &s->filter, (size_t)(offset + done), some, &s->arena, &part, err);
        if (status != AY_OK)
            break;
        if (done == 0)
            *whole = part;
        if (!json)
            print_part(&part);
        for (size_t i = 0; json && i < part.n; i++)
            json_array_append_new(items, ay_view_shelf_item(&part.items[i], part.dataset));
        done += (long)part.n;
    } while (part.n && done < limit);
    if (status == AY_OK && json) {
        json_t *o = ay_view_shelf_part(&(ay_shelf_part){.dataset = whole->dataset, .total = whole->total, .offset = (size_t)offset,
                                                        .changes = whole->changes});
        json_object_set(o, "items", items);
        ay_shelf_print(o);
    }
    json_decref(items);
    return status;
}

/* Have a trained model look at what it has not seen, and wait for it. */
static ay_status look(ay_shelf_words *s, ay_err *err)
{
    const char *dataset = ay_shelf_dataset(s), *model = ay_filter_model(&s->filter);
    ay_progress bar;
    ay_job job;
    int64_t id = 0;
    ay_status status = ay_opinions_ask(s->session.service, dataset, model, false, &id, err);

    ay_progress_start(&bar, "looking", 0, false);
    for (bool on = true; on && status == AY_OK;) {
        ay_arena a;
        ay_arena_init(&a, 0);
        status = ay_service_job(s->session.service, id, &a, &job, err);
        on = status == AY_OK && job.state == AY_JOB_RUNNING;
        if (status == AY_OK && job.total)
            ay_progress_step(&bar, (long)job.done, (long)job.total);
        if (status == AY_OK && (job.state == AY_JOB_FAILED || job.state == AY_JOB_CANCELLED))
            status = ay_fail(err, AY_EIO, "looking at the pictures: %s", job.message);
        ay_arena_fini(&a);
        if (on)
            usleep(100000);
    }
    ay_progress_end(&bar);
    return status;
}

static int list(ay_shelf_words *s)
{
    long limit = 100, offset = 0;
    ay_shelf_part whole = {.n = 0};
    ay_status status = AY_OK;

    if ((ay_args_get(&s->args, "limit") && !ay_args_number(&s->args, "limit", 1, 10000000, &limit)) ||
        (ay_args_get(&s->args, "offset") && !ay_args_number(&s->args, "offset", 0, INT32_MAX, &offset)))
        return AY_EXIT_USAGE;
    for (int i = 0; i < s->n && status == AY_OK; i++)
        status = ay_filter_word(&s->filter, &s->arena, s->word[i], &s->err);
    if (status != AY_OK)
        return ay_args_wrong(&s->args, "%s", s->err.msg);
    status = ay_session_open(&s->session, &s->args, false, !ay_args_get(&s->args, "look"), &s->err);
    if (status == AY_OK)
        ay_facts_need(s->session.service, &s->filter);
    if (status == AY_OK && ay_args_get(&s->args, "look"))
        status = look(s, &s->err);
    if (status == AY_OK && ay_args_get(&s->args, "count")) {
        status = ay_shelf_list(s->session.service, ay_shelf_dataset(s), &s->filter, 0, 1, &s->arena, &whole, &s->err);
        if (status == AY_OK)
            printf("%zu\n", whole.total);
    } else if (status == AY_OK) {
        status = list_all(s, offset, limit, &whole, &s->err);
    }
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    if (!whole.total && isatty(STDOUT_FILENO) && !ay_args_get(&s->args, "count") && !ay_args_get(&s->args, "json"))
        fprintf(stderr, s->n ? "no picture fits\n" : "there are no pictures yet: assay import FOLDER\n");
    else if (!whole.n && whole.total && isatty(STDOUT_FILENO) && !ay_args_get(&s->args, "count") && !ay_args_get(&s->args, "json"))
        fprintf(stderr, "there are only %zu\n", whole.total);
    else if (whole.total > (size_t)(offset + limit) && isatty(STDOUT_FILENO) && !ay_args_get(&s->args, "count") && !ay_args_get(&s->args, "json"))
        fprintf(stderr, "%ld to %ld of %zu; the next: --offset %ld\n", offset + 1, offset + limit, whole.total, offset + limit);
    return whole.total ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

int ay_cmd_pictures(int argc, char **argv)
{
    ay_shelf_words s = {.n = 0};
    int rc = ay_shelf_begin(&s, &list_usage, argc, argv);

    if (rc < 0)
        rc = list(&s);
    ay_shelf_end(&s);
    return rc;
}

