/* From a folder to a tree: what is where, that nothing half-done is believed, and what is said when it cannot be done. */
#include "inspect/boards_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static ino_t inode(const char *path)
{
    struct stat st;

    CHECK(stat(path, &st) == 0);
    return st.st_ino;
}

/* ---- the tree ---------------------------------------------------------------------------------- */

static void what_is_gathered(void)
{
    ay_line_set set, again;
    const char *name = "20260302080000_HX-26_00000@U6_1_12_top.jpg";
    struct timespec old[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    struct stat st;
    int asked = 0;

    boards(3, 2, 8 | 64);
    CHECK(utimensat(AT_FDCWD, at("in/OK/%s", name), old, 0) == 0);
    ay_line_gather_options o = asking();
    o.product_ctx = &asked;
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
    CHECK(asked == 1 && set.stage == AY_LINE_GATHERED && set.nclasses == 4 && set.n == 20 && set.nmissing == 0);
    CHECK(strcmp(set.classes[1].name, "HX26_U6_1_top") == 0 && set.classes[1].ok == 3 && set.classes[1].ng == 2);
    CHECK(strcmp(set.classes[3].name, "PSU_24V_J4_A_top") == 0);
    CHECK(set.classes[1].nsamples == 3 && set.originals[12].ok == false);
    CHECK(stat(at("tree/raw_data/HX26_U6_1_top/%s", name), &st) == 0 && st.st_mtime == 1700000000 && st.st_nlink == 1);
    CHECK(files_in("raw_data/NG") == 8 && files_in("raw_data") == 20);
    CHECK(set.originals[0].width == 32 && ay_sha256_valid(set.originals[0].sha256));
    for (int i = 0; i < set.n; i++)
        CHECK(strcmp(set.originals[i].timestamp, "20260302080000") >= 0 && *set.originals[i].board);
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &again, &err), err); /* done: nobody is asked again */
    CHECK(asked == 1 && again.n == set.n && again.nclasses == set.nclasses && again.nmissing == 0);
    for (int i = 0; i < set.n; i++)
        CHECK(strcmp(again.originals[i].path, set.originals[i].path) == 0 &&
              again.originals[i].class == set.originals[i].class && again.originals[i].ok == set.originals[i].ok);
    ay_line_set_fini(&set);
    ay_line_set_fini(&again);
    o.recursive = true;
    CHECK(ay_line_gather(at("tree"), &o, NULL, &again, &err) == AY_ECONFLICT && again.n == 0);
}

static void samples_are_by_seed(void)
{
    char first[3][128];
    int other = 0;

    for (uint64_t seed = 0; seed < 4; seed++) {
        ay_line_gather_options o;
        ay_line_set set;
        boards(12, 0, 1);
        for (int again = 0; again < 2; again++) {
            o = asking();
            o.seed = seed;
            CHECK_OK(ay_line_gather(at("tree%d", again), &o, NULL, &set, &err), err);
            CHECK(set.classes[0].nsamples == 3);
            for (int k = 0; k < 3; k++) {
                CHECK(k == 0 || strcmp(set.classes[0].samples[k], set.classes[0].samples[k - 1]) > 0);
                CHECK(ay_file_exists(at("tree%d/raw_data/HX26_R12_side/%s", again, set.classes[0].samples[k])));
                if (again)
                    CHECK(strcmp(first[k], set.classes[0].samples[k]) == 0);
                else
                    other += seed > 0 && strcmp(first[k], set.classes[0].samples[k]) != 0;
                snprintf(first[k], sizeof first[k], "%s", set.classes[0].samples[k]);
            }
            ay_line_set_fini(&set);
        }
    }
    CHECK(other > 0);
}

/* A class of two has two. */
static void few_pictures_are_all_samples(void)
{
    ay_line_set set;

    boards(2, 0, 2);
    gather(&set);
    CHECK(set.classes[0].nsamples == 2 && set.classes[1].nsamples == 2);
    ay_line_set_fini(&set);
}

