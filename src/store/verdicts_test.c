/* What every store driver owes verdicts and sightings.  As contract_test.c: ASSAY_TEST_STORE is the URL of
 * an empty database to hold to it. */
#include "store/verdicts.h"

#include "base/test.h"
#include "store/folder_test.h"

static ay_err err;
static ay_arena arena;
static char names[8][AY_SHA256_HEX];

static ay_store *open_store(void)
{
    static const char *dir;
    char url[96];
    ay_store *s = NULL;

    if (!dir) {
        dir = fresh_folder();
        for (int i = 0; i < 8; i++)
            ay_random_hex(names[i], 32);
    }
    snprintf(url, sizeof url, "sqlite:%s/v.db", dir);
    CHECK_OK(ay_store_open(&s, getenv("ASSAY_TEST_STORE") ? getenv("ASSAY_TEST_STORE") : url, &err),
             err);
    return s;
}

static int64_t add(ay_store *s, int picture, const char *theme, bool accepted, const char *key,
                   bool *again)
{
    ay_store_verdict v = {.sha256 = names[picture], .theme = theme, .accepted = accepted,
                          .asset = "a-1", .key = key};
    int64_t id = 0;

    CHECK_OK(ay_store_verdict_add(s, &v, &id, again, &err), err);
    return id;
}

static void every_verdict_is_kept(void)
{
    ay_store *s = open_store();
    ay_store_verdict *list;
    bool again;
    int64_t first, last;
    size_t n;

    first = add(s, 0, "anime", true, "", &again);
    CHECK(!again && first > 0);
    add(s, 0, "anime", true, "", &again); /* without a key each counts */
    last = add(s, 0, "w\xc3\xa4lder", false, "", &again);
    add(s, 1, "anime", false, "", &again);
    ay_store_close(s);
    s = open_store();
    CHECK_OK(ay_store_verdict_list(s, names[0], NULL, 0, 9, &arena, &list, &n, &err), err);
    CHECK(n == 3 && list[0].id == last && !list[0].accepted && list[2].id == first);
    CHECK(strcmp(list[0].theme, "w\xc3\xa4lder") == 0 && strcmp(list[0].asset, "a-1") == 0);
    CHECK(list[0].at_us >= list[2].at_us && list[2].at_us > 0 && *list[0].key == '\0');
    CHECK_OK(ay_store_verdict_list(s, names[0], "anime", 0, 9, &arena, &list, &n, &err), err);
    CHECK(n == 2 && list[0].accepted && list[1].accepted);
    CHECK_OK(ay_store_verdict_list(s, NULL, "anime", 0, 2, &arena, &list, &n, &err), err);
    CHECK(n == 2 && strcmp(list[0].sha256, names[1]) == 0);
    CHECK_OK(ay_store_verdict_list(s, "", "", list[1].id, 9, &arena, &list, &n, &err), err);
    CHECK(n >= 1 && list[n - 1].id == first);
    ay_store_close(s);
}

static void a_key_is_one_verdict(void)
{
    ay_store *s = open_store();
    ay_store_verdict v = {.sha256 = names[2], .theme = "cats", .asset = "", .key = "k-1"};
    ay_store_verdict *list;
    bool again;
    int64_t id = add(s, 2, "cats", true, "k-1", &again), other;
    size_t n;

    CHECK(!again);
    CHECK(add(s, 2, "cats", true, "k-1", &again) == id && again);
    CHECK(ay_store_verdict_add(s, &v, &other, &again, &err) == AY_ECONFLICT); /* not accepted */
    CHECK(strstr(err.msg, "k-1"));
    v = (ay_store_verdict){.sha256 = names[3], .theme = "cats", .asset = "", .key = "k-1", .accepted = true};
    CHECK(ay_store_verdict_add(s, &v, &other, &again, &err) == AY_ECONFLICT);
    CHECK_OK(ay_store_verdict_list(s, names[2], "cats", 0, 9, &arena, &list, &n, &err), err);
    CHECK(n == 1 && strcmp(list[0].key, "k-1") == 0 && list[0].accepted);
    CHECK_OK(ay_store_verdict_list(s, names[3], "cats", 0, 9, &arena, &list, &n, &err), err);
    CHECK(n == 0);
    ay_store_close(s);
}

