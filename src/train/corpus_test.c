#include "base/test.h"

#include "base/mem.h"
#include "image/hostile.h"
#include "train/corpus.h"
#include "train/sample.h"

#include <sys/stat.h>

static ay_status open_with(ay_corpus *c, const char *name, const ay_corpus_options *given, ay_err *err)
{
    ay_corpus_options o;

    ay_corpus_defaults(&o);
    o.threads = 2;
    return ay_corpus_open(c, name ? sample_path(name) : sample_dir, given ? given : &o, err);
}

static void opens(ay_corpus *c)
{
    ay_err err;

    CHECK_OK(open_with(c, NULL, NULL, &err), err);
}

/* Opening has to fail with this status and these words, and hold nothing. */
static void refused_in(const char *name, ay_status want, const char *words)
{
    ay_corpus c;
    ay_err err;
    long live = ay_mem_live();
    ay_status st = open_with(&c, name, NULL, &err);

    if (st != want || !strstr(err.msg, words))
        printf("  got %s: %s\n", ay_status_name(st), st ? err.msg : "");
    CHECK(st == want);
    CHECK(strstr(err.msg, words) != NULL);
    CHECK(c.nitems == 0 && c.items == NULL);
    CHECK(ay_mem_live() == live);
}

static void refused(ay_status want, const char *words)
{
    refused_in(NULL, want, words);
}

static void test_one_folder(void)
{
    ay_corpus c;

    sample_begin();
    sample_class("", "bolt", 0, 0, 20);
    sample_class("", "Nut", 1, 0, 10);
    opens(&c);
    CHECK(c.nitems == 30 && c.nclasses == 2 && c.split_here);
    CHECK(strcmp(c.classes[0], "Nut") == 0 && strcmp(c.classes[1], "bolt") == 0); /* byte order */
    CHECK(ay_corpus_count(&c, AY_SPLIT_TRAIN, 1) == 14);
    CHECK(ay_corpus_count(&c, AY_SPLIT_VAL, 1) == 3 && ay_corpus_count(&c, AY_SPLIT_TEST, 1) == 3);
    CHECK(ay_corpus_count(&c, AY_SPLIT_TRAIN, 0) == 6);
    CHECK(c.nskipped == 0 && c.nleaks == 0 && c.nclashes == 0 && c.ngroups == 30);
    for (int i = 1; i < c.nitems; i++)
        CHECK(strcmp(c.items[i - 1].path, c.items[i].path) < 0);
    CHECK(c.items[0].width == 96 && c.items[0].height == 80);
    CHECK(ay_sha256_valid(c.snapshot) && ay_sha256_valid(c.items[0].digest));
    ay_corpus_fini(&c);
}

/* The side of each digest, whatever the path. */
static int side_of(const ay_corpus *c, const char *digest)
{
    for (int i = 0; i < c->nitems; i++)
        if (strcmp(c->items[i].digest, digest) == 0)
            return (int)c->items[i].split;
    return -1;
}

static void test_split_depends_on_contents_and_seed(void)
{
    ay_corpus a, b, d;
    ay_corpus_options o;
    ay_err err;
    int moved = 0;

    sample_begin();
    sample_class("one/", "bolt", 0, 0, 20);
    sample_class("one/", "nut", 1, 0, 20);
    sample_class("two/deep/", "bolt", 0, 0, 20);
    sample_class("two/deep/", "nut", 1, 0, 20);
    CHECK(rename(sample_path("two/deep/bolt/0.png"), sample_path("two/deep/bolt/zz.png")) == 0);
    ay_corpus_defaults(&o);
    CHECK_OK(ay_corpus_open(&a, sample_path("one"), &o, &err), err);
    o.threads = 1;
    CHECK_OK(ay_corpus_open(&b, sample_path("two/deep/"), &o, &err), err);
    CHECK(strcmp(a.snapshot, b.snapshot) == 0);
    for (int i = 0; i < a.nitems; i++)
        CHECK(side_of(&b, a.items[i].digest) == (int)a.items[i].split);
    o.seed = 43;
    CHECK_OK(ay_corpus_open(&d, sample_path("one"), &o, &err), err);
    CHECK(strcmp(a.snapshot, d.snapshot) != 0);
    for (int i = 0; i < a.nitems; i++)
        moved += a.items[i].split != d.items[i].split;
    CHECK(moved > 0);
    for (int s = 0; s < AY_SPLIT_COUNT; s++)
        CHECK(ay_corpus_count(&a, (ay_split)s, 0) == ay_corpus_count(&d, (ay_split)s, 0));
    ay_corpus_fini(&a);
    ay_corpus_fini(&b);
    ay_corpus_fini(&d);
}