static void turned_files_are_the_originals_pixels(void)
{
    ay_line_set set;
    const char *stem = "20260302080000_HX-26_00000@D5_3_top"; /* mounted Right */
    static const char *const folder[] = {"Right", "Down", "Left", "Up"};
    ay_image im, turned;

    boards(2, 1, 2);
    arrange(&set, NULL);
    CHECK_OK(ay_image_load(at("tree/raw_data/HX26_D5_top/%s.jpg", stem), NULL, &im, &err), err);
    for (int k = 1; k < 4; k++) {
        CHECK_OK(ay_line_rotate(&im, 90, &err), err);
        CHECK_OK(ay_image_load(at("tree/oriented_data/%s/HX26_D5_top_%s_rot%d.png", folder[k], stem, 90 * k), NULL,
                               &turned, &err),
                 err);
        CHECK(turned.width == im.width && memcmp(turned.data, im.data, 32 * 32 * 3) == 0);
        ay_image_fini(&turned);
    }
    ay_image_fini(&im);
    for (int i = 0; i < set.n; i++) { /* one content, one file */
        const ay_line_original *p = &set.originals[i];
        if (!p->ok || strcmp(p->file + strlen(stem) - 3, "top.jpg") != 0)
            continue;
        CHECK(inode(at("tree/%s", p->path)) == inode(at("tree/oriented_data/Right/HX26_D5_top_%s", p->file)));
        CHECK(inode(at("tree/%s", p->path)) ==
              inode(at("tree/dataset/%s/HX26_D5_top/Right/HX26_D5_top_%s", ay_split_name(p->split), p->file)));
    }
    CHECK(!ay_file_exists(at("tree/dataset/train/NG"))); /* no label, so not trained on */
    ay_line_set_fini(&set);
}

/* ---- labels ------------------------------------------------------------------------------------ */

static void labels_of_orientation(void)
{
    static const char *const want[] = {"Down", "Left", "NG", "Right", "Up"};
    ay_line_arrange_options o = {.label = AY_LINE_BY_ORIENTATION, .train_ng = true, .threads = 2, .image_size = 32};
    ay_line_items items;
    ay_line_set set;
    int ng = 0, of[5] = {0};

    boards(6, 4, 1 | 2 | 32);
    arrange(&set, &o);
    CHECK_OK(ay_line_items_make(&set, at("tree"), &items, &err), err);
    CHECK(items.nlabels == 5 && items.n == 6 * 6 * 4 + 4 * 6);
    for (int k = 0; k < 5; k++)
        CHECK(strcmp(items.labels[k], want[k]) == 0);
    for (size_t k = 0; k < items.n; k++) {
        const ay_line_item *p = &items.items[k];
        CHECK(p->label >= 0 && ay_file_exists(p->path));
        CHECK(p->ok ? strcmp(items.labels[p->label], ay_line_orientation_name(p->orientation)) == 0 : p->label == 2);
        of[p->label]++;
        ng += !p->ok;
        CHECK(p->ok || p->rotate == 0);
    }
    CHECK(ng == 24 && of[0] == 36 && of[1] == 36 && of[3] == 36 && of[4] == 36);
    CHECK(files_in("dataset/train/NG") + files_in("dataset/val/NG") == 24 && files_in("oriented_data/NG") == 24);
    CHECK(files_in("dataset/train/Up") > 0 && files_in("dataset/val/Up") > 0);
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
}

static void labels_of_both(void)
{
    ay_line_items items;
    ay_line_set set;

    boards(6, 2, 1 | 2);
    arrange(&set, NULL);
    CHECK_OK(ay_line_items_make(&set, at("tree"), &items, &err), err);
    CHECK(items.nlabels == 16 && strcmp(items.labels[0], "HX26_D5_side/Down") == 0);
    for (size_t k = 0; k < items.n; k++) {
        const ay_line_item *p = &items.items[k];
        char want[200];
        if (!p->ok) {
            CHECK(p->label == AY_LINE_UNKNOWN);
            continue;
        }
        snprintf(want, sizeof want, "%s/%s", set.classes[set.originals[p->original].class].name,
                 ay_line_orientation_name(p->orientation));
        CHECK(strcmp(items.labels[p->label], want) == 0);
        CHECK((p->rotate / 90 + set.classes[set.originals[p->original].class].orientation) % 4 == p->orientation);
    }
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
}

/* The command line of the system before: no orientations, nothing turned, nobody asked. */
static void labels_of_components(void)
{
    ay_line_arrange_options o = {.label = AY_LINE_BY_COMPONENT, .threads = 2, .image_size = 32};
    ay_line_items items;
    ay_line_set set;

    boards(5, 2, 1 | 2);
    gather(&set);
    ay_line_set_fini(&set);
    CHECK_OK(ay_line_arrange(at("tree"), &o, NULL, &set, &err), err);
    CHECK_OK(ay_line_items_make(&set, at("tree"), &items, &err), err);
    CHECK(items.nlabels == 4 && strcmp(items.labels[3], "HX26_R12_top") == 0 && items.n == 28);
    CHECK(!ay_file_exists(at("tree/oriented_data")) && files_in("dataset/train/HX26_R12_top") == 4);
    CHECK(files_in("dataset/val/HX26_R12_top") == 1);
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
}

