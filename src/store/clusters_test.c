/* What every store driver owes groups of pictures.  As contract_test.c: ASSAY_TEST_STORE is the URL of an empty database. */
#include "store/clusters.h"

#include "base/test.h"
#include "store/folder_test.h"

static ay_err err;
static ay_arena arena;
static char token[AY_TOKEN_SIZE], other[AY_TOKEN_SIZE];

static ay_store *open_store(void)
{
    static const char *dir;
    char url[96];
    ay_store *s = NULL;

    if (!dir)
        dir = fresh_folder();
    snprintf(url, sizeof url, "sqlite:%s/g.db", dir);
    CHECK_OK(ay_store_open(&s, getenv("ASSAY_TEST_STORE") ? getenv("ASSAY_TEST_STORE") : url, &err), err);
    return s;
}

static int64_t new_dataset(ay_store *s)
{
    char name[17];
    int64_t id = 0;

    ay_random_hex(name, 8);
    CHECK_OK(ay_store_dataset_create(s, name, &id, &err), err);
    return id;
}

static const int64_t some[] = {3, 7, 900000000000}, more[] = {8, 9}, joined[] = {3, 7, 8, 9, 900000000000}, rest[] = {11};
static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* A run: two groups and one picture in none. */
static void put_run(ay_store *s, int64_t dataset, int64_t run, char *undo, int64_t ids[2])
{
    ay_store_cluster list[] = {
        {.name = "bottle", .named_by = AY_NAMED_BY_WORDS, .run = run, .members = some, .n = 3, .created_us = 5},
        {.name = "m\xc3\xb6wen", .named_by = AY_NAMED_BY_MEDOID, .run = run, .members = more, .n = 2},
        {.name = "", .kind = AY_CLUSTER_OUTSIDE, .run = run, .members = rest, .n = 1}};
    ay_store_grouping g = {.run = run, .made_us = 77, .method = "kmeans", .k = 2, .silhouette = 0.25, .pictures = 6,
                           .model = digest, .preprocess = digest};
    ay_store_regroup how = {dataset, "cluster.run", "two", undo, 0};

    CHECK_OK(ay_store_clusters_put(s, &how, &g, list, 3, &err), err);
    ids[0] = list[0].cluster;
    ids[1] = list[1].cluster;
    CHECK(ids[0] > 0 && ids[1] > ids[0] && list[2].cluster > ids[1]);
}

static ay_store_cluster *get(ay_store *s, int64_t dataset, ay_store_grouping *g, size_t want)
{
    ay_store_cluster *list;
    size_t n;

    ay_arena_fini(&arena);
    CHECK_OK(ay_store_clusters_get(s, dataset, 0, &arena, g, &list, &n, &err), err);
    if (n != want)
        printf("  %zu groups, not %zu\n", n, want);
    CHECK(n == want);
    return list;
}

static void what_was_put_comes_back(void)
{
    ay_store *s = open_store();
    int64_t d = new_dataset(s), none = new_dataset(s), ids[2];
    ay_store_grouping g;
    ay_store_cluster *k;

    get(s, d, &g, 0);
    CHECK(g.run == 0 && *g.method == '\0');
    put_run(s, d, 4, NULL, ids);
    ay_store_close(s);
    s = open_store();
    k = get(s, d, &g, 3);
    CHECK(g.run == 4 && g.made_us == 77 && strcmp(g.method, "kmeans") == 0 && g.k == 2 && g.pictures == 6);
    CHECK(g.silhouette > 0.2499 && g.silhouette < 0.2501 && strcmp(g.model, digest) == 0);
    CHECK(k[0].cluster == ids[0] && strcmp(k[0].name, "bottle") == 0 && k[0].n == 3 && k[0].members[2] == 900000000000);
    CHECK(k[0].created_us == 5 && k[0].named_by == AY_NAMED_BY_WORDS && !k[0].pinned && !k[0].by_hand && k[0].run == 4);
    CHECK(strcmp(k[1].name, "m\xc3\xb6wen") == 0 && k[2].kind == AY_CLUSTER_OUTSIDE && k[2].n == 1 && k[2].members[0] == 11);
    get(s, none, &g, 0);
    ay_store_close(s);
}

