/* service/export/export_test.c - what goes out comes back in, byte for byte, whatever the names; what is hostile stays outside. */
#include "service/fake_test.h"

#include "base/file.h"
#include "pack/pack.h"
#include "service/export/bring.h"
#include "service/export/export.h"
#include "service/export/names.h"
#include "service/library/change.h"
#include "service/library/intake.h"
#include "service/library/library.h"
#include "service/library/tags.h"

#include <dirent.h>
#include <sys/stat.h>

static ay_err err;
static const char *const formats[] = {"folder", "coco", "csv", "jsonl", "croissant"};

static ay_service *open_at(const char *dir, fake_encoder *f)
{
    ay_service *s = NULL;

    fake_init(f, 'a');
    CHECK_OK(ay_service_open(&s, &(ay_service_options){.data = dir, .embedder = fake_embedder(f)}, &err), err);
    return s;
}

static void add(ay_service *s, const char *klass, const char *file, uint64_t seed, char sha256[AY_SHA256_HEX])
{
    ay_buf b = {0};
    ay_intake_file in = {.file = file};
    ay_intake_taken taken;
    int64_t batch = 0;

    fake_picture(&b, (uint32_t)(seed * 2654435761u), seed);
    in.bytes = b.data;
    in.n = b.len;
    CHECK_OK(ay_intake_add(s, &(ay_intake_target){NULL, klass, true}, "t", &in, 1, &taken, &batch, &err), err);
    CHECK(taken.status == AY_OK);
    memcpy(sha256, taken.sha256, AY_SHA256_HEX);
    ay_buf_fini(&b);
}

static void change(ay_service *s, const char *const *sha256, size_t n, const char *tag, const char *album)
{
    ay_change_of_pictures what = {.nadd = tag ? 1 : 0, .add = {tag}, .album_add = album};
    ay_arena a;
    ay_changed done;
    const char *library;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_library(s, &a, &library, NULL, &err), err);
    CHECK_OK(ay_change_pictures(s, &(ay_which){.dataset = library, .sha256 = sha256, .n = n}, &what, &a, &done, &err), err);
    ay_arena_fini(&a);
}

/* Names that hurt somewhere: in a path, a table, JSON, a shell, a spreadsheet. */
static const char *const odd[] = {
    "plain.png", "Plain.PNG", "caf\xc3\xa9.png", "\xe5\xb7\xa5\xe5\x85\xb7 box.png", "100% & more.png", "=cmd|' /C calc'!A0", "+1.png", "-rf", "@home.png",
    "'quoted'.png", "\"double\", comma.png", "semi;colon.png", "two  blanks .png", ".hidden.png", "..", "con.png", "no ending", "wrong.jpg",
    "a\\b.png", "tab\there.png", "line\nbreak.png", "", "x.png", "x.png", "x.png", "%2F.png", "\xf0\x9f\xa6\x8a.png", "nul", "a|b<c>d?e*f.png", "$(rm).png",
};
enum { ODD = sizeof odd / sizeof *odd };
static const char *const classes[] = {NULL, "plain", "Plain", "a/b", "12", "=SUM(A1)", "-x", "\xe7\xb1\xbb", "100%", "un\"quoted\", 'class'", "unsorted", "con", ".dot"};
enum { CLASSES = sizeof classes / sizeof *classes };

static void fill(ay_service *s, int n)
{
    char (*sha)[AY_SHA256_HEX] = ay_calloc((size_t)n, sizeof *sha);
    const char **list = ay_calloc((size_t)n, sizeof *list);
    size_t m = 0;

    for (int i = 0; i < n; i++)
        add(s, classes[i % CLASSES], odd[i % ODD], (uint64_t)i + 1, sha[i]);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK(ay_intake_wait(s, 120000));
    for (int i = n - 1; i >= 0; i -= 3)
        list[m++] = sha[i];
    change(s, list, m, "blue", "Best of \"all\", 2026");
    change(s, list + m / 2, m - m / 2, "=cmd", "12");
    change(s, list, m / 3, "\xe6\xa0\x87 old", NULL);
    change(s, list + 1, 2, "'tick", "inner  blanks x");
    ay_free(list);
    ay_free(sha);
}

static void write_out(ay_service *s, const char *format, const char *path, ay_export_result *r)
{
    ay_export *x;

    CHECK_OK(ay_export_open(&x, s, &(ay_export_wish){.format = format}, &err), err);
    CHECK_OK(ay_export_write(x, &(ay_export_to){.path = path}, r, &err), err);
    ay_export_close(x);
}

