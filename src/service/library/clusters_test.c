/* Groups that are kept: made, known again, changed by a person, joined by what is new, and what comes after a restart. */
#include "service/fake_test.h"
#include "service/library/change.h"
#include "service/library/clusters_parts.h"
#include "service/library/library.h"

static ay_err err;
static fake_encoder fake;
static const char *library = "";

typedef struct {
    ay_service *s;
    const char *dir;
    ay_arena a;
    char names[200][AY_SHA256_HEX]; /* digests of the pictures, in order of adding */
    int n;
} bench;

static const uint32_t colours[] = {0xd02020, 0x20b020, 0x2030d0, 0xd0c020, 0x905090};

static void open_it(bench *b)
{
    b->dir = fake_folder();
    fake_init(&fake, 'a');
    b->s = fake_open(b->dir, &fake);
    ay_arena_init(&b->a, 0);
}

static void reopen(bench *b)
{
    ay_service_close(b->s);
    b->s = fake_open(b->dir, &fake);
}

static void close_it(bench *b)
{
    ay_service_close(b->s);
    ay_arena_fini(&b->a);
    fake_folder_gone(b->dir);
}

static void add(bench *b, int colour, int many)
{
    const char *dataset, *klass;
    char file[40];
    ay_buf png = {0};
    ay_added added;

    CHECK_OK(ay_library(b->s, &b->a, &dataset, &klass, &err), err);
    for (int i = 0; i < many; i++) {
        fake_picture(&png, colours[colour], (uint64_t)(1000 * colour + b->n));
        snprintf(file, sizeof file, "colour-%c_%04d.png", 'a' + colour, b->n);
        CHECK_OK(ay_picture_add(b->s, dataset, klass, file, png.data, png.len, NULL, &b->a, &added, &err), err);
        memcpy(b->names[b->n++], added.picture.sha256, AY_SHA256_HEX);
    }
    ay_buf_fini(&png);
}

static ay_clusters get(bench *b)
{
    ay_clusters all;

    CHECK_OK(ay_clusters_get(b->s, "", NULL, true, &b->a, &all, &err), err);
    return all;
}

static ay_clusters_made run(bench *b, const char *method, int k)
{
    ay_clusters_made made;

    CHECK_OK(ay_clusters_run(b->s, &(ay_clusters_request){.method = method, .k = k, .seed = 1}, NULL, NULL, &made, &err), err);
    return made;
}

/* The group that a picture is in; 0: none. */
static int64_t group_of(bench *b, int picture)
{
    ay_clusters all = get(b);
    ay_cluster_member *list;
    size_t n, total;

    for (size_t k = 0; k < all.n; k++) {
        CHECK_OK(ay_clusters_pictures(b->s, all.cluster[k].id, &library, NULL, false, 0, 500, &b->a, &list, &n, &total, &err), err);
        CHECK(n == total && n == all.cluster[k].size);
        for (size_t i = 0; i < n; i++)
            if (strcmp(list[i].sha256, b->names[picture]) == 0)
                return all.cluster[k].id;
    }
    return 0;
}

static const ay_cluster *with_id(const ay_clusters *all, int64_t id)
{
    for (size_t k = 0; k < all->n; k++)
        if (all->cluster[k].id == id)
            return &all->cluster[k];
    return NULL;
}

static void undo(bench *b, const char *token)
{
    ay_undo_result r;

    CHECK_OK(ay_service_undo(b->s, token, &r, &err), err);
}

static void groups_are_made_told_and_kept(void)
{
    bench b = {0};
    ay_clusters all;
    ay_cluster_member *list;
    size_t n, total;

    open_it(&b);
    all = get(&b);
    CHECK(all.how.run == 0 && all.n == 0 && !all.stale && all.job == 0);
    CHECK(run(&b, "auto", 0).groups == 0); /* an empty library has none */
    add(&b, 0, 12);
    add(&b, 1, 9);
    add(&b, 2, 6);
    CHECK(run(&b, "kmeans", 3).groups == 3);
    all = get(&b);
    CHECK(all.n == 3 && all.pictures == 27 && all.outside == 0 && all.waiting == 0 && all.how.run == 2 && all.how.k == 3);
    CHECK(all.how.silhouette > 0.3 && all.dim == FAKE_DIM);
    for (int k = 0; k < 3; k++) {
        const ay_cluster *c = &all.cluster[k];
        CHECK(c->size == (size_t)(12 - 3 * k) && c->cohesion > 0.9f && c->cohesion <= 1 && c->far >= c->mean && c->mean > 0);
        CHECK(strcmp(c->sample[0].sha256, c->medoid) == 0 && c->nsample == 6);
        CHECK(c->named_by == AY_NAMED_BY_MEDOID && strncmp(c->name, "colour ", 7) == 0 && c->name[7] == 'a' + k);
        CHECK(fabsf(ay_dot(c->centre, c->centre, FAKE_DIM) - 1) < 1e-5f);
    }
    CHECK_OK(ay_clusters_pictures(b.s, all.cluster[0].id, &library, NULL, false, 2, 4, &b.a, &list, &n, &total, &err), err);
    CHECK(n == 4 && total == 12 && list[0].similarity >= list[3].similarity && list[0].unsorted && list[0].width == 24);
    CHECK(ay_clusters_pictures(b.s, 987654, &library, NULL, false, 0, 4, &b.a, &list, &n, &total, &err) == AY_ENOTFOUND);
    int64_t ids[3] = {all.cluster[0].id, all.cluster[1].id, all.cluster[2].id};
    reopen(&b);
    all = get(&b);
    for (int k = 0; k < 3; k++)
        CHECK(all.cluster[k].id == ids[k] && all.cluster[k].size == (size_t)(12 - 3 * k));
    close_it(&b);
}

