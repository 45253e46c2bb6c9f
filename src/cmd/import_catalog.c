/* cmd/import_catalog.c - see import_catalog.h. */
#include "cmd/import_catalog.h"
#include "cmd/cmd.h"
#include "cmd/import.h"
#include "cmd/session.h"

#include <stdio.h>
#include <string.h>

enum { TOLD = 100 };

bool ay_import_wish(const ay_args *a, const char *path, ay_bring_wish *out)
{
    static const char *const ways[] = {"largest", "most", "none"};
    const char *by = ay_args_get(a, "class-by");
    int i = 0;

    *out = (ay_bring_wish){.path = path, .images = ay_args_get(a, "images"), .dataset = ay_args_get(a, "dataset"), .klass = ay_args_get(a, "class")};
    while (by && i < 3 && strcmp(by, ways[i]) != 0)
        i++;
    if (by && i == 3) {
        ay_args_wrong(a, "import: --class-by is largest, most or none, not '%s'", by);
        return false;
    }
    out->by = (ay_catalog_by)i;
    return true;
}

static long long number_of(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

void ay_import_catalog_tell(const json_t *o, const char *path)
{
    const json_t *notes = json_object_get(o, "notes");

    printf("%s: %s, %lld pictures", path, json_string_value(json_object_get(o, "format")), number_of(o, "pictures"));
    if (number_of(o, "missing"))
        printf(" (%lld of its rows have none)", number_of(o, "missing"));
    printf(", %lld classes, %lld tags, %lld albums", number_of(o, "classes"), number_of(o, "tags"), number_of(o, "albums"));
    if (number_of(o, "known"))
        printf("; %lld are here already", number_of(o, "known"));
    putchar('\n');
    for (size_t i = 0; i < json_array_size(notes); i++)
        printf("  %s\n", json_string_value(json_array_get(notes, i)));
    if (number_of(o, "passed"))
        printf("  %lld other files are passed over\n", number_of(o, "passed"));
    fflush(stdout);
}

ay_status ay_import_catalog_open(ay_import_catalogs *c, ay_service *s, const ay_bring_wish *w, bool aloud, ay_err *err)
{
    ay_bring_state now;
    ay_status status;

    if (c->n == AY_IMPORT_CATALOGS)
        return ay_fail(err, AY_ELIMIT, "more than %d archives at once: import the rest after these", AY_IMPORT_CATALOGS);
    status = ay_bring_open(&c->list[c->n], s, w, err);
    if (status != AY_OK)
        return status;
    now = ay_bring_now(c->list[c->n++]);
    if (aloud) {
        json_t *o = ay_bring_json(&now);
        ay_import_catalog_tell(o, w->path);
        json_decref(o);
    }
    return AY_OK;
}

static bool show(void *bar, int64_t done, int64_t total)
{
    ay_progress_step(bar, (long)done, (long)total);
    return !ay_import_stopped();
}

ay_status ay_import_catalogs_queue(ay_import_catalogs *c, bool quiet, int64_t *batches, ay_err *err)
{
    ay_status status = AY_OK;
    ay_progress bar;

    for (int i = 0; i < c->n && status == AY_OK; i++) {
        ay_progress_start(&bar, "reading", (long)ay_bring_now(c->list[i]).pictures, quiet);
        status = ay_bring_queue(c->list[i], show, &bar, &batches[i], err);
        ay_progress_end(&bar);
    }
    return status;
}

ay_status ay_import_catalogs_finish(ay_import_catalogs *c, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < c->n && status == AY_OK; i++)
        status = ay_bring_finish(c->list[i], err);
    return status;
}

int64_t ay_import_catalogs_problems(const ay_import_catalogs *c, json_t *failures)
{
    int64_t all = 0;
    size_t told = 0;

    for (int i = 0; i < c->n; i++) {
        ay_bring_state now = ay_bring_now(c->list[i]);
        all += (int64_t)(now.nproblems + now.more_problems);
        for (size_t k = 0; k < now.nproblems; k++) {
            if (failures)
                json_array_append_new(failures, json_pack("{s:s, s:s}", "file", now.name, "message", now.problems[k]));
            else if (told++ < TOLD)
                fprintf(stderr, "%s\n", now.problems[k]);
        }
    }
    if (!failures && all > TOLD)
        fprintf(stderr, "... and %lld more: assay import --json lists 1,000\n", (long long)(all - TOLD));
    return all;
}

json_t *ay_import_catalogs_json(const ay_import_catalogs *c)
{
    json_t *list = json_array();

    for (int i = 0; i < c->n; i++) {
        ay_bring_state now = ay_bring_now(c->list[i]);
        json_array_append_new(list, ay_bring_json(&now));
    }
    return list;
}

void ay_import_catalogs_close(ay_import_catalogs *c)
{
    for (int i = 0; i < c->n; i++)
        ay_bring_close(c->list[i]);
    c->n = 0;
}

/* ---- only looking */

static ay_status look_at(const ay_args *a, ay_import_catalogs *c, ay_service *s, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < a->n_rest && status == AY_OK; i++) {
        ay_bring_wish w;
        bool is = false;
        status = ay_bring_is(a->rest[i], &is, err);
        if (status == AY_OK && !is)
            status = ay_fail(err, AY_EUNSUPPORTED, "%.1000s: --dry-run reads archives, documents and folders with a document; this is none", a->rest[i]);
        if (status == AY_OK && ay_import_wish(a, a->rest[i], &w))
            status = ay_import_catalog_open(c, s, &w, !ay_args_get(a, "json"), err);
    }
    return status;
}

int ay_import_dry(const ay_args *a)
{
    bool json = ay_args_get(a, "json") != NULL;
    ay_import_catalogs c = {.n = 0};
    ay_session session = {0};
    ay_err err = {{0}};
    ay_status status = ay_session_open(&session, a, false, true, &err);
    int rc = AY_EXIT_OK;

    if (status == AY_OK)
        status = look_at(a, &c, session.service, &err);
    if (status != AY_OK) {
        rc = ay_cmd_fail(&err);
    } else {
        json_t *failures = json ? json_array() : NULL;
        rc = ay_import_catalogs_problems(&c, failures) ? AY_EXIT_FAIL : AY_EXIT_OK;
        if (json) {
            json_t *o = json_pack("{s:b, s:o, s:o}", "dry_run", true, "catalogs", ay_import_catalogs_json(&c), "failures", failures);
            json_dumpf(o, stdout, JSON_INDENT(2));
            putchar('\n');
            json_decref(o);
        } else {
            puts("nothing was brought in");
        }
    }
    ay_import_catalogs_close(&c);
    ay_session_close(&session);
    return rc;
}
