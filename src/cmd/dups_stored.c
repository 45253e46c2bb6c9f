/* cmd/dups_stored.c - "assay dups" without a folder: the duplicates of a data set, as GET /v1/duplicates tells them. */
#include "cmd/dups_stored.h"

#include "base/str.h"
#include "http/view.h"
#include "service/library/duplicates.h"
#include "service/library/shelf.h"

#include <stdio.h>
#include <string.h>

/* What a server finds in the background is found now: with the folder to ourselves the list begins the job. */
static ay_status look(ay_dups_stored *d, ay_err *err)
{
    ay_duplicates page;
    ay_status status = ay_duplicates_list(d->service, d->dataset, AY_TIERS, 0, 1, d->arena, &page, err);

    if (status != AY_OK && status != AY_ENOTFOUND && ay_service_reading_only(d->service) && !(d->dataset && *d->dataset))
        return ay_fail(err, status, "a server has the data folder, and there is no library in it yet: bring pictures in on its page, or name a "
                                    "data set with --dataset");
    if (status == AY_OK && page.job) {
        ay_service_wait_idle(d->service, -1);
        status = ay_duplicates_list(d->service, d->dataset, AY_TIERS, 0, 1, d->arena, &page, err);
    }
    if (status == AY_OK && !page.made && page.pictures > 0)
        return ay_fail(err, AY_EBUSY, ay_service_reading_only(d->service)
                                          ? "a server has the data folder: open its page's duplicates once, then ask again"
                                          : "duplicates could not be found; see the log");
    d->name = status == AY_OK ? page.dataset : "";
    return status;
}

static void print_picture(ay_dups_stored *d, const ay_duplicate *p, bool first)
{
    ay_shelf_item item;
    char size[32];
    ay_err err;

    if (ay_shelf_get(d->service, d->name, p->sha256, d->arena, &item, &err) != AY_OK)
        return;
    ay_size_text(size, sizeof size, (unsigned long long)item.bytes);
    printf("  %c %5dx%-5d %8s  %-4s  %s/%s%s%s\n", first ? '*' : ' ', item.width, item.height, size, item.format, item.class_name,
           *item.file ? item.file : item.sha256, p->orientation != 1 ? "  turned" : "", p->cropped ? "  cropped" : "");
}

static json_t *group_json(const ay_duplicate_group *g)
{
    json_t *list = json_array();

    for (size_t i = 0; i < g->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:b}", "sha256", g->picture[i].sha256, "keep", g->picture[i].keep));
    return json_pack("{s:s, s:s, s:o, s:o}", "id", g->id, "tier", ay_tier_name(g->tier), "similarity",
                     ay_view_real((double)g->similarity), "pictures", list);
}

static void print_group(ay_dups_stored *d, const ay_duplicate_group *g)
{
    static const char *const words[] = {"same pixels", "same picture", "look alike"};

    printf("%s, %zu pictures\n", words[g->tier], g->all);
    for (size_t i = 0; i < g->n; i++)
        print_picture(d, &g->picture[i], i == 0);
}

ay_status ay_dups_stored_print(ay_dups_stored *d, ay_err *err)
{
    json_t *groups = d->json ? json_array() : NULL;
    ay_status status = look(d, err);

    for (int t = 0; t <= (int)d->most && status == AY_OK; t++) {
        ay_duplicates page;
        size_t at = 0;
        do {
            status = ay_duplicates_list(d->service, d->dataset, (ay_tier)t, at, AY_DUPLICATES_MOST, d->arena, &page, err);
            for (size_t i = 0; i < page.n && status == AY_OK; i++) {
                if (groups)
                    json_array_append_new(groups, group_json(&page.group[i]));
                else
                    print_group(d, &page.group[i]);
                d->shown++;
            }
            at += page.n;
        } while (status == AY_OK && page.n);
    }
    if (groups && status == AY_OK) {
        json_t *all = json_pack("{s:s, s:O}", "dataset", d->name, "groups", groups);
        json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
        putchar('\n');
        json_decref(all);
    }
    json_decref(groups);
    fflush(stdout);
    return status;
}

ay_status ay_dups_stored_remove(ay_dups_stored *d, bool dry, ay_err *err)
{
    ay_status status = AY_OK;

    if (!dry && ay_service_reading_only(d->service))
        return ay_fail(err, AY_EBUSY, "a server has the data folder: let pictures go on its page (Library, Duplicates), or stop it first");
    status = look(d, err);
    for (int t = 0; t <= (int)d->most && t < AY_TIER_ALIKE && status == AY_OK; t++) {
        ay_duplicates page;
        ay_resolved r = {0};
        status = ay_duplicates_list(d->service, d->dataset, (ay_tier)t, 0, 1, d->arena, &page, err);
        if (status == AY_OK && !dry && page.count[t].groups)
            status = ay_duplicates_resolve_all(d->service, d->dataset, (ay_tier)t, d->arena, &r, err);
        if (status != AY_OK || !page.count[t].groups)
            continue;
        d->shown += page.count[t].groups;
        if (dry)
            printf("%s: %zu pictures of %zu groups would go\n", ay_tier_name((ay_tier)t), page.count[t].extra, page.count[t].groups);
        else
            printf("%s: %lld pictures of %lld groups are in the trash; undo: %s\n", ay_tier_name((ay_tier)t), (long long)r.removed,
                   (long long)r.groups, r.undo);
    }
    return status;
}