static void a_change_is_taken_back_and_numbers_are_not_used_again(void)
{
    ay_store *s = open_store();
    int64_t d = new_dataset(s), ids[2], again[2];
    ay_store_restored r;
    ay_store_grouping g;
    ay_store_cluster *k;

    put_run(s, d, 1, NULL, ids);
    ay_store_cluster merge[] = {{.cluster = ids[0], .name = "glass", .named_by = AY_NAMED_BY_PERSON, .by_hand = true,
                                 .pinned = true, .run = 1, .members = joined, .n = 5},
                                {.cluster = ids[1], .gone = true}};
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.merge", "glass", token, 0}, NULL, merge, 2, &err), err);
    k = get(s, d, &g, 2);
    CHECK(strcmp(k[0].name, "glass") == 0 && k[0].n == 5 && k[0].pinned && k[0].by_hand && g.run == 1);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    CHECK(r.dataset == d && r.others > 0);
    k = get(s, d, &g, 3);
    CHECK(k[0].cluster == ids[0] && strcmp(k[0].name, "bottle") == 0 && k[0].n == 3 && k[1].cluster == ids[1] && k[1].n == 2);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ENOTFOUND);

    ay_store_cluster gone[] = {{.cluster = ids[1], .gone = true}};
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", NULL, 0}, NULL, gone, 1, &err), err);
    put_run(s, new_dataset(s), 1, NULL, again);
    CHECK(again[0] > ids[1]);
    ay_store_close(s);
}

static void rename_it(ay_store *s, int64_t d, int64_t id, const char *name, char *undo)
{
    ay_store_cluster k = {.cluster = id, .name = name, .named_by = AY_NAMED_BY_PERSON, .run = 1, .members = some, .n = 3};

    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.rename", name, undo, 0}, NULL, &k, 1, &err), err);
}

static void undo_refuses_what_would_overlap(void)
{
    ay_store *s = open_store();
    int64_t d = new_dataset(s), ids[2], newer[2];
    char run[AY_TOKEN_SIZE];
    ay_store_restored r;
    ay_store_grouping g;
    ay_store_cluster *k;

    put_run(s, d, 1, NULL, ids);
    rename_it(s, d, ids[0], "one", token);
    rename_it(s, d, ids[0], "two", other);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ECONFLICT && strstr(err.msg, "changed since"));
    CHECK_OK(ay_store_undo(s, other, &r, &err), err);
    k = get(s, d, &g, 3);
    CHECK(strcmp(k[0].name, "one") == 0);

    /* Groups made anew, with undo: the rename waits for it. */
    ay_store_cluster gone[] = {{.cluster = ids[0], .gone = true}, {.cluster = ids[1], .gone = true},
                               {.cluster = k[2].cluster, .gone = true}};
    ay_store_grouping two = {.run = 2, .method = "density", .model = digest, .preprocess = digest};
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", run, 0}, &two, gone, 3, &err), err);
    get(s, d, &g, 0);
    CHECK(g.run == 2 && strcmp(g.method, "density") == 0);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ECONFLICT);
    CHECK_OK(ay_store_undo(s, run, &r, &err), err);
    get(s, d, &g, 3);
    CHECK(g.run == 1);
    CHECK_OK(ay_store_undo(s, token, &r, &err), err);
    k = get(s, d, &g, 3);
    CHECK(strcmp(k[0].name, "bottle") == 0);

    /* Made anew without undo: what came before cannot be taken back. */
    rename_it(s, d, ids[0], "three", token);
    for (int i = 0; i < 3; i++)
        gone[i].cluster = k[i].cluster;
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", NULL, 0}, NULL, gone, 3, &err), err);
    put_run(s, d, 3, NULL, newer);
    CHECK(ay_store_undo(s, token, &r, &err) == AY_ECONFLICT && strstr(err.msg, "made anew"));
    ay_store_close(s);
}

static void what_cannot_be_is_refused_and_changes_nothing(void)
{
    static const int64_t wrong[] = {7, 3};
    ay_store *s = open_store();
    int64_t d = new_dataset(s), ids[2];
    ay_store_regroup how = {d, "cluster.rename", "", token, 0};
    ay_store_grouping g;

    put_run(s, d, 1, NULL, ids);
    ay_store_cluster list[] = {{.cluster = ids[0], .gone = true}, {.cluster = ids[1] + 500000, .gone = true}};
    CHECK(ay_store_clusters_put(s, &how, NULL, list, 2, &err) == AY_ENOTFOUND);
    list[1] = (ay_store_cluster){.name = "", .members = some, .n = 3};
    CHECK(ay_store_clusters_put(s, &how, NULL, list, 2, &err) == AY_EINVAL);
    list[1] = (ay_store_cluster){.name = "x", .members = wrong, .n = 2};
    CHECK(ay_store_clusters_put(s, &how, NULL, list, 2, &err) == AY_EINVAL && strstr(err.msg, "order"));
    how.dataset = 987654321;
    CHECK(ay_store_clusters_put(s, &how, NULL, list, 1, &err) == AY_ENOTFOUND);
    get(s, d, &g, 3);
    ay_store_close(s);
}

static void a_data_set_that_ends_takes_its_groups_along(void)
{
    ay_store *s = open_store();
    int64_t d = new_dataset(s), ids[2];
    const char **gone;
    ay_store_grouping g;
    size_t n;

    put_run(s, d, 1, NULL, ids);
    rename_it(s, d, ids[0], "one", other);
    CHECK_OK(ay_store_dataset_trash(s, d, token, &err), err);
    get(s, d, &g, 3);
    CHECK_OK(ay_store_purge(s, INT64_MAX, &arena, &gone, &n, &err), err);
    get(s, d, &g, 0);
    CHECK(g.run == 0);
    CHECK_OK(ay_store_check(s, &err), err);
    ay_store_close(s);
}