static void numbers_and_names_stay_when_pictures_come_and_go(void)
{
    bench b = {0};
    char token[AY_UNDO_SIZE];
    ay_clusters_made made;
    ay_clusters all;
    int64_t id[4];

    open_it(&b);
    add(&b, 0, 12);
    add(&b, 1, 10);
    add(&b, 2, 8);
    run(&b, "kmeans", 3);
    for (int i = 0; i < 3; i++)
        id[i] = group_of(&b, (int[]){0, 12, 22}[i]);
    CHECK_OK(ay_cluster_rename(b.s, id[1], "  gr\xc3\xbcn ", token, &err), err);
    add(&b, 2, 20); /* the smallest is now the largest */
    add(&b, 3, 15); /* and there is one more */
    CHECK_OK(ay_picture_delete(b.s, "Library", b.names[0], token, &err), err);
    made = run(&b, "kmeans", 4);
    CHECK(made.groups == 4 && made.same == 3);
    all = get(&b);
    CHECK(group_of(&b, 1) == id[0] && group_of(&b, 12) == id[1] && group_of(&b, 22) == id[2] && group_of(&b, 35) == id[2]);
    id[3] = group_of(&b, 55);
    CHECK(id[3] > id[0] && id[3] > id[1] && id[3] > id[2]);
    CHECK(strcmp(with_id(&all, id[1])->name, "gr\xc3\xbcn") == 0 && with_id(&all, id[1])->named_by == AY_NAMED_BY_PERSON);
    CHECK(strcmp(with_id(&all, id[0])->name, "colour a") == 0 && with_id(&all, id[0])->size == 11);
    /* Asked anew and taken back: all of it is as it was. */
    made = run(&b, "kmeans", 2);
    CHECK(get(&b).n == 2);
    undo(&b, made.undo);
    all = get(&b);
    CHECK(all.n == 4 && all.how.k == 4 && strcmp(with_id(&all, id[1])->name, "gr\xc3\xbcn") == 0 && group_of(&b, 55) == id[3]);
    close_it(&b);
}

static void what_is_pinned_is_left_out(void)
{
    bench b = {0};
    char token[AY_UNDO_SIZE];
    ay_clusters all;
    int64_t red;

    open_it(&b);
    add(&b, 0, 10);
    add(&b, 1, 10);
    add(&b, 2, 10);
    run(&b, "kmeans", 3);
    red = group_of(&b, 0);
    CHECK_OK(ay_cluster_pin(b.s, red, true, token, &err), err);
    run(&b, "kmeans", 5); /* of which the pinned one is one */
    all = get(&b);
    CHECK(all.n == 5 && with_id(&all, red)->size == 10 && with_id(&all, red)->pinned);
    run(&b, "kmeans", 1); /* never fewer than the pinned one and one for the others */
    all = get(&b);
    CHECK(all.n == 2 && with_id(&all, red)->size == 10);
    close_it(&b);
}

