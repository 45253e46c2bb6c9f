/* Faults of the system before, by the numbers under which its description lists them: none comes back. */
#include "inspect/boards_test.h"

#include <jansson.h>
#include <math.h>

/* Mean and deviation were of pictures that had been normalised already, and the deviation was a mean of deviations: what
 * is stored now is that of all raw pixels together. */
static void bug_37_mean_and_deviation_are_of_raw_pixels_pooled(void)
{
    ay_line_set set;
    double sum[3] = {0}, squares[3] = {0}, n = 0;
    json_t *doc;

    boards(4, 1, 1 | 32);
    arrange(&set, NULL); /* 32 pixels: as they are */
    for (int i = 0; i < set.n; i++) {
        ay_image im;
        if (!set.originals[i].ok || set.originals[i].split != AY_SPLIT_TRAIN)
            continue;
        CHECK_OK(ay_image_load(at("tree/%s", set.originals[i].path), NULL, &im, &err), err);
        for (int k = 0; k < 32 * 32; k++, n++)
            for (int c = 0; c < 3; c++) {
                double v = im.data[3 * k + c] / 255.0;
                sum[c] += v;
                squares[c] += v * v;
            }
        ay_image_fini(&im);
    }
    doc = json_load_file(at("tree/dataset/mean_std.json"), 0, NULL);
    CHECK(doc && json_integer_value(json_object_get(doc, "version")) == 2);
    for (size_t c = 0; c < 3; c++) {
        double mean = sum[c] / n, std = sqrt(squares[c] / n - mean * mean);
        CHECK(fabs(json_number_value(json_array_get(json_object_get(doc, "mean"), c)) - mean) < 1e-8);
        CHECK(fabs(json_number_value(json_array_get(json_object_get(doc, "std"), c)) - std) < 1e-8);
        CHECK(fabs(set.mean[c] - mean) < 1e-8 && mean > 0.05 && std > 0.05); /* raw: not around 0 and 1 */
    }
    json_decref(doc);
    ay_line_set_fini(&set);
}

/* Turned pictures were turned again while folders were filled: each original comes once in each orientation now, and its
 * pixels are those of the original. */
static void bug_39_each_original_once_in_each_orientation(void)
{
    static const char *const folders[] = {"oriented_data/Up", "oriented_data/Right", "oriented_data/Down",
                                          "oriented_data/Left"};
    ay_line_set set;
    ay_line_items items;
    int ok = 0;

    boards(3, 2, 0);
    arrange(&set, NULL);
    for (int i = 0; i < set.n; i++)
        ok += set.originals[i].ok;
    CHECK(ok == 3 * 16);
    for (int o = 0; o < 4; o++)
        CHECK(files_in(folders[o]) == ok);
    CHECK_OK(ay_line_items_make(&set, at("tree"), &items, &err), err);
    for (int i = 0; i < set.n && set.originals[i].ok; i++) {
        bool seen[4] = {0};
        for (size_t k = 0; k < items.n; k++)
            if (items.items[k].original == i) {
                CHECK(!seen[items.items[k].orientation]);
                seen[items.items[k].orientation] = true;
            }
        CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
    }
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
}

/* The four turns of a photo were split one by one.  They, copies of the file, and all of a board are on one side. */
static void bug_40_turns_and_boards_are_on_one_side(void)
{
    ay_line_set set;
    ay_line_items items;
    int val = 0;

    boards(10, 2, 1 | 2 | 4);
    arrange(&set, NULL);
    CHECK_OK(ay_line_items_make(&set, at("tree"), &items, &err), err);
    for (size_t a = 0; a < items.n; a++)
        for (size_t b = 0; b < a; b++) {
            const ay_line_original *x = &set.originals[items.items[a].original],
                                   *y = &set.originals[items.items[b].original];
            if (x == y || strcmp(x->board, y->board) == 0 || items.items[a].group == items.items[b].group)
                CHECK(items.items[a].split == items.items[b].split);
        }
    for (size_t a = 0; a < items.n; a++)
        val += items.items[a].split == AY_SPLIT_VAL && items.items[a].ok;
    CHECK(val == 2 * 3 * 2 * 4); /* two of ten boards, three components, two lights, four turns */
    ay_line_items_fini(&items);
    ay_line_set_fini(&set);
}