static void bring_in(ay_service *s, const char *path, ay_bring_state *now)
{
    int64_t batch = 0;
    ay_bring *b;

    CHECK_OK(ay_bring_open(&b, s, &(ay_bring_wish){.path = path}, &err), err);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK_OK(ay_bring_queue(b, NULL, NULL, &batch, &err), err);
    CHECK(ay_intake_wait(s, 120000));
    CHECK_OK(ay_bring_finish(b, &err), err);
    *now = ay_bring_now(b);
    for (size_t i = 0; i < now->nproblems; i++)
        printf("  %s\n", now->problems[i]);
    CHECK(now->nproblems == 0);
    ay_bring_close(b);
}

static void same_file(const char *a, const char *b)
{
    char x[AY_SHA256_HEX], y[AY_SHA256_HEX];

    CHECK_OK(ay_sha256_file(a, x, &err), err);
    CHECK_OK(ay_sha256_file(b, y, &err), err);
    CHECK(strcmp(x, y) == 0);
}

static void goes_there_and_back(int n)
{
    const char *from = fake_folder(), *files = fake_folder();
    fake_encoder f, g;
    ay_service *s = open_at(from, &f);

    fill(s, n);
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        const char *to = fake_folder();
        char first[256], second[256];
        ay_service *t = open_at(to, &g);
        ay_export_result r;
        ay_bring_state now;
        snprintf(first, sizeof first, "%s/%s-1.tar", files, formats[k]);
        snprintf(second, sizeof second, "%s/%s-2.tar", files, formats[k]);
        write_out(s, formats[k], first, &r);
        CHECK(r.pictures == n && r.left_out == 0);
        bring_in(t, first, &now);
        CHECK(now.pictures == n && now.queued == n && now.tags == 4 && now.albums == 3 && now.passed == 0);
        write_out(t, formats[k], second, &r);
        same_file(first, second);
        bring_in(t, first, &now); /* again changes nothing */
        CHECK(now.queued == 0 && now.same == n && now.tagged == 0 && now.put == 0);
        write_out(t, formats[k], second, &r);
        same_file(first, second);
        ay_service_close(t);
        fake_folder_gone(to);
    }
    ay_service_close(s);
    fake_folder_gone(from), fake_folder_gone(files);
}

static void every_format_comes_back_byte_for_byte(void)
{
    goes_there_and_back(90);
}

static void a_thousand_with_odd_names_come_back(void)
{
    goes_there_and_back(1000);
}

/* ---- names */

static void names_are_safe_and_come_back(void)
{
    static const struct {
        const char *name, *safe;
    } list[] = {{"a/b", "a%2Fb"}, {"..", "%2E%2E"}, {".x", "%2Ex"}, {"-x", "%2Dx"}, {"a:b*c", "a%3Ab%2Ac"}, {"100%", "100%25"}, {"nul", "%6Eul"},
                {"com1.png", "%63om1.png"}, {" a ", "%20a%20"}, {"caf\xc3\xa9", "caf\xc3\xa9"}, {"a\xff", "a%FF"}, {"a\nb", "a%0Ab"}, {"a.", "a%2E"}};
    char safe[AY_EXPORT_PART + 1], back[AY_EXPORT_PART + 1], longest[400];

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        ay_export_safe(safe, list[i].name, true);
        CHECK(strcmp(safe, list[i].safe) == 0);
        CHECK(ay_pack_name_good(safe));
        ay_export_unsafe(back, sizeof back, safe);
        CHECK(strcmp(back, list[i].name) == 0);
    }
    for (int i = 0; i < 399; i++)
        longest[i] = (char)(i % 3 == 0 ? 0xe7 : i % 3 == 1 ? 0xb1 : 0xbb);
    longest[399] = '\0';
    ay_export_safe(safe, longest, true);
    CHECK(strlen(safe) <= AY_EXPORT_PART && strlen(safe) % 3 == 0);
}

static void times_come_back(void)
{
    static const int64_t list[] = {1, 1000000, 1763800000123456, 1763800000000000, 1763800000100000};
    char text[48];
    int64_t us;

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        ay_export_time(text, sizeof text, list[i]);
        CHECK(ay_export_read_time(text, &us) && us == list[i]);
    }
    CHECK(ay_export_read_time("2026-01-31", &us) && us == 1769817600000000);
    CHECK(!ay_export_read_time("yesterday", &us) && !ay_export_read_time("2026-01-31T12:00:00+02:00", &us) && !ay_export_read_time("", &us));
}