static void merge_split_and_move_stay_and_are_taken_back(void)
{
    bench b = {0};
    char merged[AY_UNDO_SIZE], split[AY_UNDO_SIZE], moved[AY_UNDO_SIZE];
    const char *two[2];
    ay_clusters all;
    int64_t id[3], to = 0, *parts;
    size_t n;

    open_it(&b);
    add(&b, 0, 10);
    add(&b, 1, 8);
    add(&b, 2, 6);
    run(&b, "kmeans", 3);
    for (int i = 0; i < 3; i++)
        id[i] = group_of(&b, (int[]){0, 10, 18}[i]);
    CHECK(ay_cluster_merge(b.s, id, 1, NULL, &to, merged, &err) == AY_EINVAL);
    CHECK(ay_cluster_merge(b.s, (int64_t[]){id[0], id[0]}, 2, NULL, &to, merged, &err) == AY_EINVAL);
    CHECK(ay_cluster_merge(b.s, (int64_t[]){id[0], 99999}, 2, NULL, &to, merged, &err) == AY_EINVAL);
    CHECK_OK(ay_cluster_merge(b.s, (int64_t[]){id[1], id[0]}, 2, "warm", &to, merged, &err), err);
    all = get(&b);
    CHECK(to == id[0] && all.n == 2 && all.cluster[0].size == 18 && strcmp(all.cluster[0].name, "warm") == 0 && all.cluster[0].by_hand);
    CHECK_OK(ay_cluster_split(b.s, to, 2, &b.a, &parts, &n, split, &err), err);
    all = get(&b);
    CHECK(n == 2 && parts[0] == to && all.n == 3 && strcmp(with_id(&all, to)->name, "warm") == 0 && with_id(&all, to)->size == 10);
    CHECK(strcmp(with_id(&all, parts[1])->name, "colour b") == 0 && with_id(&all, parts[1])->by_hand);
    undo(&b, split);
    undo(&b, merged);
    all = get(&b);
    CHECK(all.n == 3 && group_of(&b, 10) == id[1] && with_id(&all, id[1])->size == 8 && !with_id(&all, id[0])->by_hand);

    two[0] = b.names[0];
    two[1] = b.names[18];
    CHECK_OK(ay_cluster_move(b.s, id[1], NULL, NULL, two, 2, &n, moved, &err), err);
    all = get(&b);
    CHECK(n == 2 && with_id(&all, id[1])->size == 10 && with_id(&all, id[0])->size == 9 && group_of(&b, 18) == id[1]);
    CHECK(ay_cluster_move(b.s, id[1], NULL, NULL, two, 2, &n, split, &err) == AY_ECONFLICT);
    CHECK_OK(ay_cluster_move(b.s, 0, "", NULL, two, 1, &n, split, &err), err); /* into none */
    CHECK(group_of(&b, 0) == 0 && get(&b).outside == 1);
    undo(&b, split);
    undo(&b, moved);
    CHECK(group_of(&b, 0) == id[0] && group_of(&b, 18) == id[2] && get(&b).outside == 0);
    two[1] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    CHECK(ay_cluster_move(b.s, id[1], NULL, NULL, two, 2, &n, moved, &err) == AY_ENOTFOUND && group_of(&b, 0) == id[0]);
    CHECK(ay_cluster_rename(b.s, id[0], " \t", split, &err) == AY_EINVAL);
    CHECK(ay_cluster_split(b.s, id[0], 1, &b.a, &parts, &n, split, &err) == AY_EINVAL);
    CHECK(ay_cluster_split(b.s, id[0], 50, &b.a, &parts, &n, split, &err) == AY_ECONFLICT);
    close_it(&b);
}

/* As the thread of a server would. */
static void look(bench *b, ay_clusters_due *due)
{
    int64_t id = 0;

    CHECK_OK(ay_clusters_dataset(b->s, "", &id, &err), err);
    CHECK_OK(ay_clusters_look(b->s, id, 0, due, &err), err);
}

static void refresh(bench *b)
{
    ay_cluster_task t = {.method = "kmeans", .k = 3};
    ay_clusters_made made;

    CHECK_OK(ay_clusters_dataset(b->s, "", &t.dataset, &err), err);
    CHECK_OK(ay_clusters_make(b->s, &t, &made, &err), err);
    CHECK(!*made.undo);
}

static void what_is_new_joins_and_enough_of_it_is_due(void)
{
    bench b = {0};
    ay_clusters_due due;
    ay_clusters all;
    int64_t red;

    open_it(&b);
    add(&b, 0, 10);
    add(&b, 1, 10);
    look(&b, &due);
    CHECK(!due.stale && due.waiting == 20); /* too few for the first time */
    add(&b, 0, 4);
    look(&b, &due);
    CHECK(due.stale); /* 24 */
    run(&b, "kmeans", 2);
    look(&b, &due);
    CHECK(!due.stale && due.waiting == 0);
    red = group_of(&b, 0);
    add(&b, 0, 2);
    add(&b, 2, 2); /* of a colour that no group has */
    all = get(&b);
    CHECK(all.waiting == 4 && all.came == 4);
    look(&b, &due);
    all = get(&b);
    CHECK(due.waiting == 0 && all.waiting == 0 && all.outside == 2 && all.came == 4 && !all.stale);
    CHECK(group_of(&b, 24) == red && group_of(&b, 25) == red && group_of(&b, 26) == 0);
    add(&b, 2, 18);
    look(&b, &due);
    CHECK(due.stale && get(&b).came == 22); /* more than 20, and than a tenth */
    refresh(&b);
    all = get(&b);
    CHECK(all.n == 3 && all.came == 0 && !all.stale && group_of(&b, 0) == red && group_of(&b, 26) != 0);
    close_it(&b);
}