static void test_sides_given(void)
{
    ay_corpus c, again;

    sample_begin();
    sample_class("train/", "bolt", 0, 0, 8);
    sample_class("train/", "nut", 1, 0, 8);
    sample_class("valid/", "bolt", 0, 10, 3);
    sample_class("test/", "bolt", 0, 20, 2);
    sample_class("test/", "nut", 1, 20, 1);
    opens(&c);
    CHECK(!c.split_here && ay_corpus_count(&c, AY_SPLIT_TRAIN, -1) == 16);
    CHECK(ay_corpus_count(&c, AY_SPLIT_VAL, 0) == 3 && ay_corpus_count(&c, AY_SPLIT_TEST, -1) == 3);
    CHECK(c.nnotes == 1 && strstr(c.notes[0].text, "\"nut\" has no validation"));
    CHECK(strcmp(c.notes[0].code, "class_no_validation") == 0 && json_array_size(c.notes[0].args) == 1);
    CHECK(rename(sample_path("valid"), sample_path("old")) == 0);
    opens(&again); /* no validation at all: some of train serves */
    CHECK(ay_corpus_count(&again, AY_SPLIT_VAL, 0) == 1 &&
          ay_corpus_count(&again, AY_SPLIT_TRAIN, 0) == 7 &&
          ay_corpus_count(&again, AY_SPLIT_TEST, -1) == 3);
    CHECK(strcmp(again.snapshot, c.snapshot) != 0);
    ay_corpus_fini(&c);
    ay_corpus_fini(&again);
}

static void test_left_out_is_counted(void)
{
    ay_corpus c;
    ay_buf json = {0};
    char half[200];

    sample_begin();
    sample_class("", "bolt", 0, 0, 5);
    sample_class("", "nut", 1, 0, 5);
    sample_write("bolt/empty.jpg", "");
    sample_write("bolt/story.jpg", "once upon a time");
    sample_write("bolt/notes.txt", "not a picture");
    sample_write("bolt/.hidden.png", "x");
    sample_write("nut/Thumbs.db", "x");
    sample_write("read me.txt", "x");
    sample_write("__MACOSX/bolt/x.png", "x");
    FILE *f = fopen(sample_path("nut/0.png"), "rb");
    CHECK(f && fread(half, 1, sizeof half - 1, f) == sizeof half - 1);
    fclose(f);
    f = fopen(sample_path("nut/cut.png"), "wb");
    CHECK(f && fwrite(half, 1, sizeof half - 1, f) == sizeof half - 1 && fclose(f) == 0);
    CHECK(symlink("nowhere", sample_path("nut/gone.png")) == 0);
    CHECK(mkfifo(sample_path("nut/pipe.png"), 0600) == 0);
    CHECK(symlink("..", sample_path("nut/loop")) == 0);
    opens(&c);
    CHECK(c.nitems == 10 && c.nskipped == 4);
    CHECK(strstr(c.skipped[0].path, "bolt/empty.jpg") && strstr(c.skipped[0].reason, "empty"));
    CHECK(strstr(c.skipped[1].path, "bolt/story.jpg"));
    CHECK(strstr(c.skipped[2].path, "nut/cut.png"));
    CHECK(strstr(c.skipped[3].path, "nut/gone.png") && strstr(c.skipped[3].reason, "no such file"));
    CHECK(c.hidden == 2); /* .hidden.png, __MACOSX */
    CHECK(c.other == 5);  /* notes.txt, Thumbs.db, read me.txt, the pipe, the loop */
    ay_corpus_describe(&c, &json);
    CHECK(!json.failed && strstr(json.data, "story.jpg") && strstr(json.data, c.snapshot));
    ay_buf_fini(&json);
    ay_corpus_fini(&c);
}