/* The API split with a tenth whatever the settings said. */
static void bug_42_test_split_is_honoured(void)
{
    static const double share[] = {0.1, 0.2, 0.3, 0.5};

    boards(20, 0, 1 | 2);
    for (int k = 0; k < 4; k++) {
        ay_line_arrange_options o = {.test_share = share[k], .threads = 2, .image_size = 32};
        ay_line_set set;
        int val = 0;
        arrange(&set, &o);
        for (int i = 0; i < set.n; i++)
            val += set.originals[i].split == AY_SPLIT_VAL;
        CHECK(val == (int)(share[k] * 20 + 0.5) * 4);
        CHECK(set.test_share == share[k]);
        ay_line_set_fini(&set);
    }
}

static void refuse(const char *choices, const char *words)
{
    if (ay_line_choose(at("tree"), choices, strlen(choices), &err) != AY_EINVAL || !strstr(err.msg, words))
        printf("  \"%s\" lacks \"%s\"\n", err.msg, words);
    CHECK(ay_line_choose(at("tree"), choices, strlen(choices), &err) == AY_EINVAL && strstr(err.msg, words));
    CHECK(!ay_file_exists(at("tree/orientations.json")));
}

/* Choices were not looked at, and classes without one were lost without a word. */
static void bug_45_choices_are_complete_and_valid(void)
{
    ay_line_arrange_options o = {.threads = 2, .image_size = 32};
    ay_line_set set, again;
    char text[4096];

    boards(2, 1, 1 | 8);
    gather(&set);
    CHECK(set.nclasses == 4);
    CHECK(ay_line_arrange(at("tree"), &o, NULL, &again, &err) == AY_ECONFLICT && strstr(err.msg, "nobody has said"));
    refuse("{\"HX26_R12_side\": \"Up\", \"HX26_U6_1_top\": \"Left\"}", "2 of 4 classes have none: HX26_R12_top, HX26_U6_1_side");
    refuse("{\"HX26_R12_side\": \"up\"}", "HX26_R12_side must be \"Up\"");
    refuse("{\"HX26_R12_side\": 1}", "HX26_R12_side must be");
    refuse("{\"HX26_R12\": \"Up\"}", "there is no class HX26_R12");
    refuse("{\"HX26_R12_side\": \"Up\", \"HX26_R12_side\": \"Down\"}", "duplicate");
    refuse("[\"Up\"]", "JSON object");
    refuse("{\"HX26", "JSON object");
    refuse("", "JSON object");
    snprintf(text, sizeof text, "%s", truth(&set));
    ay_line_set_fini(&set);
    CHECK_OK(ay_line_choose(at("tree"), text, strlen(text), &err), err);
    CHECK_OK(ay_line_arrange(at("tree"), &o, NULL, &again, &err), err);
    CHECK(again.classes[0].orientation == AY_LINE_UP);
    ay_line_set_fini(&again);
    /* one changes one's mind: the first class is Left now */
    char *up = strstr(text, "\"Up\""), other[4096];
    snprintf(other, sizeof other, "%.*s\"Left\"%s", (int)(up - text), text, up + 4);
    CHECK_OK(ay_line_choose(at("tree"), other, strlen(other), &err), err);
    CHECK_OK(ay_line_arrange(at("tree"), &o, NULL, &again, &err), err);
    CHECK(again.classes[0].orientation == AY_LINE_LEFT);
    ay_line_set_fini(&again);
    CHECK_OK(ay_line_begin(at("tree"), &err), err);
    CHECK(ay_line_choose(at("tree"), text, strlen(text), &err) == AY_ECONFLICT && strstr(err.msg, "training has begun"));
    CHECK_OK(ay_line_arrange(at("tree"), &o, NULL, &again, &err), err); /* as it is: fine */
    ay_line_set_fini(&again);
    o.test_share = 0.5;
    CHECK(ay_line_arrange(at("tree"), &o, NULL, &again, &err) == AY_ECONFLICT);
}

static const char *evil;
static ay_status evil_product(void *ctx, const ay_line_name *names, size_t n, const char **out, ay_err *e)
{
    product_of(ctx, names, n, out, e);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i].part[AY_LINE_COMPONENT], "D5") == 0)
            out[i] = evil;
    return AY_OK;
}