static void runs_in_the_background_leave_a_persons_groups_alone(void)
{
    bench b = {0};
    char token[AY_UNDO_SIZE];
    ay_clusters all;
    int64_t id[3], to;

    open_it(&b);
    add(&b, 0, 10);
    add(&b, 1, 8);
    add(&b, 2, 6);
    run(&b, "kmeans", 3);
    for (int i = 0; i < 3; i++)
        id[i] = group_of(&b, (int[]){0, 10, 18}[i]);
    CHECK_OK(ay_cluster_merge(b.s, id, 2, NULL, &to, token, &err), err);
    refresh(&b);
    all = get(&b);
    CHECK(with_id(&all, to)->size == 18 && group_of(&b, 10) == to);
    undo(&b, token); /* nobody has touched the two since */
    all = get(&b);
    CHECK(group_of(&b, 0) == id[0] && group_of(&b, 10) == id[1] && with_id(&all, id[1])->size == 8);
    close_it(&b);
}

static void an_undo_after_the_groups_were_made_anew_says_so(void)
{
    bench b = {0};
    char token[AY_UNDO_SIZE];
    ay_undo_result r;
    ay_clusters all;
    int64_t id;

    open_it(&b);
    add(&b, 0, 10);
    add(&b, 1, 8);
    run(&b, "kmeans", 2);
    CHECK_OK(ay_cluster_pin(b.s, group_of(&b, 0), true, token, &err), err);
    CHECK_OK(ay_cluster_pin(b.s, group_of(&b, 0), false, token, &err), err);
    refresh(&b);
    CHECK(ay_service_undo(b.s, token, &r, &err) == AY_ECONFLICT && strstr(err.msg, "made anew"));
    id = group_of(&b, 0);
    CHECK_OK(ay_cluster_rename(b.s, id, "red", token, &err), err);
    refresh(&b);
    all = get(&b);
    CHECK(strcmp(with_id(&all, id)->name, "red") == 0);
    undo(&b, token); /* of a named group only the name was changed */
    all = get(&b);
    CHECK(strcmp(with_id(&all, id)->name, "red") != 0 && group_of(&b, 0) == id);
    close_it(&b);
}

static bool stop_at(void *ctx, double done)
{
    double *most = ctx;

    if (done > *most)
        *most = done;
    return done < 0.5;
}

static void a_run_that_is_stopped_changes_nothing(void)
{
    bench b = {0};
    ay_clusters_made made;
    double most = 0;
    uint64_t revision;

    open_it(&b);
    add(&b, 0, 10);
    add(&b, 1, 10);
    run(&b, "kmeans", 2);
    revision = get(&b).revision;
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.k = 3}, stop_at, &most, &made, &err) == AY_ECANCELLED && most >= 0.5);
    CHECK(get(&b).revision == revision && get(&b).n == 2);
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.method = "magic"}, NULL, NULL, &made, &err) == AY_EINVAL);
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.k = -1}, NULL, NULL, &made, &err) == AY_EINVAL);
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.method = "density", .k = 3}, NULL, NULL, &made, &err) == AY_EINVAL);
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.dataset = "none such"}, NULL, NULL, &made, &err) == AY_ENOTFOUND);
    CHECK(ay_clusters_queue(b.s, &(ay_clusters_request){0}, &(int64_t){0}, &err) == AY_ECONFLICT);
    close_it(&b);
}

/* Waits until the groups are those of run `run`, at most ten seconds. */
static bool wait_for_run(bench *b, int64_t run)
{
    for (int i = 0; i < 400 && get(b).how.run < run; i++)
        usleep(25000);
    return get(b).how.run >= run;
}

static void a_server_makes_them_in_the_background(void)
{
    ay_service_options o = {.embedder = fake_embedder(&fake), .serve = true};
    bench b = {0};
    ay_job job;
    int64_t id = 0, red;

    fake_init(&fake, 'a');
    b.dir = o.data = fake_folder();
    ay_arena_init(&b.a, 0);
    CHECK_OK(ay_service_open(&b.s, &o, &err), err);
    b.s->clusters->quiet_ms = 300;
    add(&b, 0, 14);
    add(&b, 1, 12);
    CHECK(wait_for_run(&b, 1)); /* the library, a first time, by itself */
    CHECK_OK(ay_clusters_queue(b.s, &(ay_clusters_request){.method = "kmeans", .k = 2}, &id, &err), err);
    CHECK(wait_for_run(&b, 2) && ay_service_wait_idle(b.s, 10000));
    CHECK_OK(ay_service_job(b.s, id, &b.a, &job, &err), err);
    CHECK(job.state == AY_JOB_DONE && strcmp(job.kind, "cluster") == 0 && strstr(job.detail, "\"groups\":2") &&
          strstr(job.detail, "\"undo\":\""));
    red = group_of(&b, 0);
    add(&b, 0, 1);
    for (int i = 0; i < 200 && group_of(&b, 26) != red; i++)
        usleep(25000);
    CHECK(group_of(&b, 26) == red);
    close_it(&b);
}