static void test_wrong_folders(void)
{
    sample_begin();
    refused_in("none", AY_ENOTFOUND, "there is no folder");
    refused(AY_ENOTFOUND, "no folders with pictures");
    sample_class("", "bolt", 0, 0, 3);
    refused(AY_EINVAL, "only the class \"bolt\"");
    CHECK(mkdir(sample_path("nut"), 0755) == 0);
    refused(AY_EINVAL, "class \"nut\" has no picture");
    sample_write("nut/a.jpg", "this is no picture");
    refused(AY_EINVAL, "a.jpg: ");
    sample_class("", "nut", 1, 0, 1);
    refused(AY_EINVAL, "class \"nut\" has one picture");
    sample_class("", "nut", 1, 0, 3);
    sample_class("", "Nut", 1, 5, 3);
    refused(AY_EINVAL, "\"Nut\" and \"nut\" differ only in capital");
    sample_write("file.txt", "x");
    refused_in("file.txt", AY_EINVAL, "neither a folder nor a .csv");
}

static void test_wrong_names_and_sides(void)
{
    sample_begin();
    sample_class("a/val/", "bolt", 0, 0, 2);
    refused_in("a", AY_EINVAL, "no train folder");
    sample_class("a/train/", "bolt", 0, 4, 2);
    sample_class("a/train/", "nut", 1, 4, 2);
    sample_class("a/test/", "cog", 2, 4, 2);
    refused_in("a", AY_EINVAL, "\"cog\" has pictures to validate or test with but none to train");
    sample_class("b/", "bolt", 0, 0, 2);
    sample_class("b/", "n\xff", 1, 0, 2);
    refused_in("b", AY_EINVAL, "not UTF-8");
    sample_class("c/", "bolt", 0, 0, 2);
    sample_class("c/", "n\nx", 1, 0, 2);
    refused_in("c", AY_EINVAL, "control character");
    sample_write("d/bolt/a.png", "x");
    sample_write("d/nut/a.png", "x");
    refused_in("d", AY_ENOTFOUND, "none of the 2 pictures can be read");
}

static void test_folder_not_readable(void)
{
    if (geteuid() == 0 && seteuid(65534) != 0)
        SKIP("cannot stop being root");
    sample_begin();
    sample_class("", "bolt", 0, 0, 2);
    sample_class("", "nut", 1, 0, 2);
    CHECK(chmod(sample_path("nut"), 0) == 0);
    ay_corpus c;
    ay_err err;
    ay_status st = open_with(&c, NULL, NULL, &err);
    chmod(sample_path("nut"), 0755);
    sample_end();
    if (getuid() == 0 && seteuid(0) != 0)
        CHECK(0);
    CHECK(st == AY_EIO && strstr(err.msg, "nut") && strstr(err.msg, "ermission"));
}

/* A copy in every usual way, of picture (kind, index). */
static void save_copies(const char *dir, int kind, int index)
{
    static const uint8_t black[3] = {0};
    ay_image im, other;
    char name[128];

    sample_picture(&im, kind, index, 96, 80);
    snprintf(name, sizeof name, "%s/%d-q.jpg", dir, index);
    sample_save(&im, name, 40);
    CHECK(ay_image_resize(&im, 48, 40, AY_FILTER_BICUBIC, &other, NULL) == AY_OK);
    snprintf(name, sizeof name, "%s/%d-half.png", dir, index);
    sample_save(&other, name, 0);
    ay_image_fini(&other);
    CHECK(ay_image_crop(&im, 3, 2, 90, 77, black, &other, NULL) == AY_OK);
    snprintf(name, sizeof name, "%s/%d-crop.jpg", dir, index);
    sample_save(&other, name, 75);
    ay_image_fini(&other);
    ay_image_fini(&im);
}

static void test_copies_stay_together(void)
{
    ay_corpus c;

    sample_begin();
    sample_class("", "bolt", 0, 0, 16);
    sample_class("", "nut", 1, 0, 16);
    for (int i = 0; i < 16; i += 2)
        save_copies("bolt", 0, i);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        ay_corpus_options o;
        ay_err err;
        ay_corpus_defaults(&o);
        o.seed = seed;
        CHECK_OK(ay_corpus_open(&c, sample_dir, &o, &err), err);
        CHECK(c.nitems == 32 + 24 && c.ngroups == 32);
        for (int i = 0; i < c.nitems; i++)
            for (int j = 0; j < i; j++)
                CHECK(c.items[i].group != c.items[j].group ||
                      c.items[i].split == c.items[j].split);
        /* of 40 bolts 6 are wanted on each side; 8 have no copies and 8 come in fours */
        CHECK(ay_corpus_count(&c, AY_SPLIT_VAL, 0) == 4 &&
              ay_corpus_count(&c, AY_SPLIT_TEST, 0) == 4);
        CHECK(ay_corpus_count(&c, AY_SPLIT_VAL, 1) == 2);
        ay_corpus_fini(&c);
    }
}