/* ---- readers */

static void read_text(ay_catalog *c, ay_status (*read)(ay_catalog *, char *, size_t, ay_err *), const char *text, ay_status want)
{
    char *copy = ay_strdup(text);

    ay_catalog_init(c, "list");
    CHECK(read(c, copy, strlen(copy), &err) == want);
    ay_free(copy);
}

static void bad_rows_are_named_and_the_others_come(void)
{
    ay_catalog c;

    read_text(&c, ay_catalog_read_csv, "\xef\xbb\xbf" "Path;label;tags;extra\r\na.png;x;\" b , c\";1\r\n/etc/passwd;x;;\r\n../up.png;x;;\r\nb.png;x\r\n\r\n\"c\nd.png\";y;;2\r\n"
                                               "e.png;'=x;'=f;3\ng.png;\"y;;3", AY_OK);
    CHECK(c.n == 2 && c.nproblems == 5);
    CHECK(strcmp(c.records[0].file, "a.png") == 0 && c.records[0].ntags == 2 && strcmp(c.records[0].tags[1], "c") == 0);
    CHECK(strcmp(c.records[1].klass, "=x") == 0 && strcmp(c.records[1].tags[0], "=f") == 0 && c.records[1].at == 9);
    CHECK(strstr(c.problems[0], "line 3") && strstr(c.problems[1], "line 4") && strstr(c.problems[2], "line 5: it has 2 cells"));
    CHECK(strstr(c.problems[3], "line 7") && strstr(c.problems[4], "line 10: a quotation mark"));
    ay_catalog_fini(&c);
    read_text(&c, ay_catalog_read_csv, "a,b\n1,2\n", AY_EUNSUPPORTED);
    ay_catalog_fini(&c);
    read_text(&c, ay_catalog_read_jsonl, "{\"file\":\"a.png\",\"class\":null}\n{\"file\":\"b\"\n[]\n{\"class\":\"x\"}\n\n{\"file\":\"c.png\",\"tags\":[\"a,b\"]}\n"
                                                 "{\"file\":\"d.png\",\"sha256\":\"12\"}\n{\"file\":\"e.png\",\"albums\":[\"A\",{\"name\":\"B\",\"position\":4}]}", AY_OK);
    CHECK(c.n == 2 && c.nproblems == 5 && c.records[1].nalbums == 2 && c.records[1].albums[1].position == 4 && c.records[1].at == 8);
    CHECK(strstr(c.problems[0], "line 2") && strstr(c.problems[1], "line 3") && strstr(c.problems[2], "line 4: it names no file"));
    ay_catalog_fini(&c);
}

static const char coco[] =
    "{\"images\":[{\"id\":9,\"file_name\":\"a.png\"},{\"id\":70,\"file_name\":\"b.png\"},{\"id\":8,\"file_name\":\"c.png\"},{\"id\":1}],"
    "\"categories\":[{\"id\":3,\"name\":\"cat\"},{\"id\":90,\"name\":\"dog\"},{\"name\":\"none\"}],"
    "\"annotations\":[{\"id\":1,\"image_id\":9,\"category_id\":3,\"area\":10},{\"id\":2,\"image_id\":9,\"category_id\":3,\"area\":11},"
    "{\"id\":3,\"image_id\":9,\"category_id\":90,\"bbox\":[0,0,5,5]},{\"id\":4,\"image_id\":70,\"category_id\":90},"
    "{\"id\":5,\"image_id\":70,\"category_id\":91},{\"id\":6,\"image_id\":71,\"category_id\":3}]}";

static void coco_of_others_is_read(void)
{
    ay_catalog c;

    for (int by = AY_BY_LARGEST; by <= AY_BY_NONE; by++) {
        ay_catalog_init(&c, "instances.json");
        CHECK_OK(ay_catalog_read_coco(&c, coco, sizeof coco - 1, (ay_catalog_by)by, &err), err);
        CHECK(c.n == 3 && c.nproblems == 4);
        CHECK(by == AY_BY_NONE ? !c.records[0].klass : strcmp(c.records[0].klass, by == AY_BY_MOST ? "cat" : "dog") == 0);
        CHECK(by == AY_BY_NONE || strcmp(c.records[1].klass, "dog") == 0);
        CHECK(!c.records[2].klass && c.nnotes == (by == AY_BY_NONE ? 1 : 2));
        ay_catalog_fini(&c);
    }
    ay_catalog_init(&c, "x.json");
    CHECK(ay_catalog_read_coco(&c, "{\"a\":1}", 7, AY_BY_LARGEST, &err) == AY_EUNSUPPORTED);
    ay_catalog_fini(&c);
    ay_catalog_init(&c, "x.json");
    CHECK(ay_catalog_read_coco(&c, "{\"images\":[", 11, AY_BY_LARGEST, &err) == AY_ECORRUPT);
    ay_catalog_fini(&c);
}