static void a_run_that_a_server_could_not_end_is_made_by_the_next(void)
{
    ay_service_options o = {.embedder = fake_embedder(&fake), .serve = true};
    bench b = {0};
    int64_t id = 0;

    fake_init(&fake, 'a');
    b.dir = o.data = fake_folder();
    ay_arena_init(&b.a, 0);
    CHECK_OK(ay_service_open(&b.s, &o, &err), err);
    add(&b, 0, 12);
    add(&b, 1, 6);
    CHECK_OK(ay_clusters_queue(b.s, &(ay_clusters_request){.method = "kmeans", .k = 2}, &id, &err), err);
    ay_service_close(b.s); /* it waits, runs or is done */
    CHECK_OK(ay_service_open(&b.s, &o, &err), err);
    CHECK(wait_for_run(&b, 1) && get(&b).n == 2 && get(&b).cluster[0].size == 12);
    close_it(&b);
}

/* While labels are given. */
static bool stop_late(void *ctx, double done)
{
    double *most = ctx;

    if (done > *most)
        *most = done;
    return done < 0.85;
}

/* ---- groups of what a filter means */

static ay_picture_filter tagged(bench *b, const char *key, const char *value)
{
    ay_picture_filter f = {.n = 0};

    CHECK_OK(ay_filter_set(&f, &b->a, key, value, NULL, &err), err);
    return f;
}

static void put_tag(bench *b, const char *tag, int from, int many)
{
    const char *list[100];
    ay_change_of_pictures what = {.add = {tag}, .nadd = 1};
    ay_changed out;

    for (int i = 0; i < many; i++)
        list[i] = b->names[from + i];
    CHECK_OK(ay_change_pictures(b->s, &(ay_which){.sha256 = list, .n = (size_t)many}, &what, &b->a, &out, &err), err);
    CHECK(out.changed == many);
}

static ay_clusters get_part(bench *b, const ay_picture_filter *f)
{
    ay_clusters all;

    CHECK_OK(ay_clusters_get(b->s, "", f, true, &b->a, &all, &err), err);
    return all;
}

static ay_clusters_made run_part(bench *b, const ay_picture_filter *f, int k)
{
    ay_clusters_made made;

    CHECK_OK(ay_clusters_run(b->s, &(ay_clusters_request){.filter = f, .method = "kmeans", .k = k, .seed = 1}, NULL, NULL, &made, &err), err);
    return made;
}

static void join_part(bench *b, int64_t scope)
{
    ay_clusters_due due;
    int64_t id = 0;

    CHECK_OK(ay_clusters_dataset(b->s, "", &id, &err), err);
    CHECK_OK(ay_clusters_look(b->s, id, scope, &due, &err), err);
    CHECK(due.waiting == 0);
}

static int64_t scope_of(bench *b, const ay_picture_filter *f)
{
    const char *text;
    int64_t id = 0;

    CHECK_OK(ay_clusters_dataset(b->s, "", &id, &err), err);
    CHECK_OK(ay_cluster_scope_text(f, &b->a, &text, &err), err);
    return ay_cluster_scope_find(b->s, id, text);
}

/* How many pictures GET /v1/pictures?cluster=id has. */
static size_t meant_by(bench *b, int64_t id)
{
    char text[32];
    ay_picture_filter f;
    uint32_t *rows;
    size_t n = 0;

    snprintf(text, sizeof text, "%lld", (long long)id);
    f = tagged(b, "cluster", text);
    pthread_rwlock_rdlock(&b->s->lock);
    for (int i = 0; i < b->s->ngalleries; i++)
        if (b->s->galleries[i]->kind == AY_KIND_LIBRARY)
            CHECK_OK(ay_filter_rows(b->s, b->s->galleries[i], &f, &b->a, &rows, &n, &err), err);
    pthread_rwlock_unlock(&b->s->lock);
    return n;
}