static void test_leaks(void)
{
    ay_corpus_options o;
    ay_corpus c;
    ay_err err;

    sample_begin();
    sample_class("train/", "bolt", 0, 0, 6);
    sample_class("train/", "nut", 1, 0, 6);
    sample_class("val/", "bolt", 0, 10, 3);
    sample_class("val/", "nut", 1, 10, 3);
    sample_class("test/", "nut", 1, 5, 2); /* 5 is in train as well */
    save_copies("val/bolt", 0, 2);
    opens(&c);
    CHECK(c.nleaks == 4);
    for (int i = 0; i < c.nleaks; i++) {
        CHECK(c.items[c.leaks[i].a].split != c.items[c.leaks[i].b].split);
        CHECK(c.items[c.leaks[i].a].group == c.items[c.leaks[i].b].group);
    }
    CHECK(c.leaks[0].exact); /* the picture that is the same to the byte */
    CHECK(c.nnotes == 2 && strstr(c.notes[1].text, "4 pairs of copies are on two sides"));
    ay_corpus_fini(&c);

    ay_corpus_defaults(&o);
    o.leaks = AY_LEAKS_REFUSE;
    CHECK(open_with(&c, NULL, &o, &err) == AY_ECONFLICT);
    CHECK(strstr(err.msg, "4 pairs of copies are on two sides"));
    o.leaks = AY_LEAKS_MOVE;
    CHECK_OK(open_with(&c, NULL, &o, &err), err);
    CHECK(c.nleaks == 4 && ay_corpus_count(&c, AY_SPLIT_TRAIN, -1) == 16);
    CHECK(ay_corpus_count(&c, AY_SPLIT_VAL, -1) == 6 && ay_corpus_count(&c, AY_SPLIT_TEST, -1) == 1);
    ay_corpus_fini(&c);
}

static void test_same_picture_two_labels(void)
{
    ay_corpus c;

    sample_begin();
    sample_class("", "bolt", 0, 0, 6);
    sample_class("", "nut", 1, 0, 6);
    sample_class("", "nut", 0, 3, 1); /* overwrites nut/3.png with bolt's */
    opens(&c);
    CHECK(c.nclashes == 1 && c.clashes[0].exact);
    CHECK(c.nnotes == 1 && strstr(c.notes[0].text, "two different labels"));
    CHECK(c.items[c.clashes[0].a].split == c.items[c.clashes[0].b].split);
    ay_corpus_fini(&c);
}

static void test_snapshot_is_what_it_says(void)
{
    ay_corpus a, b;

    sample_begin();
    sample_class("train/", "bolt", 0, 0, 3);
    sample_class("train/", "nut", 1, 0, 3);
    sample_class("val/", "bolt", 0, 5, 2);
    sample_class("val/", "nut", 1, 5, 2);
    opens(&a);
    CHECK(rename(sample_path("train/bolt/0.png"), sample_path("train/bolt/new name.png")) == 0);
    opens(&b);
    CHECK(strcmp(a.snapshot, b.snapshot) == 0); /* names are not in it */
    ay_corpus_fini(&b);
    CHECK(rename(sample_path("train/bolt/new name.png"), sample_path("val/bolt/x.png")) == 0);
    opens(&b);
    CHECK(strcmp(a.snapshot, b.snapshot) != 0); /* sides are */
    ay_corpus_fini(&b);
    CHECK(rename(sample_path("val/bolt/x.png"), sample_path("train/nut/x.png")) == 0);
    opens(&b);
    CHECK(strcmp(a.snapshot, b.snapshot) != 0); /* labels are */
    ay_corpus_fini(&b);
    ay_corpus_fini(&a);
}