static void refuse(ay_store *s, ay_store_verdict v)
{
    int64_t id;
    bool again;

    CHECK(ay_store_verdict_add(s, &v, &id, &again, &err) == AY_EINVAL);
}

static void what_cannot_be_kept_is_refused(void)
{
    ay_store *s = open_store();
    char big[600];

    memset(big, 'x', sizeof big);
    big[599] = '\0';
    refuse(s, (ay_store_verdict){.sha256 = "abc", .theme = "t", .asset = "", .key = ""});
    refuse(s, (ay_store_verdict){.sha256 = names[0], .theme = "", .asset = "", .key = ""});
    refuse(s, (ay_store_verdict){.sha256 = names[0], .theme = big, .asset = "", .key = ""});
    refuse(s, (ay_store_verdict){.sha256 = names[0], .theme = "t", .asset = big, .key = ""});
    refuse(s, (ay_store_verdict){.sha256 = names[0], .theme = "t", .asset = "", .key = big});
    refuse(s, (ay_store_verdict){.sha256 = names[0], .theme = "t\xff", .asset = "", .key = ""});
    ay_store_close(s);
}

typedef struct {
    int n;
    char sha256[4][AY_SHA256_HEX], asset[4][AY_ASSET_MAX + 1];
    float first[4];
} seen;

static ay_status take(void *ctx, const ay_store_sighting *g, ay_err *e)
{
    seen *t = ctx;

    if (t->n == 4 || g->vector.dim != 3)
        return ay_fail(e, AY_ECORRUPT, "too many");
    strcpy(t->sha256[t->n], g->sha256);
    strcpy(t->asset[t->n], g->asset);
    t->first[t->n++] = g->vector.data[0];
    return AY_OK;
}

static void sight(ay_store *s, int picture, const char *model, float x, const char *asset)
{
    float data[3] = {x, 0.5f, -1};
    ay_store_sighting g = {names[picture], asset, {model, names[7], data, 3}};

    CHECK_OK(ay_store_sighting_put(s, &g, &err), err);
}

static void sightings_are_of_one_encoder(void)
{
    ay_store *s = open_store();
    seen t = {0};
    bool known;

    CHECK_OK(ay_store_seen(s, names[4], &known, &err), err);
    CHECK(!known);
    sight(s, 4, names[5], 0.25f, "one");
    sight(s, 4, names[6], 0.75f, ""); /* two encoders do not push each other out */
    sight(s, 3, names[5], 0.5f, "");
    CHECK_OK(ay_store_sighting_walk(s, names[5], names[7], 9, take, &t, &err), err);
    CHECK(t.n == 2 && strcmp(t.sha256[0], names[3]) == 0 && t.first[1] == 0.25f);
    sight(s, 4, names[5], 0.125f, ""); /* again: newest, and its asset stays */
    t = (seen){0};
    CHECK_OK(ay_store_sighting_walk(s, names[5], names[7], 1, take, &t, &err), err);
    CHECK(t.n == 1 && t.first[0] == 0.125f && strcmp(t.asset[0], "one") == 0);
    CHECK_OK(ay_store_seen(s, names[4], &known, &err), err);
    CHECK(known);
    ay_store_close(s);
}

/* The verdicts on a picture's old theme: how many, how many accepted, all between first and last. */
static void look(ay_store *s, int picture, int64_t first, int64_t last, size_t want, int yes)
{
    ay_store_verdict *list;
    size_t n;
    int accepted = 0;

    CHECK_OK(ay_store_verdict_list(s, names[picture], "old", 0, 99, &arena, &list, &n, &err), err);
    CHECK(n == want);
    for (size_t i = 0; i < n; i++) {
        accepted += list[i].accepted;
        CHECK(list[i].at_us >= first && list[i].at_us <= last && *list[i].key == '\0');
        CHECK(strcmp(list[i].asset, "b") == 0);
    }
    CHECK(accepted == yes);
}