static void a_part_has_groups_beside_the_whole(void)
{
    bench b = {0};
    char token[AY_UNDO_SIZE];
    ay_picture_filter f, same = {.n = 0};
    ay_clusters whole, part;
    ay_clusters_made made;
    ay_cluster_member *list;
    size_t n, total;
    int64_t id;

    open_it(&b);
    add(&b, 0, 12);
    add(&b, 1, 12);
    add(&b, 2, 12);
    run(&b, "kmeans", 3);
    put_tag(&b, "yard", 0, 18); /* all of the first colour, six of the second */
    whole = get(&b);
    f = tagged(&b, "tag", "yard");
    part = get_part(&b, &f); /* never grouped: told, not made */
    CHECK(part.how.run == 0 && part.n == 0 && part.pictures == 18 && part.waiting == 18 && strstr(part.filter, "yard") && part.nkept == 0);
    library = "";
    CHECK(ay_clusters_pictures(b.s, 0, &library, &f, false, 0, 5, &b.a, &list, &n, &total, &err) == AY_ENOTFOUND);
    made = run_part(&b, &f, 2);
    CHECK(made.groups == 2 && made.same == 0 && *made.undo);
    part = get_part(&b, &f);
    CHECK(part.n == 2 && part.cluster[0].size == 12 && part.cluster[1].size == 6 && part.pictures == 18 && part.waiting == 0 && part.nkept == 1);
    CHECK(part.cluster[0].id > whole.cluster[2].id && meant_by(&b, part.cluster[1].id) == 6);
    CHECK(get(&b).n == 3 && get(&b).revision == whole.revision); /* the whole is untouched */
    /* The same conditions in another order, twice: the same groups. */
    CHECK_OK(ay_filter_set(&same, &b.a, "order", "name", NULL, &err), err);
    CHECK_OK(ay_filter_set(&same, &b.a, "tag", "yard,yard", NULL, &err), err);
    CHECK(get_part(&b, &same).n == 2);
    id = part.cluster[1].id;
    CHECK_OK(ay_cluster_rename(b.s, id, "six", token, &err), err);
    CHECK(ay_cluster_merge(b.s, (int64_t[]){id, whole.cluster[0].id}, 2, NULL, &id, token, &err) == AY_EINVAL);
    reopen(&b);
    part = get_part(&b, &f);
    CHECK(part.n == 2 && strcmp(with_id(&part, id)->name, "six") == 0);
    made = run_part(&b, &f, 2); /* anew: the same two, by number and name */
    CHECK(made.same == 2 && with_id(&part, id) && strcmp(with_id(&part, id)->name, "six") == 0);
    CHECK_OK(ay_clusters_pictures(b.s, id, &library, NULL, false, 0, 5, &b.a, &list, &n, &total, &err), err);
    CHECK(total == 6 && n == 5);
    CHECK_OK(ay_clusters_drop(b.s, "", &f, &err), err);
    CHECK(get_part(&b, &f).how.run == 0 && ay_clusters_drop(b.s, "", &f, &err) == AY_ENOTFOUND && get(&b).n == 3);
    CHECK(ay_clusters_drop(b.s, "", NULL, &err) == AY_EINVAL);
    f = tagged(&b, "tag", "no such tag");
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.filter = &f}, NULL, NULL, &made, &err) == AY_ENOTFOUND && scope_of(&b, &f) < 0);
    f = tagged(&b, "cluster", "1");
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.filter = &f}, NULL, NULL, &made, &err) == AY_EINVAL && strstr(err.msg, "split"));
    close_it(&b);
}

/* Who sorts "unsorted" group by group: what is sorted is out of sight, and back with its undo. */
static void pictures_leave_and_come_back(void)
{
    bench b = {0};
    ay_picture_filter unsorted, cluster;
    ay_change_of_pictures what = {.klass = "cups", .make = true};
    ay_clusters part;
    ay_changed out;
    char text[32];
    int64_t red, scope;

    open_it(&b);
    add(&b, 0, 15);
    add(&b, 1, 30);
    unsorted = tagged(&b, "unsorted", "true");
    run_part(&b, &unsorted, 2);
    part = get_part(&b, &unsorted);
    red = part.cluster[1].id;
    scope = scope_of(&b, &unsorted);
    CHECK(part.n == 2 && part.cluster[1].size == 15 && !part.stale);
    snprintf(text, sizeof text, "%lld", (long long)red);
    cluster = tagged(&b, "cluster", text);
    CHECK_OK(ay_change_pictures(b.s, &(ay_which){.filter = &cluster}, &what, &b.a, &out, &err), err);
    CHECK(out.moved == 15);
    part = get_part(&b, &unsorted);
    CHECK(part.n == 1 && part.pictures == 30 && part.gone == 15 && part.came == 0 && meant_by(&b, red) == 0);
    add(&b, 0, 3); /* like those that are sorted: no group in sight is near */
    join_part(&b, scope);
    part = get_part(&b, &unsorted);
    CHECK(part.pictures == 33 && part.came == 3 && part.n == 1 && part.outside == 3);
    undo(&b, out.undo);
    part = get_part(&b, &unsorted);
    CHECK(part.n == 2 && with_id(&part, red)->size == 15 && part.gone == 0);
    add(&b, 1, 1);
    join_part(&b, scope);
    part = get_part(&b, &unsorted);
    CHECK(part.cluster[0].size == 31 && part.waiting == 0 && part.came == 4);
    close_it(&b);
}