static void test_manifest(void)
{
    ay_corpus c, folder;
    ay_err err;

    sample_begin();
    sample_class("pics/", "bolt", 0, 0, 3);
    sample_class("pics/", "nut, big", 1, 0, 3);
    sample_write("m.csv", "\xef\xbb\xbfPath,Label,Split\r\n"
                          "pics/bolt/0.png,bolt,train\r\n"
                          "# a remark, with commas\n"
                          "pics/bolt/1.png,bolt,train\r\n"
                          "\n"
                          "\"pics/nut, big/0.png\",\"nut, \"\"big\"\"\",train\n"
                          "\"pics/nut, big/1.png\",\"nut, \"\"big\"\"\",Validation\n"
                          "pics/bolt/2.png , bolt , VAL\n"
                          "pics/bolt/9.png,bolt,test");
    CHECK_OK(open_with(&c, "m.csv", NULL, &err), err);
    CHECK(c.nitems == 5 && c.nclasses == 2 && strcmp(c.classes[1], "nut, \"big\"") == 0);
    CHECK(ay_corpus_count(&c, AY_SPLIT_TRAIN, -1) == 3 && ay_corpus_count(&c, AY_SPLIT_VAL, -1) == 2);
    CHECK(c.nskipped == 1 && strstr(c.skipped[0].reason, "no such file"));
    ay_corpus_fini(&c);

    /* Other columns, other order, semicolons, no split: as the folder. */
    sample_write("m.csv", "label;weight;file\n"
                          "bolt;1;pics/bolt/0.png\nbolt;1;pics/bolt/1.png\nbolt;1;pics/bolt/2.png\n"
                          "nut, big;1;pics/nut, big/0.png\nnut, big;1;pics/nut, big/1.png\n"
                          "nut, big;1;pics/nut, big/2.png\n");
    CHECK_OK(open_with(&c, "m.csv", NULL, &err), err);
    CHECK_OK(open_with(&folder, "pics", NULL, &err), err);
    CHECK(strcmp(c.snapshot, folder.snapshot) == 0);
    ay_corpus_fini(&c);
    ay_corpus_fini(&folder);
}

static void wrong_manifest(const char *text, const char *words)
{
    sample_write("m.csv", text);
    refused_in("m.csv", AY_EINVAL, words);
}

static void test_wrong_manifests(void)
{
    sample_begin();
    sample_class("", "bolt", 0, 0, 3);
    wrong_manifest("", "is empty");
    wrong_manifest("bolt/0.png\n", "line 1: a path and a label are needed");
    wrong_manifest("path,label\nbolt/0.png,bolt\nbolt/1.png\n", "line 3: a path and a label");
    wrong_manifest("bolt/0.png,bolt,train\n\nbolt/1.png,nut,training\n",
                   "line 3: split \"training\" is not train, val or test");
    wrong_manifest("bolt/0.png,bolt,train\nbolt/1.png,nut\n", "line 2: some lines have a split");
    wrong_manifest("\"bolt/0.png,bolt\n", "line 1: a quotation mark is not closed");
    wrong_manifest("\"bolt/0.png\"x,bolt\n", "line 1: something follows a closing");
    wrong_manifest("bolt/0.png,\n", "line 1: a class name has 1 to 120 bytes");
    wrong_manifest(",bolt\n", "line 1: the path is empty");
    wrong_manifest("bolt/0.png,b\xff\n", "line 1: the class name is not UTF-8");
    wrong_manifest("bolt/0.png,bolt\nbolt/0.png,nut\nbolt/1.png,nut\n", "is listed as \"bolt\" and");
    wrong_manifest("bolt/0.png,bolt\nbolt/1.png,Bolt\n", "differ only in capital");
    wrong_manifest("bolt/0.png,bolt\nbolt/1.png,bolt\nno.png,nut\nno2.png,nut\n",
                   "class \"nut\" has no picture");
    wrong_manifest("bolt/0.png,bolt,train\nbolt/0.png,bolt,val\nbolt/1.png,nut,train\n",
                   "on two sides");
    sample_write("m.csv", "path,label\n");
    refused_in("m.csv", AY_ENOTFOUND, "no ");
}

static void count_calls(void *ctx, size_t done, size_t total)
{
    size_t *seen = ctx;

    CHECK(done > seen[0] && done <= total);
    seen[0] = done;
}

static void test_progress_and_cancel(void)
{
    size_t seen = 0;
    atomic_bool cancel = false;
    ay_corpus_options o;
    ay_corpus c;
    ay_err err;

    sample_begin();
    sample_class("", "bolt", 0, 0, 30);
    sample_class("", "nut", 1, 0, 30);
    ay_corpus_defaults(&o);
    o.threads = 1;
    o.progress = count_calls;
    o.ctx = &seen;
    o.cancel = &cancel;
    CHECK_OK(ay_corpus_open(&c, sample_dir, &o, &err), err);
    CHECK(seen == 60);
    ay_corpus_fini(&c);
    atomic_store(&cancel, true);
    CHECK(ay_corpus_open(&c, sample_dir, &o, &err) == AY_ECANCELLED && c.items == NULL);
}