static void tallies_become_verdicts_once(void)
{
    enum { T0 = 1000000, T1 = 9000000 };
    ay_store *s = open_store();
    ay_store_tally t[2] = {{names[5], "old", "b", 3, 2, T0, T1}, {names[6], "old", "b", 0, 1, T0, T1}};
    ay_store_verdict own = {.sha256 = names[5], .theme = "other", .asset = "", .key = "a0"};
    ay_store_verdict *list;
    ay_store_tallied done;
    bool again, was_here;
    size_t n;
    int64_t id;

    CHECK_OK(ay_store_seen(s, names[5], &was_here, &err), err);
    CHECK(!was_here);
    CHECK_OK(ay_store_verdict_import(s, "there", t, 2, true, &done, &err), err);
    CHECK(done.added == 6 && done.there == 0 && done.touched == 2);
    look(s, 5, T0, T1, 0, 0);
    CHECK_OK(ay_store_verdict_import(s, "there", t, 2, false, &done, &err), err);
    CHECK(done.added == 6 && done.touched == 2);
    look(s, 5, T0, T1, 5, 3);
    look(s, 6, T1, T1, 1, 0);
    CHECK_OK(ay_store_verdict_list(s, names[5], "old", 0, 99, &arena, &list, &n, &err), err);
    CHECK(n == 5 && list[0].at_us == T1 && list[4].at_us == T0 && list[2].at_us == (T0 + T1) / 2);
    CHECK(list[0].accepted && !list[4].accepted); /* spread: none of the kinds is all old or all new */
    CHECK_OK(ay_store_seen(s, names[5], &was_here, &err), err);
    CHECK(was_here);
    /* Verdicts of our own, and those of another source, are others. */
    CHECK_OK(ay_store_verdict_add(s, &own, &id, &again, &err), err);
    t[0].accepted = 7;
    CHECK_OK(ay_store_verdict_import(s, "there", t, 2, true, &done, &err), err);
    CHECK(done.added == 4 && done.there == 6 && done.touched == 1);
    CHECK_OK(ay_store_verdict_import(s, "there", t, 2, false, &done, &err), err);
    look(s, 5, T0, T1, 9, 7);
    CHECK_OK(ay_store_verdict_import(s, "there", t, 2, false, &done, &err), err);
    CHECK(done.added == 0 && done.there == 10);
    t[0].accepted = 1; /* fewer than before: what was said was said */
    CHECK_OK(ay_store_verdict_import(s, "there", t, 1, false, &done, &err), err);
    look(s, 5, T0, T1, 9, 7);
    CHECK_OK(ay_store_verdict_import(s, "elsewhere", t, 1, false, &done, &err), err);
    CHECK(done.added == 3);
    look(s, 5, T0, T1, 12, 8);
    /* One that cannot be keeps all out. */
    t[0].accepted = 50, t[1].rejected = -1;
    CHECK(ay_store_verdict_import(s, "there", t, 2, false, &done, &err) == AY_EINVAL && done.added == 0);
    t[1].rejected = AY_TALLY_MOST + 1;
    CHECK(ay_store_verdict_import(s, "there", t, 2, false, &done, &err) == AY_ELIMIT);
    CHECK(ay_store_verdict_import(s, "50%", t, 1, false, &done, &err) == AY_EINVAL);
    look(s, 5, T0, T1, 12, 8);
    ay_store_close(s);
}

TESTS({"every verdict is kept", every_verdict_is_kept}, {"a key is one verdict", a_key_is_one_verdict},
      {"tallies become verdicts once", tallies_become_verdicts_once},
      {"what cannot be kept is refused", what_cannot_be_kept_is_refused},
      {"sightings are of one encoder", sightings_are_of_one_encoder})