/* Names from a database and from files became paths unseen. */
static void bug_46_no_name_leads_out_of_the_tree(void)
{
    static const char *const names[] = {"../../etc", "/etc", "a/b", "..", ".ssh", "a\\b", ""};

    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        ay_line_gather_options o;
        ay_line_set set;
        boards(2, 0, 1 | 2);
        write_text(at("in/OK/20260302080000_X@.._1_top.jpg"), "x");
        CHECK(symlink("/etc/hostname", at("in/OK/20260302080000_X@R12_1_top.jpg")) == 0);
        evil = names[k];
        o = asking();
        o.product = evil_product;
        CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
        CHECK(set.nclasses == 2 && set.n == 4); /* R12 in two lights; nothing of D5 */
        CHECK(set.misses[AY_LINE_MISS_PRODUCT] == 4 && set.misses[AY_LINE_MISS_NAME] == 2);
        CHECK(files_in("raw_data") == 4);
        ay_line_set_fini(&set);
    }
}

static ay_status joined_product(void *ctx, const ay_line_name *names, size_t n, const char **out, ay_err *e)
{
    (void)ctx, (void)e;
    for (size_t i = 0; i < n; i++)
        out[i] = strcmp(names[i].part[AY_LINE_COMPONENT], "1") == 0 ? "A_U6" : "A";
    return AY_OK;
}

/* Folders' names were split at "_" to learn product, component and light.  They are fields, and two classes whose
 * names would be equal stay two. */
static void bug_48_fields_are_not_split_at_underscores(void)
{
    ay_line_gather_options o;
    ay_line_set set, again;

    boards(2, 1, 8); /* U6_1 */
    for (int b = 0; b < 2; b++) { /* product A_U6, component 1: the same name */
        static const char *const light[] = {"side", "top"};
        ay_smt_shot shot = {.place = 3, .board = (uint32_t)b};
        char name[128], path[1024];
        ay_buf bytes = {0};
        for (int l = 0; l < 2; l++) {
            shot.light = (ay_smt_light)l;
            ay_smt_name(&shot, name);
            snprintf(path, sizeof path, "%s", at("in/OK/%s", name));
            bytes.len = 0;
            CHECK_OK(ay_file_read(path, 0, &bytes, &err), err);
            CHECK_OK(ay_file_write(at("in/OK/20260303080000_Z%d@1_12_%s.jpg", b, light[l]), bytes.data, bytes.len, &err),
                     err);
        }
        ay_buf_fini(&bytes);
    }
    o = asking();
    o.product = joined_product;
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
    CHECK(set.nclasses == 4 && set.n == 10);
    CHECK(strcmp(set.classes[0].name, "A_U6_1_side") == 0 && strcmp(set.classes[2].name, "A_U6_1_side~2") == 0);
    CHECK(strcmp(set.classes[0].product, "A") == 0 && strcmp(set.classes[0].component, "U6_1") == 0);
    CHECK(strcmp(set.classes[2].product, "A_U6") == 0 && strcmp(set.classes[2].component, "1") == 0);
    CHECK(set.classes[0].ok == 2 && set.classes[2].ok == 2 && set.classes[0].ng == 1 && set.classes[2].ng == 0);
    CHECK(files_in("raw_data/A_U6_1_side") == 2 && files_in("raw_data/A_U6_1_side~2") == 2);
    CHECK_OK(ay_line_set_read(at("tree"), &again, &err), err);
    for (int i = 0; i < set.n; i++)
        CHECK(again.originals[i].class == set.originals[i].class);
    ay_line_set_fini(&again);
    ay_line_set_fini(&set);
}

/* A class of one picture made an empty folder in val, over which the loader fell. */
static void bug_51_no_class_folder_is_empty(void)
{
    static const char *const labels[] = {"HX26_R12_side", "HX26_R12_top", "HX26_D5_side", "HX26_D5_top"};
    ay_smt_shot shot = {.place = 1, .light = AY_SMT_TOP};
    ay_line_set set;
    char name[128];
    int folders = 0;

    boards(3, 0, 1 | 2);
    for (uint32_t b = 1; b < 3; b++) { /* D5 from above keeps one picture */
        shot.board = b;
        ay_smt_name(&shot, name);
        CHECK(unlink(at("in/OK/%s", name)) == 0);
    }
    arrange(&set, NULL);
    for (int k = 0; k < 4; k++)
        for (int v = 0; v < 2; v++)
            for (int o = 0; o < 4; o++) {
                const char *folder = at("tree/dataset/%s/%s/%s", v ? "val" : "train", labels[k],
                                        ay_line_orientation_name(o));
                int n = 0;
                if (!ay_file_is_dir(folder))
                    continue;
                CHECK_OK(ay_file_walk(folder, count_one, &n, &err), err);
                CHECK(n > 0);
                folders++;
            }
    CHECK(folders == 4 * 4 + 3 * 4); /* all train; in val all but D5 from above */
    CHECK(!ay_file_is_dir(at("tree/dataset/val/HX26_D5_top")));
    CHECK(files_in("dataset") == 4 * set.n + 1);
    ay_line_set_fini(&set);
}