static void so_many_parts_are_kept_and_what_a_person_named_stays(void)
{
    bench b = {0};
    char word[32], token[AY_UNDO_SIZE];
    ay_clusters_made made;
    ay_picture_filter first, f;
    ay_clusters part;

    open_it(&b);
    add(&b, 0, 6);
    for (int i = 0; i < AY_CLUSTERS_FILTERS + 2; i++) {
        snprintf(word, sizeof word, "colour-a_%d", i);
        f = tagged(&b, "text", i ? word : "colour");
        run_part(&b, &f, 1);
        if (i)
            continue;
        first = f;
        part = get_part(&b, &first);
        CHECK_OK(ay_cluster_rename(b.s, part.cluster[0].id, "all", token, &err), err);
    }
    part = get_part(&b, &first);
    CHECK(part.how.run == 1 && part.nkept == AY_CLUSTERS_FILTERS && part.n == 1);
    snprintf(word, sizeof word, "colour-a_1");
    f = tagged(&b, "text", word);
    CHECK(get_part(&b, &f).how.run == 0); /* made longest ago, and nobody's */
    CHECK_OK(ay_clusters_run(b.s, &(ay_clusters_request){.method = "auto"}, NULL, NULL, &made, &err), err);
    close_it(&b);
}

/* Of a large library a part is looked at and all are labelled, while pictures come. */
static void what_was_not_drawn_is_labelled(void)
{
    bench b = {0};
    ay_picture_filter f;
    ay_clusters all;
    ay_clusters_made made;
    double most = 0;

    open_it(&b);
    b.s->clusters->drawn = 12;
    add(&b, 0, 20);
    add(&b, 1, 16);
    add(&b, 2, 14);
    CHECK(run(&b, "kmeans", 3).groups == 3);
    all = get(&b);
    CHECK(all.n == 3 && all.waiting == 0 && all.outside == 0 && all.how.pictures == 50);
    CHECK(all.cluster[0].size == 20 && all.cluster[1].size == 16 && all.cluster[2].size == 14);
    CHECK(group_of(&b, 0) == group_of(&b, 19) && group_of(&b, 20) == group_of(&b, 35) && group_of(&b, 20) != group_of(&b, 0));
    CHECK(run(&b, "auto", 0).groups >= 2); /* the number from twelve */
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.method = "kmeans", .k = 3, .least = 15}, NULL, NULL, &made, &err) == AY_OK);
    all = get(&b);
    CHECK(all.n == 2 && all.outside == 14); /* too small counts all, not what was drawn */
    CHECK(run(&b, "density", 0).groups == 3 && get(&b).how.pictures == 50); /* density takes all */
    put_tag(&b, "yard", 0, 30);
    f = tagged(&b, "tag", "yard");
    CHECK(run_part(&b, &f, 2).groups == 2);
    all = get_part(&b, &f);
    CHECK(all.cluster[0].size == 20 && all.cluster[1].size == 10 && all.waiting == 0);
    CHECK(ay_clusters_run(b.s, &(ay_clusters_request){.method = "kmeans", .k = 2}, stop_late, &most, &made, &err) == AY_ECANCELLED && most > 0.8);
    CHECK(get(&b).n == 3);
    close_it(&b);
}

/* ---- much changes */

/* Three in ten pictures go and as many come, some of a new kind: pins, names and numbers stay, undo brings all back. */
static void numbers_names_and_pins_outlive_a_third(void)
{
    bench b = {0};
    char token[AY_UNDO_SIZE], gone[3][12][AY_UNDO_SIZE];
    ay_clusters before, all;
    ay_clusters_made made;
    int64_t id[3];

    open_it(&b);
    for (int k = 0; k < 3; k++)
        add(&b, k, 30);
    run(&b, "kmeans", 3);
    for (int k = 0; k < 3; k++)
        id[k] = group_of(&b, 30 * k);
    CHECK_OK(ay_cluster_rename(b.s, id[1], "mine", token, &err), err);
    CHECK_OK(ay_cluster_pin(b.s, id[2], true, token, &err), err);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 9; i++)
            CHECK_OK(ay_picture_delete(b.s, "Library", b.names[30 * k + i], gone[k][i], &err), err);
    add(&b, 0, 5);
    add(&b, 1, 6);
    add(&b, 3, 16); /* a kind of its own */
    before = get(&b);
    CHECK(before.came == 27 && before.gone == 27 && before.stale);
    made = run(&b, "kmeans", 4);
    all = get(&b);
    CHECK(made.same == 2 && all.n == 4 && all.how.pictures == 90); /* the pinned one is not made anew, the other two are known again */
    for (int k = 0; k < 3; k++)
        CHECK(with_id(&all, id[k]) && group_of(&b, 30 * k + 20) == id[k]);
    CHECK(strcmp(with_id(&all, id[1])->name, "mine") == 0 && with_id(&all, id[1])->size == 27 && with_id(&all, id[1])->named_by == AY_NAMED_BY_PERSON);
    CHECK(with_id(&all, id[2])->pinned && with_id(&all, id[2])->size == 21 && with_id(&all, id[0])->size == 26);
    CHECK(group_of(&b, 101) > id[2]); /* the new kind has a new number */
    undo(&b, made.undo);
    all = get(&b);
    CHECK(all.n == before.n && all.how.run == before.how.run && all.came == 27 && all.gone == 27);
    for (int k = 0; k < 3; k++)
        CHECK(with_id(&all, id[k])->size == 21 && with_id(&all, id[k])->pinned == (k == 2));
    for (int k = 0; k < 3; k++) /* and the pictures that went are in their groups again */
        for (int i = 0; i < 9; i++)
            undo(&b, gone[k][i]);
    all = get(&b);
    for (int k = 0; k < 3; k++)
        CHECK(with_id(&all, id[k])->size == 30 && group_of(&b, 30 * k) == id[k]);
    CHECK(strcmp(with_id(&all, id[1])->name, "mine") == 0);
    close_it(&b);
}