/* ---- sides ------------------------------------------------------------------------------------- */

static int notes_of_one_board;
static void hear(void *ctx, const ay_note *n)
{
    (void)ctx;
    notes_of_one_board += strcmp(n->code, "line_one_board") == 0;
}

/* All pictures of a class from one board: they are split one by one, and that is said. */
static void one_board_is_split_by_pictures(void)
{
    ay_line_gather_options o;
    ay_line_arrange_options how = {.label = AY_LINE_BY_COMPONENT, .threads = 1, .image_size = 32};
    const ay_line_observer observer = {.note = hear};
    ay_line_set set;
    int val = 0;

    boards(1, 0, 1);
    for (int k = 0; k < 9; k++) { /* the same board at other times, as other pictures */
        ay_smt_shot shot = {.place = 0, .light = AY_SMT_TOP, .board = (uint32_t)(50 + k)};
        ay_buf b = {0};
        ay_image im;
        CHECK_OK(ay_smt_picture(&shot, 1, 32, 32, &im, &err), err);
        CHECK_OK(ay_image_encode_jpeg(&im, 90, &b, &err), err);
        CHECK_OK(ay_file_write(at("in/OK/2026030209000%d_HX-26_00000@R12_1_top.jpg", k), b.data, b.len, &err), err);
        ay_image_fini(&im);
        ay_buf_fini(&b);
    }
    o = asking();
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
    ay_line_set_fini(&set);
    notes_of_one_board = 0;
    CHECK_OK(ay_line_arrange(at("tree"), &how, &observer, &set, &err), err);
    for (int i = 0; i < set.n; i++)
        val += set.originals[i].split == AY_SPLIT_VAL;
    CHECK(val == 2 && notes_of_one_board == 1);
    ay_line_set_fini(&set);
}

/* The same bytes under several names are on one side. */
static void copies_stay_together(void)
{
    ay_line_arrange_options how = {.test_share = 0.5, .threads = 1, .image_size = 32};
    ay_line_set set;
    ay_buf b = {0};
    int side[2] = {0};

    boards(4, 0, 1);
    CHECK_OK(ay_file_read(at("in/OK/20260302080000_HX-26_00000@R12_1_top.jpg"), 0, &b, &err), err);
    for (int k = 0; k < 6; k++)
        CHECK_OK(ay_file_write(at("in/OK/2026040109000%d_OTHER%d@R12_1_top.jpg", k, k), b.data, b.len, &err), err);
    ay_buf_fini(&b);
    arrange(&set, &how);
    for (int i = 0; i < set.n; i++)
        if (strstr(set.originals[i].board, "OTHER") || strstr(set.originals[i].board, "00000"))
            side[set.originals[i].split == AY_SPLIT_VAL]++;
    CHECK((side[0] == 0) != (side[1] == 0) && side[0] + side[1] == 8);
    ay_line_set_fini(&set);
}

/* ---- nothing half-done is believed --------------------------------------------------------------- */

typedef struct {
    int at, seen;
} stopper;
static void stop_there(void *ctx, ay_line_phase phase, size_t done, size_t total)
{
    stopper *s = ctx;
    (void)phase, (void)done, (void)total;
    if (++s->seen == s->at)
        raise(SIGKILL);
}

/* A child does both stages and is killed at its at-th sign of life; true: it was. */
static bool killed_at(int at_sign, const char *choices)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        stopper s = {.at = at_sign};
        const ay_line_observer observer = {.ctx = &s, .progress = stop_there};
        ay_line_gather_options o = asking();
        ay_line_arrange_options how = {.threads = 1, .image_size = 32};
        ay_line_set set;
        o.threads = 1;
        if (ay_line_gather(at("tree"), &o, &observer, &set, NULL) != AY_OK)
            _exit(1);
        ay_line_set_fini(&set);
        if (ay_line_choose(at("tree"), choices, strlen(choices), NULL) != AY_OK)
            _exit(2);
        _exit(ay_line_arrange(at("tree"), &how, &observer, &set, NULL) == AY_OK ? 0 : 3);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static void killed_anywhere_it_goes_on(void)
{
    char choices[4096], manifest[2][AY_SHA256_HEX];
    ay_line_set set;
    int kills = 0;

    boards(3, 2, 1 | 2);
    arrange(&set, NULL);
    snprintf(choices, sizeof choices, "%s", truth(&set));
    ay_line_set_fini(&set);
    CHECK_OK(ay_sha256_file(at("tree/manifest.json"), manifest[0], &err), err);
    ay_file_remove_tree(at("tree"));
    for (int k = 1; killed_at(k, choices); k += 3) /* on the same tree, later and later */
        kills++;
    CHECK(kills >= 10);
    CHECK_OK(ay_sha256_file(at("tree/manifest.json"), manifest[1], &err), err);
    CHECK(strcmp(manifest[0], manifest[1]) == 0); /* as if nothing had happened */
    CHECK(files_in("raw_data") == 20 && files_in("oriented_data") == 4 * 12 + 8);
    CHECK(!ay_file_exists(at("tree/raw_data.tmp")) && !ay_file_exists(at("tree/dataset.tmp")) &&
          !ay_file_exists(at("tree/oriented_data.tmp")));
}