/* Groups of a part beside those of the whole: each has its runs, changes and undo. */
static void parts_have_groups_of_their_own(void)
{
    ay_store *s = open_store();
    int64_t d = new_dataset(s), ids[2], scope = 0, second = 0;
    char run[AY_TOKEN_SIZE];
    ay_store_restored r;
    ay_store_grouping g = {.run = 1, .made_us = 5, .method = "auto", .pictures = 3, .model = digest, .preprocess = digest};
    ay_store_cluster k = {.name = "bottle", .run = 1, .members = some, .n = 3}, *list;
    ay_store_scope *scopes;
    size_t n;

    put_run(s, d, 7, NULL, ids);
    CHECK(ay_store_scope_put(s, d, "", &scope, &err) == AY_EINVAL && ay_store_scope_put(s, d + 5000000, "{}", &scope, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_scope_put(s, d, "{\"tag\":[\"gr\xc3\xbcn\"]}", &scope, &err), err);
    CHECK_OK(ay_store_scope_put(s, d, "{\"unsorted\":true}", &second, &err), err);
    CHECK(scope > 0 && second > scope);
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", run, scope}, &g, &k, 1, &err), err);
    get(s, d, &g, 3);
    CHECK(g.run == 7);
    CHECK_OK(ay_store_clusters_get(s, d, scope, &arena, &g, &list, &n, &err), err);
    CHECK(n == 1 && g.run == 1 && g.pictures == 3 && list[0].cluster == k.cluster);
    CHECK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", NULL, second}, NULL, &k, 1, &err) == AY_ENOTFOUND);
    CHECK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", NULL, second + 9}, NULL, &k, 1, &err) == AY_ENOTFOUND);
    ay_store_close(s);
    s = open_store();
    ay_arena_fini(&arena);
    CHECK_OK(ay_store_scopes_get(s, d, &arena, &scopes, &n, &err), err);
    CHECK(n == 2 && scopes[0].scope == scope && strcmp(scopes[0].filter, "{\"tag\":[\"gr\xc3\xbcn\"]}") == 0);
    CHECK_OK(ay_store_undo(s, run, &r, &err), err);
    CHECK_OK(ay_store_clusters_get(s, d, scope, &arena, &g, &list, &n, &err), err);
    CHECK(n == 0 && g.run == 0);
    get(s, d, &g, 3);
    k.cluster = 0;
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", NULL, second}, NULL, &k, 1, &err), err);
    CHECK_OK(ay_store_scope_drop(s, d, second, &err), err);
    CHECK(ay_store_scope_drop(s, d, second, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_clusters_get(s, d, second, &arena, &g, &list, &n, &err), err);
    CHECK(n == 0);
    get(s, d, &g, 3);
    CHECK_OK(ay_store_dataset_trash(s, d, token, &err), err);
    const char **gone;
    CHECK_OK(ay_store_purge(s, INT64_MAX, &arena, &gone, &n, &err), err);
    CHECK_OK(ay_store_scopes_get(s, d, &arena, &scopes, &n, &err), err);
    CHECK(n == 0);
    ay_arena_fini(&arena);
    ay_store_close(s);
}

static void a_large_library_is_kept_whole(void)
{
    enum { MANY = 100000 };
    static int64_t ids[MANY];
    ay_store *s = open_store();
    int64_t d = new_dataset(s);
    ay_store_cluster k = {.name = "all", .members = ids, .n = MANY};
    ay_store_grouping g;
    ay_store_cluster *back;

    for (int i = 0; i < MANY; i++)
        ids[i] = 5 + 3 * (int64_t)i;
    CHECK_OK(ay_store_clusters_put(s, &(ay_store_regroup){d, "cluster.run", "", NULL, 0}, NULL, &k, 1, &err), err);
    back = get(s, d, &g, 1);
    CHECK(back->n == MANY && memcmp(back->members, ids, sizeof ids) == 0);
    ay_arena_fini(&arena);
    ay_store_close(s);
}

TESTS({"what was put comes back", what_was_put_comes_back},
      {"a change is taken back and numbers are not used again", a_change_is_taken_back_and_numbers_are_not_used_again},
      {"undo refuses what would overlap", undo_refuses_what_would_overlap},
      {"what cannot be is refused and changes nothing", what_cannot_be_is_refused_and_changes_nothing},
      {"a data set that ends takes its groups along", a_data_set_that_ends_takes_its_groups_along},
      {"parts have groups of their own", parts_have_groups_of_their_own},
      {"a large library is kept whole", a_large_library_is_kept_whole})