static void sort_into(bench *b, int first, int n, const ay_change_of_pictures *what)
{
    const char *sha256[20];
    ay_changed out;

    for (int i = 0; i < n; i++)
        sha256[i] = b->names[first + i];
    CHECK_OK(ay_change_pictures(b->s, &(ay_which){.sha256 = sha256, .n = (size_t)n}, what, &b->a, &out, &err), err);
    CHECK(run(b, "kmeans", 2).same == 2);
}

static void a_group_is_called_after_the_class_of_most(void)
{
    bench b = {0};
    ay_change_of_pictures cups = {.klass = "cups", .make = true}, mugs = {.klass = "mugs", .make = true};
    ay_clusters all;

    open_it(&b);
    add(&b, 0, 12);
    add(&b, 1, 9);
    CHECK(run(&b, "kmeans", 2).groups == 2);
    sort_into(&b, 0, 7, &cups);
    sort_into(&b, 12, 4, &mugs);
    all = get(&b);
    CHECK(strcmp(all.cluster[0].name, "cups") == 0 && all.cluster[0].named_by == AY_NAMED_BY_CLASS);
    CHECK(all.cluster[1].named_by == AY_NAMED_BY_MEDOID); /* four of nine are not most */
    sort_into(&b, 12, 9, &cups);
    all = get(&b);
    CHECK(strcmp(all.cluster[0].name, "cups") == 0 && strcmp(all.cluster[1].name, "cups 2") == 0);
    sort_into(&b, 0, 12, &mugs);
    all = get(&b);
    CHECK(strcmp(all.cluster[0].name, "mugs") == 0 && strcmp(all.cluster[1].name, "cups 2") == 0);
    close_it(&b);
}

static void names_of_files_and_free_names(void)
{
    static const char *const taken[] = {"cup", "cup 2"};
    ay_arena a = {0};

    CHECK(strcmp(ay_cluster_name_free("cup", taken, 2, &a), "cup 3") == 0);
    CHECK(strcmp(ay_cluster_name_free("cup 2", taken, 2, &a), "cup 3") == 0);
    CHECK(strcmp(ay_cluster_name_free("jug", taken, 2, &a), "jug") == 0);
    CHECK(strcmp(ay_cluster_name_free("jug 7", taken, 2, &a), "jug") == 0);
    CHECK(strcmp(ay_cluster_name_free("7", taken, 2, &a), "7") == 0);
    ay_arena_fini(&a);
}

TESTS({"groups are made, told and kept", groups_are_made_told_and_kept},
      {"numbers and names stay when pictures come and go", numbers_and_names_stay_when_pictures_come_and_go},
      {"what is pinned is left out", what_is_pinned_is_left_out},
      {"merge, split and move stay and are taken back", merge_split_and_move_stay_and_are_taken_back},
      {"what is new joins and enough of it is due", what_is_new_joins_and_enough_of_it_is_due},
      {"runs in the background leave a person's groups alone", runs_in_the_background_leave_a_persons_groups_alone},
      {"an undo after the groups were made anew says so", an_undo_after_the_groups_were_made_anew_says_so},
      {"a run that is stopped changes nothing", a_run_that_is_stopped_changes_nothing},
      {"a server makes them in the background", a_server_makes_them_in_the_background},
      {"a run that a server could not end is made by the next", a_run_that_a_server_could_not_end_is_made_by_the_next},
      {"a part has groups beside the whole", a_part_has_groups_beside_the_whole},
      {"pictures leave and come back", pictures_leave_and_come_back},
      {"so many parts are kept, and what a person named stays", so_many_parts_are_kept_and_what_a_person_named_stays},
      {"what was not drawn is labelled", what_was_not_drawn_is_labelled},
      {"numbers, names and pins outlive a third", numbers_names_and_pins_outlive_a_third},
      {"a group is called after the class of most", a_group_is_called_after_the_class_of_most},
      {"names of files and free names", names_of_files_and_free_names})