static void test_refused_memory(void)
{
    ay_corpus_options o;
    ay_err err;
    int refused_at = 0;
    long live = ay_mem_live();

    sample_begin();
    sample_class("", "bolt", 0, 0, 3);
    sample_class("", "nut", 1, 0, 3);
    sample_class("", "nut", 0, 2, 1);
    ay_corpus_defaults(&o);
    o.threads = 1;
    for (long k = 0; k < 2000; k += k < 120 ? 1 : 7) {
        ay_corpus c;
        ay_mem_fail_after(k);
        ay_status st = ay_corpus_open(&c, sample_dir, &o, &err);
        ay_mem_fail_after(-1);
        refused_at += st != AY_OK;
        CHECK(st == AY_OK || st == AY_ENOMEM);
        ay_corpus_fini(&c);
        CHECK(ay_mem_live() == live);
    }
    CHECK(refused_at > 50);
}

static void test_class_weights(void)
{
    ay_corpus c;
    float w[2];

    sample_begin();
    sample_class("train/", "bolt", 0, 0, 9);
    sample_class("train/", "nut", 1, 0, 3);
    sample_class("val/", "bolt", 0, 20, 1);
    sample_class("val/", "nut", 1, 20, 1);
    opens(&c);
    ay_corpus_class_weights(&c, w);
    CHECK(fabsf(w[0] - 12.f / 18) < 1e-6f && fabsf(w[1] - 2) < 1e-6f);
    ay_corpus_fini(&c);
}

static ay_status count_one(void *ctx, const char *path, ay_err *err)
{
    (void)path;
    (void)err;
    ++*(int *)ctx;
    return AY_OK;
}

/* Every odd and broken file there is ends as a picture, as skipped with a reason, or as counted. */
static void test_hostile(void)
{
    ay_corpus c;
    char here[2048];
    int files = 0;
    ay_err err;

    hostile_unpack();
    CHECK(getcwd(here, sizeof here - 64) != NULL);
    strcat(here, "/" HOSTILE_ROOT);
    sample_begin();
    sample_class("", "fine", 0, 0, 5);
    CHECK(symlink(here, sample_path("odd")) == 0); /* a class may be a link to a folder */
    CHECK_OK(ay_file_walk(here, count_one, &files, &err), err);
    opens(&c);
    CHECK(files > 3000 && c.nitems + c.nskipped + c.other == files + 5);
    CHECK(c.nskipped > 1000 && c.nitems > 400);
    for (int i = 0; i < c.nskipped; i++)
        CHECK(c.skipped[i].reason[0] != '\0' && !strchr(c.skipped[i].reason, '\n'));
    ay_corpus_fini(&c);
}

/* Real pictures: whatever is found alike stays together, and every class is on every side. */
static void test_ewaste(void)
{
    ay_corpus_options o;
    ay_corpus c;
    ay_err err;
    int copies = 0;

    ay_corpus_defaults(&o);
    CHECK_OK(ay_corpus_open(&c, test_shared("ewaste"), &o, &err), err);
    CHECK(c.nclasses == 8 && c.nitems + c.nskipped == 480);
    for (int i = 0; i < c.nitems; i++)
        for (int j = 0; j < i; j++)
            if (c.items[i].group == c.items[j].group) {
                CHECK(c.items[i].split == c.items[j].split);
                copies++;
            }
    for (int s = 0; s < AY_SPLIT_COUNT; s++)
        for (int k = 0; k < 8; k++)
            CHECK(ay_corpus_count(&c, (ay_split)s, k) >= 5);
    CHECK(copies >= 4 && c.ngroups > 400); /* the set holds copies, but few */
    ay_corpus_fini(&c);
}

TESTS({"one folder, split here", test_one_folder},
      {"split depends on contents and seed only", test_split_depends_on_contents_and_seed},
      {"train, val and test as given", test_sides_given},
      {"what is left out is named and counted", test_left_out_is_counted},
      {"wrong folders", test_wrong_folders}, {"wrong names and sides", test_wrong_names_and_sides},
      {"folder not readable", test_folder_not_readable},
      {"copies stay on one side", test_copies_stay_together}, {"leaks between given sides", test_leaks},
      {"one picture under two labels", test_same_picture_two_labels},
      {"snapshot", test_snapshot_is_what_it_says}, {"manifest", test_manifest},
      {"wrong manifests", test_wrong_manifests}, {"progress and cancel", test_progress_and_cancel},
      {"refused memory", test_refused_memory}, {"class weights", test_class_weights},
      {"hostile files", test_hostile}, {"e-waste", test_ewaste})