/* ---- what is hostile, lost, stopped */

static int files_in(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int n = 0;

    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static void hostile_archives_are_refused_before_anything_comes(void)
{
    static const char *const how[] = {
        "tar -cPf $o ok.png /etc/hostname",
        "tar -cf $o --transform 's,evil,../evil,' -P ok.png evil",
        "ln -s /etc l && tar -cf $o ok.png l",
        "ln ok.png h && tar -cf $o ok.png h",
        "mkfifo p && tar -cf $o ok.png p",
        "tar -b 1 -cf $o ok.png && truncate -s -1024 $o",
        "tar -cf $o ok.png && truncate -s 700 $o",
        "head -c 20000 /dev/urandom > $o",
    };
    const char *data = fake_folder(), *work = fake_folder();
    fake_encoder f;
    ay_service *s = open_at(data, &f);
    char command[600], path[256];
    ay_buf b = {0};
    ay_bring *x;

    fake_picture(&b, 0xff0000, 1);
    snprintf(path, sizeof path, "%s/ok.png", work);
    CHECK_OK(ay_file_write(path, b.data, b.len, &err), err);
    snprintf(path, sizeof path, "%s/evil", work);
    CHECK_OK(ay_file_write(path, b.data, b.len, &err), err);
    ay_buf_fini(&b);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        snprintf(path, sizeof path, "%s/x%zu.tar", work, i);
        snprintf(command, sizeof command, "cd %s && o=%s; %s", work, path, how[i]);
        CHECK(system(command) == 0);
        CHECK(ay_bring_open(&x, s, &(ay_bring_wish){.path = path}, &err) == AY_ECORRUPT && !x);
        CHECK(*err.msg);
    }
    ay_service_close(s);
    snprintf(path, sizeof path, "%s/imports", data);
    CHECK(!ay_file_exists(path));
    fake_folder_gone(data), fake_folder_gone(work);
}

/* A document cannot name what is not beside it, and what has another digest than it says does not come. */
static void a_document_reaches_nothing_outside(void)
{
    const char *data = fake_folder(), *work = fake_folder();
    fake_encoder f;
    ay_service *s = open_at(data, &f);
    char path[256], text[600];
    ay_buf b = {0};
    int64_t batch = 0;
    ay_bring_state now;
    ay_bring *x;

    fake_picture(&b, 0xff0000, 1);
    snprintf(path, sizeof path, "%s/in", work);
    CHECK(mkdir(path, 0755) == 0);
    snprintf(path, sizeof path, "%s/outside.png", work);
    CHECK_OK(ay_file_write(path, b.data, b.len, &err), err);
    snprintf(path, sizeof path, "%s/in/ok.png", work);
    CHECK_OK(ay_file_write(path, b.data, b.len, &err), err);
    snprintf(path, sizeof path, "%s/in/link.png", work);
    CHECK(symlink("../outside.png", path) == 0);
    snprintf(text, sizeof text, "{\"file\":\"../outside.png\"}\n{\"file\":\"%s/outside.png\"}\n{\"file\":\"link.png\"}\n{\"file\":\"gone.png\"}\n"
                                "{\"file\":\"ok.png\",\"sha256\":\"%064d\"}\n", work, 0);
    snprintf(path, sizeof path, "%s/in/list.jsonl", work);
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
    CHECK_OK(ay_bring_open(&x, s, &(ay_bring_wish){.path = path}, &err), err);
    now = ay_bring_now(x);
    CHECK(now.pictures == 1 && now.missing == 2 && now.nproblems == 4);
    CHECK_OK(ay_bring_queue(x, NULL, NULL, &batch, &err), err);
    now = ay_bring_now(x);
    CHECK(now.queued == 0 && now.refused == 1 && strstr(now.problems[4], "line 5") && strstr(now.problems[4], "SHA-256"));
    CHECK_OK(ay_bring_finish(x, &err), err);
    ay_bring_close(x);
    ay_buf_fini(&b);
    ay_service_close(s);
    fake_folder_gone(data), fake_folder_gone(work);
}