static const char *plants_reason(void *ctx, size_t i)
{
    (void)ctx, (void)i;
    return "two rows, and they name different products";
}

/* A picture that the database did not know was left out with a line in a log. */
static void bug_57_every_picture_left_out_is_named(void)
{
    ay_line_gather_options o;
    ay_line_set set;
    ay_buf csv = {0};

    boards(2, 1, 1);
    write_text(at("in/OK/holiday.jpg"), "x");
    write_text(at("in/OK/20260302080000_B@X99_1_top.jpg"), "x");
    write_text(at("in/OK/20260302080000_B@R12_1_top.jpg"), "no picture");
    write_text(at("in/OK/20260302080001_B@R12_1_top.jpg"), "");
    write_text(at("in/NG/badly named.jpg"), "no picture, too");
    write_text(at("in/OK/Thumbs.db"), "x");
    CHECK(mkdir(at("in/OK/more"), 0755) == 0);
    o = asking();
    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, &set, &err), err);
    CHECK(set.n == 6 && set.nmissing == 7);
    CHECK(set.misses[AY_LINE_MISS_NAME] == 3 && set.misses[AY_LINE_MISS_PRODUCT] == 1 &&
          set.misses[AY_LINE_MISS_PICTURE] == 3);
    for (int i = 0; i < set.nmissing; i++)
        CHECK(*set.missing[i].file && *set.missing[i].reason && !set.missing[i].kept);
    CHECK_OK(ay_file_read(at("tree/missing.csv"), 0, &csv, &err), err);
    CHECK(strstr(csv.data, "\"OK/holiday.jpg\",name,no,\""));
    CHECK(strstr(csv.data, "\"OK/20260302080000_B@X99_1_top.jpg\",product,no,\"the plant's database knows no product"));
    CHECK(strstr(csv.data, "\"OK/20260302080000_B@R12_1_top.jpg\",picture,no,"));
    CHECK(strstr(csv.data, "\"NG/badly named.jpg\",picture,no,"));
    CHECK(strstr(csv.data, "\"OK/more\",name,no,\"it is a folder"));
    ay_buf_fini(&csv);
    ay_line_set_fini(&set);
    o.product_reason = plants_reason; /* the plant's own words */
    CHECK_OK(ay_line_gather(at("tree2"), &o, NULL, &set, &err), err);
    for (int i = 0; i < set.nmissing; i++)
        CHECK((set.missing[i].kind == AY_LINE_MISS_PRODUCT) == (strstr(set.missing[i].reason, "two rows") != NULL));
    ay_line_set_fini(&set);
    ay_file_remove_tree(bench);
}

TESTS({"bug_37_mean_and_deviation_are_of_raw_pixels_pooled", bug_37_mean_and_deviation_are_of_raw_pixels_pooled},
      {"bug_39_each_original_once_in_each_orientation", bug_39_each_original_once_in_each_orientation},
      {"bug_40_turns_and_boards_are_on_one_side", bug_40_turns_and_boards_are_on_one_side},
      {"bug_42_test_split_is_honoured", bug_42_test_split_is_honoured},
      {"bug_45_choices_are_complete_and_valid", bug_45_choices_are_complete_and_valid},
      {"bug_46_no_name_leads_out_of_the_tree", bug_46_no_name_leads_out_of_the_tree},
      {"bug_48_fields_are_not_split_at_underscores", bug_48_fields_are_not_split_at_underscores},
      {"bug_51_no_class_folder_is_empty", bug_51_no_class_folder_is_empty},
      {"bug_57_every_picture_left_out_is_named", bug_57_every_picture_left_out_is_named})