static atomic_bool cancel;
static void cancel_there(void *ctx, ay_line_phase phase, size_t done, size_t total)
{
    stopper *s = ctx;
    (void)phase, (void)done, (void)total;
    if (++s->seen == s->at)
        atomic_store(&cancel, true);
}

static void cancelled_leaves_no_manifest(void)
{
    stopper s = {.at = 25};
    const ay_line_observer observer = {.ctx = &s, .progress = cancel_there, .cancel = &cancel};
    ay_line_gather_options o;
    ay_line_set set;
    long live;

    boards(3, 2, 1 | 2);
    live = ay_mem_live();
    o = asking();
    atomic_store(&cancel, false);
    CHECK(ay_line_gather(at("tree"), &o, &observer, &set, &err) == AY_ECANCELLED && set.n == 0);
    CHECK(!ay_file_exists(at("tree/manifest.json")) && ay_mem_live() == live);
    atomic_store(&cancel, false);
    s.at = 1 << 20;
    CHECK_OK(ay_line_gather(at("tree"), &o, &observer, &set, &err), err);
    ay_line_set_fini(&set);
}

static void refused_memory_leaks_nothing(void)
{
    ay_line_gather_options o;
    ay_line_arrange_options how = {.threads = 1, .image_size = 32, .label = AY_LINE_BY_COMPONENT};
    ay_line_set set;
    int refused = 0;

    boards(2, 1, 1);
    o = asking();
    o.threads = 1;
    for (int after = 0; after < 400; after += 7) {
        long live = ay_mem_live();
        ay_mem_fail_after(after);
        ay_status status = ay_line_gather(at("tree%d", after), &o, NULL, &set, &err);
        if (status == AY_OK) {
            ay_line_set_fini(&set);
            status = ay_line_arrange(at("tree%d", after), &how, NULL, &set, &err);
        }
        ay_mem_fail_after(-1);
        if (status == AY_OK)
            ay_line_set_fini(&set);
        refused += status == AY_ENOMEM;
        if (ay_mem_live() != live)
            printf("  after %d: %s %s\n", after, ay_status_name(status), status ? err.msg : "");
        CHECK(ay_mem_live() == live);
    }
    CHECK(refused > 5);
}

/* ---- what cannot be done ----------------------------------------------------------------------- */

static void wrong_folders(void)
{
    ay_line_gather_options o;
    ay_line_set set;

    clear_bench();
    o = asking();
    CHECK(ay_line_gather(at("tree"), &o, NULL, &set, &err) == AY_ENOTFOUND && strstr(err.msg, "no folder OK"));
    CHECK_OK(ay_file_mkdirs(at("in/OK"), &err), err);
    CHECK(ay_line_gather(at("tree"), &o, NULL, &set, &err) == AY_ENOTFOUND && strstr(err.msg, "are empty"));
    write_text(at("in/OK/x.jpg"), "x");
    CHECK(ay_line_gather(at("tree"), &o, NULL, &set, &err) == AY_ENOTFOUND && strstr(err.msg, "timestamp is expected"));
    CHECK(ay_file_exists(at("tree/missing.csv")) && !ay_file_exists(at("tree/manifest.json")));
    o.pattern = "{component}";
    CHECK(ay_line_gather(at("tree"), &o, NULL, &set, &err) == AY_EINVAL && strstr(err.msg, "{light} is missing"));
    CHECK(ay_line_set_read(at("tree"), &set, &err) == AY_ENOTFOUND);
    CHECK(ay_line_choose(at("tree"), "{}", 2, &err) == AY_ECONFLICT);
    write_text(at("tree/manifest.json"), "{\"format\": \"assay line 1\", \"stage\"");
    CHECK(ay_line_set_read(at("tree"), &set, &err) == AY_ECORRUPT);
    write_text(at("tree/manifest.json"), "{\"format\": \"assay line 1\", \"stage\": \"arranged\"}");
    CHECK(ay_line_set_read(at("tree"), &set, &err) == AY_ECORRUPT && strstr(err.msg, "gather again"));
}