typedef struct {
    int64_t after;
} stopper;

static bool stop_after(void *ctx, int64_t done, int64_t total)
{
    (void)total;
    return done < ((stopper *)ctx)->after;
}

static ay_status count_bytes(void *ctx, const void *bytes, size_t n, ay_err *e)
{
    (void)e;
    ay_buf_add(ctx, bytes, n);
    return AY_OK;
}

static void what_is_stopped_leaves_nothing_whole(void)
{
    const char *data = fake_folder(), *work = fake_folder();
    fake_encoder f;
    ay_service *s = open_at(data, &f);
    char path[256], folder[256];
    stopper when = {5};
    ay_export_result r;
    ay_buf stream = {0};
    ay_export *x;

    fill(s, 20);
    snprintf(path, sizeof path, "%s/a.tar", work);
    snprintf(folder, sizeof folder, "%s/a", work);
    CHECK_OK(ay_export_open(&x, s, &(ay_export_wish){.format = "folder"}, &err), err);
    CHECK(ay_export_write(x, &(ay_export_to){.path = path, .progress = stop_after, .progress_ctx = &when}, &r, &err) == AY_ECANCELLED);
    CHECK(ay_export_write(x, &(ay_export_to){.path = folder, .progress = stop_after, .progress_ctx = &when}, &r, &err) == AY_ECANCELLED);
    CHECK(files_in(work) == 0);
    CHECK(ay_export_write(x, &(ay_export_to){.take = count_bytes, .ctx = &stream, .progress = stop_after, .progress_ctx = &when}, &r, &err) == AY_ECANCELLED);
    CHECK_OK(ay_file_write(path, stream.data, stream.len, &err), err);
    CHECK(ay_pack_whole(path, &err) == AY_ECORRUPT);
    stream.len = 0;
    CHECK_OK(ay_export_write(x, &(ay_export_to){.take = count_bytes, .ctx = &stream}, &r, &err), err);
    CHECK_OK(ay_file_write(path, stream.data, stream.len, &err), err);
    CHECK_OK(ay_pack_whole(path, &err), err);
    ay_export_close(x);
    ay_buf_fini(&stream);
    ay_service_close(s);
    fake_folder_gone(data), fake_folder_gone(work);
}

static void lost_pictures_are_told_and_the_rest_is_whole(void)
{
    const char *data = fake_folder(), *work = fake_folder();
    fake_encoder f;
    ay_service *s = open_at(data, &f);
    char path[256], sha[2][AY_SHA256_HEX];
    ay_export_result r;
    ay_bring_state now;

    add(s, "a", "lost.png", 1, sha[0]);
    add(s, "a", "kept.png", 2, sha[1]);
    CHECK_OK(ay_intake_start(s, &err), err);
    CHECK(ay_intake_wait(s, 60000));
    snprintf(path, sizeof path, "%s/blobs/%.2s/%s", data, sha[0], sha[0]);
    CHECK(unlink(path) == 0);
    snprintf(path, sizeof path, "%s/x.tar", work);
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        ay_service *t;
        const char *to = fake_folder();
        write_out(s, formats[k], path, &r);
        CHECK(r.pictures == 1 && r.left_out == 1 && r.nproblems == 1);
        t = open_at(to, &f);
        bring_in(t, path, &now);
        CHECK(now.rows == 1 && now.pictures == 1);
        ay_service_close(t);
        fake_folder_gone(to);
    }
    ay_service_close(s);
    fake_folder_gone(data), fake_folder_gone(work);
}

TESTS({"names are safe and come back", names_are_safe_and_come_back},
      {"times come back", times_come_back},
      {"bad rows are named and the others come", bad_rows_are_named_and_the_others_come},
      {"COCO of others is read", coco_of_others_is_read},
      {"every format comes back byte for byte", every_format_comes_back_byte_for_byte},
      {"a thousand with odd names come back", a_thousand_with_odd_names_come_back},
      {"hostile archives are refused before anything comes", hostile_archives_are_refused_before_anything_comes},
      {"a document reaches nothing outside", a_document_reaches_nothing_outside},
      {"what is stopped leaves nothing whole", what_is_stopped_leaves_nothing_whole},
      {"lost pictures are told and the rest is whole", lost_pictures_are_told_and_the_rest_is_whole})