static void wrong_settings(void)
{
    static const double share[] = {-0.1, 0.95, 1, 0.0 / 0.0};
    ay_line_arrange_options o = {.threads = 1};
    ay_line_set set;

    boards(1, 0, 1);
    gather(&set);
    CHECK_OK(ay_line_choose(at("tree"), truth(&set), strlen(truth(&set)), &err), err);
    ay_line_set_fini(&set);
    for (int k = 0; k < 4; k++) {
        o.test_share = share[k];
        CHECK(ay_line_arrange(at("tree"), &o, NULL, &set, &err) == AY_EINVAL && strstr(err.msg, "data.test_split"));
    }
    o.test_share = 0.2;
    CHECK(ay_line_arrange(at("tree"), &o, NULL, &set, &err) == AY_EINVAL && strstr(err.msg, "one picture only"));
    CHECK(ay_line_begin(at("tree"), &err) == AY_ECONFLICT);
    o.image_size = 5;
    CHECK(ay_line_arrange(at("tree"), &o, NULL, &set, &err) == AY_EINVAL && strstr(err.msg, "data.image_size"));
}

static ay_status silent_plant(void *ctx, const ay_line_name *names, size_t n, const char **out, ay_err *e)
{
    (void)ctx, (void)names, (void)n, (void)out;
    return ay_fail(e, AY_EIO, "the plant's database does not answer");
}

static void a_plant_that_is_down_ends_it(void)
{
    ay_line_gather_options o;
    ay_line_set set;

    boards(1, 0, 1);
    o = asking();
    o.product = silent_plant;
    CHECK(ay_line_gather(at("tree"), &o, NULL, &set, &err) == AY_EIO && strstr(err.msg, "does not answer"));
    CHECK(!ay_file_exists(at("tree/manifest.json")));
    o.product = NULL; /* without a plant: classes of component and light */
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
    CHECK(set.nclasses == 2 && strcmp(set.classes[0].name, "R12_side") == 0 && !*set.classes[0].product);
    ay_line_set_fini(&set);
}

/* Folders below, endings in capitals, .png; one name twice. */
static void folders_below_when_asked_for(void)
{
    ay_line_gather_options o;
    ay_line_set set;
    ay_image im;
    ay_buf b = {0};

    boards(2, 0, 1);
    CHECK_OK(ay_file_mkdirs(at("in/OK/later/still"), &err), err);
    CHECK_OK(ay_image_create(&im, 8, 6, &err), err);
    CHECK_OK(ay_image_encode_png(&im, &b, &err), err);
    ay_image_fini(&im);
    CHECK_OK(ay_file_write(at("in/OK/later/20260302090000_B1@R12_1_top.PNG"), b.data, b.len, &err), err);
    CHECK_OK(ay_file_write(at("in/OK/later/still/20260302090001_B1@R12_1_top.png"), b.data, b.len, &err), err);
    CHECK_OK(ay_file_write(at("in/OK/later/still/20260302090000_B1@R12_1_top.jpg"), b.data, b.len, &err), err);
    ay_buf_fini(&b);
    o = asking();
    o.recursive = true;
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
    CHECK(set.n == 6 && set.nmissing == 1 && strstr(set.missing[0].reason, "has the same name"));
    ay_line_set_fini(&set);
    ay_file_remove_tree(bench);
}

TESTS({"what_is_gathered", what_is_gathered}, {"samples_are_by_seed", samples_are_by_seed},
      {"few_pictures_are_all_samples", few_pictures_are_all_samples},
      {"turned_files_are_the_originals_pixels", turned_files_are_the_originals_pixels},
      {"labels_of_orientation", labels_of_orientation}, {"labels_of_both", labels_of_both},
      {"labels_of_components", labels_of_components},
      {"one_board_is_split_by_pictures", one_board_is_split_by_pictures},
      {"copies_stay_together", copies_stay_together}, {"killed_anywhere_it_goes_on", killed_anywhere_it_goes_on},
      {"cancelled_leaves_no_manifest", cancelled_leaves_no_manifest},
      {"refused_memory_leaks_nothing", refused_memory_leaks_nothing}, {"wrong_folders", wrong_folders},
      {"wrong_settings", wrong_settings}, {"a_plant_that_is_down_ends_it", a_plant_that_is_down_ends_it},
      {"folders_below_when_asked_for", folders_below_when_asked_for})
