/* A module with the embedded encoder as its network: written, opened, asked, damaged. */
#include "inspect/line_test.h"
#include "base/hash.h"
#include "pack/pack.h"

#include <sys/stat.h>

static ay_err err;

static void it_decides_for_all_lights_together(void)
{
    line_fixture *f = line_open();
    ay_inspect_module *m;
    ay_inspect_decision d;
    json_t *json;

    CHECK_OK(line_write(f, LINE_MODEL, &err), err);
    CHECK_OK(line_try(f, &m, &err), err);
    const ay_inspect_module_info *i = ay_inspect_module_get_info(m);
    CHECK(strcmp(i->name, "a small line") == 0 && i->nclasses == 4 && i->nlabels == 16 && i->nsamples == f->goldens.n);
    CHECK(strcmp(i->classes[1].component, "R_3") == 0 && strcmp(i->classes[1].light, "side_1") == 0 && i->classes[2].turn == 1);
    CHECK(i->thresholds[0] == f->thresholds.rows[0].value && json_array_size(i->threshold_rows) == 16);

    d = line_ask(m, 0, 0, 1, 0, "R_3");
    if (!d.match)
        printf("  %s\n", d.reason);
    CHECK(d.match && d.n == 2 && d.side[0].match && d.side[1].match && strcmp(d.reason, "OK: R_3 under all lights") == 0);
    d = line_ask(m, 2, 0, 3, 0, "C_7");
    CHECK(d.match && strcmp(d.component, "C_7") == 0);
    d = line_ask(m, 2, 0, 3, 0, NULL); /* which is it? */
    CHECK(d.match && strcmp(d.component, "C_7") == 0 && strcmp(d.product, "P_1") == 0);

    d = line_ask(m, 0, 0, 1, 1, "R_3"); /* one light suffices to refuse */
    CHECK(!d.match && d.side[0].match && !d.side[1].match && d.side[1].why == AY_INSPECT_TURNED && d.side[1].turned == 1);
    CHECK(strstr(d.reason, "NG: under side_1 turned by 90 degrees clockwise"));
    d = line_ask(m, 0, 3, 1, 2, "R_3");
    if (d.side[0].turned != 3 || d.side[1].turned != 2)
        printf("  %s\n", d.reason);
    CHECK(!d.match && strstr(d.side[0].reason, "turned by 90 degrees counter-clockwise") && strstr(d.side[1].reason, "turned by 180 degrees"));
    d = line_ask(m, 2, 0, 3, 0, "R_3");
    CHECK(!d.match && d.side[0].why == AY_INSPECT_ANOTHER && strstr(d.side[0].reason, "looks like C_7") &&
          strstr(d.side[0].reason, "instead of R_3"));
    json = ay_inspect_decision_json(m, &d);
    CHECK(json && strcmp(json_string_value(json_object_get(json, "decision")), "NG") == 0 &&
          json_array_size(json_object_get(json, "sides")) == 2);
    json_decref(json);
    ay_inspect_module_close(m);
    line_close(f);
}

static void an_empty_place_is_like_none(void)
{
    line_fixture *f = line_open();
    ay_inspect_module *m;
    ay_inspect_decision d;
    ay_image im[2];
    ay_inspect_picture p[2] = {{"side_1", &im[1]}, {"top", &im[0]}};

    CHECK_OK(line_write(f, LINE_MODEL, &err), err);
    CHECK_OK(line_try(f, &m, &err), err);
    line_draw(&im[0], 2, 0, 5);
    line_draw(&im[1], 2, 1, 5);
    CHECK_OK(ay_inspect_decide(m, p, 2, "P_1", "R_3", &d, &err), err);
    CHECK(!d.match && strcmp(d.side[0].light, "side_1") == 0 && d.side[0].why == AY_INSPECT_NOTHING && d.side[1].why == AY_INSPECT_NOTHING);
    CHECK(strstr(d.reason, "like none"));
    /* What cannot be judged is said, with what could. */
    CHECK(ay_inspect_decide(m, p, 1, NULL, "R_3", &d, &err) == AY_EINVAL && strstr(err.msg, "the picture under \"top\" is missing"));
    CHECK(ay_inspect_decide(m, p, 2, NULL, "R_4", &d, &err) == AY_ENOTFOUND && strstr(err.msg, "it has R_3, C_7"));
    CHECK(ay_inspect_decide(m, p, 2, "P", "1_R_3", &d, &err) == AY_ENOTFOUND); /* names are not taken apart */
    p[0].light = "top";
    CHECK(ay_inspect_decide(m, p, 2, NULL, "R_3", &d, &err) == AY_EINVAL && strstr(err.msg, "two pictures under light \"top\""));
    p[0].light = "back";
    CHECK(ay_inspect_decide(m, p, 2, NULL, NULL, &d, &err) == AY_EINVAL && strstr(err.msg, "top, side_1"));
    CHECK(ay_inspect_decide(m, p, 0, NULL, NULL, &d, &err) == AY_EINVAL);
    ay_image_fini(&im[0]);
    ay_image_fini(&im[1]);
    ay_inspect_module_close(m);
    line_close(f);
}

/* ---- damage ---------------------------------------------------------------------------------- */

typedef struct {
    char name[AY_PACK_NAME];
    ay_buf data;
} piece;

enum { PIECES = 64 };

static int unpack(const char *path, piece *list)
{
    ay_unpacker *u;
    ay_pack_entry e;
    int n = 0;

    CHECK_OK(ay_unpacker_open(&u, path, &err), err);
    while (ay_unpacker_next(u, &e, &err) == AY_OK) {
        size_t got;
        CHECK(n < PIECES);
        snprintf(list[n].name, sizeof list[n].name, "%s", e.name);
        CHECK(ay_buf_reserve(&list[n].data, (size_t)e.bytes + 1));
        for (got = 1; got;) {
            char room[4096];
            CHECK_OK(ay_unpacker_read(u, room, sizeof room, &got, &err), err);
            ay_buf_add(&list[n].data, room, got);
        }
        n++;
    }
    ay_unpacker_close(u);
    return n;
}

static void pack(const char *path, const piece *list, int n)
{
    ay_packer *p;

    CHECK_OK(ay_packer_open(&p, path, &err), err);
    for (int i = 0; i < n; i++) {
        CHECK_OK(ay_packer_begin(p, list[i].name, (int64_t)list[i].data.len, 0644, 0, &err), err);
        CHECK_OK(ay_packer_write(p, list[i].data.data, list[i].data.len, &err), err);
    }
    CHECK_OK(ay_packer_close(p, true, &err), err);
}

static piece *find(piece *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    CHECK(!"no such file");
    return NULL;
}

/* inspect.json anew, with the digests and sizes of what the files are now: damage that digests do not show. */
static void seal_again(piece *list, int n)
{
    json_t *head = json_loadb(list[0].data.data, list[0].data.len, 0, NULL), *files = json_object_get(head, "files");
    char hex[AY_SHA256_HEX], *text;

    CHECK(head);
    json_array_clear(files);
    for (int i = 1; i < n; i++) {
        ay_sha256_bytes(list[i].data.data, list[i].data.len, hex);
        json_array_append_new(files, json_pack("{s:s, s:I, s:s}", "name", list[i].name, "bytes", (json_int_t)list[i].data.len, "sha256", hex));
    }
    text = json_dumps(head, 0);
    ay_buf_fini(&list[0].data);
    ay_buf_puts(&list[0].data, text);
    free(text);
    json_decref(head);
}

static void replace(ay_buf *b, const char *from, const char *to)
{
    char *at = strstr(b->data, from);
    ay_buf fresh = {0};

    CHECK(at);
    ay_buf_add(&fresh, b->data, (size_t)(at - b->data));
    ay_buf_puts(&fresh, to);
    ay_buf_puts(&fresh, at + strlen(from));
    ay_buf_fini(b);
    *b = fresh;
}

/* It does not open, for that reason. */
static bool refused(const line_fixture *f, ay_status want, const char *why)
{
    ay_inspect_module *m;
    ay_status status = line_try(f, &m, &err);

    if (status != want || !strstr(err.msg, why) || m)
        printf("  %s: %s; wanted \"%s\"\n", ay_status_name(status), status == AY_OK ? "opened" : err.msg, why);
    ay_inspect_module_close(m);
    return status == want && strstr(err.msg, why) && line_entries(f->scratch) == 0;
}

/* Whatever is sealed properly and wrong all the same. */
static const struct {
    const char *file, *from, *to, *why;
} lies[] = {
    {"golden/golden.json", "\"label\": 0", "\"label\": 77", "sample 1 has no label"},
    {"golden/golden.json", "\"label\": 0", "\"label\": -1", "sample 1 has no label"},
    {"golden/golden.json", "\"class\": 0", "\"class\": 9", "label 1 is none"},
    {"golden/golden.json", "\"light\": \"top\"", "\"light\": \"\"", "class 1 is none"},
    {"golden/golden.json", "\"light\": \"top\"", "\"light\": \"t\\u0000p\"", "golden.json"},
    {"golden/golden.json", "\"orientation\": \"Up\"", "\"orientation\": \"up\"", "class 1 is none"},
    {"golden/golden.json", "\"dim\": ", "\"dim\": 9", "vectors.f32"},
    {"golden/golden.json", "\"file\": \"P_1", "\"file\": \"../P_1", "which is not in the module"},
    {"golden/golden.json", "\"samples\": [", "\"samples\": [[", "golden.json"},
    {"thresholds.json", "\"threshold\": ", "\"threshold\": 9", "row 1 is no threshold"},
    {"thresholds.json", "\"threshold\": ", "\"x\": ", "row 1 is no threshold"},
    {"thresholds.json", "\"labels\": [", "\"labels\": 1, \"y\": [", "16 labels and thresholds.json 0"},
    {"settings.json", "{", "[", "settings.json"},
    {"model/config.json", "\"size\"", "\"sise\"", ""},
};

static void sealed_lies(const line_fixture *f, const char *whole)
{
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        piece list[PIECES] = {{{0}, {0}}};
        ay_inspect_module *m = NULL;
        int n = unpack(whole, list);
        piece *p = find(list, n, lies[i].file);
        if (strstr(p->data.data, lies[i].from)) {
            replace(&p->data, lies[i].from, lies[i].to);
            seal_again(list, n);
            pack(f->module, list, n);
            ay_status status = line_try(f, &m, &err);
            if (status == AY_OK || !strstr(err.msg, lies[i].why))
                printf("  lie %zu: %s\n", i, status == AY_OK ? "opened" : err.msg);
            CHECK(status != AY_OK && strstr(err.msg, lies[i].why) && !m && line_entries(f->scratch) == 0);
        } else {
            printf("  lie %zu: \"%s\" is not in %s\n", i, lies[i].from, lies[i].file);
            CHECK(strcmp(lies[i].file, "model/config.json") == 0);
        }
        for (int k = 0; k < n; k++)
            ay_buf_fini(&list[k].data);
    }
}

static void a_lying_module_is_refused(void)
{
    line_fixture *f = line_open();
    char whole[100];
    piece list[PIECES] = {{{0}, {0}}};
    int n;

    CHECK_OK(line_write(f, LINE_MODEL, &err), err);
    snprintf(whole, sizeof whole, "%s/whole", f->dir);
    CHECK(rename(f->module, whole) == 0);
    n = unpack(whole, list);
    CHECK(n == f->goldens.n + 7 && strcmp(list[0].name, "inspect.json") == 0);
    sealed_lies(f, whole);

    /* Vectors of another network, sealed. */
    float *v = (float *)(void *)find(list, n, "golden/vectors.f32")->data.data, kept = v[0];
    for (int d = 0; d < f->set.dim; d++)
        v[d] = -v[d];
    seal_again(list, n);
    pack(f->module, list, n);
    CHECK(refused(f, AY_ECORRUPT, "do not belong together"));
    v[0] = NAN;
    seal_again(list, n);
    pack(f->module, list, n);
    CHECK(refused(f, AY_ECORRUPT, "sample 1 has no direction"));
    for (int d = 0; d < f->set.dim; d++)
        v[d] = d ? -v[d] : kept;
    seal_again(list, n);
    pack(f->module, list, n);
    ay_inspect_module *m;
    CHECK_OK(line_try(f, &m, &err), err);
    ay_inspect_module_close(m);

    /* A file more, one less, in another order, one that leads out. */
    snprintf(list[n].name, sizeof list[n].name, "more.txt");
    pack(f->module, list, n + 1);
    CHECK(refused(f, AY_ECORRUPT, "\"more.txt\", which inspect.json does not list"));
    pack(f->module, list, n - 1);
    CHECK(refused(f, AY_ECORRUPT, "should come next"));
    piece swap = list[1];
    list[1] = list[2];
    list[2] = swap;
    pack(f->module, list, n);
    CHECK(refused(f, AY_ECORRUPT, "thresholds.json should come next"));
    pack(f->module, list + 1, n - 1);
    CHECK(refused(f, AY_ECORRUPT, "not with inspect.json"));
    list[2] = list[1];
    list[1] = swap;
    static const char *const names[] = {"../out.txt", "model/.digests", "model/sub/x", "inspect.json", "golden/.x", "/etc/x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char json[200];
        snprintf(json, sizeof json, "{\"format\": \"assay inspection module\", \"layout\": 1, \"files\": [{\"name\": \"%s\", \"bytes\": 1, "
                 "\"sha256\": \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}", names[i]);
        ay_buf_fini(&list[0].data);
        ay_buf_puts(&list[0].data, json);
        pack(f->module, list, 1);
        CHECK(refused(f, AY_ECORRUPT, "which is no file of a module"));
    }
    ay_buf_fini(&list[0].data);
    ay_buf_puts(&list[0].data, "{\"format\": \"assay inspection module\", \"layout\": 2, \"files\": []}");
    pack(f->module, list, 1);
    CHECK(refused(f, AY_EUNSUPPORTED, "take a newer program"));
    for (int k = 0; k < n; k++)
        ay_buf_fini(&list[k].data);
    line_close(f);
}

static void a_damaged_module_is_refused(void)
{
    line_fixture *f = line_open();
    ay_buf whole = {0};
    ay_inspect_module *m;
    ay_rng rng;
    int opened = 0;

    CHECK_OK(line_write(f, LINE_MODEL, &err), err);
    CHECK_OK(ay_file_read(f->module, 0, &whole, &err), err);
    for (size_t cut = 1100; cut < whole.len; cut += whole.len / 12) {
        CHECK_OK(ay_file_write(f->module, whole.data, whole.len - cut, &err), err);
        CHECK(refused(f, AY_ECORRUPT, "inspection module"));
    }
    ay_rng_init(&rng, 3);
    for (int i = 0; i < 60; i++) { /* one bit; half of them before the network */
        size_t at = ay_rng_below(&rng, i % 2 ? 60000 : (uint32_t)whole.len - 1024);
        whole.data[at] ^= (char)(1 << (i % 8));
        CHECK_OK(ay_file_write(f->module, whole.data, whole.len, &err), err);
        ay_status status = line_try(f, &m, &err);
        opened += status == AY_OK; /* padding and time stamps of tar itself */
        ay_inspect_module_close(m);
        CHECK(line_entries(f->scratch) == 0);
        whole.data[at] ^= (char)(1 << (i % 8));
    }
    CHECK(opened < 20);
    CHECK(ay_inspect_module_open(&m, "/nonexistent/x.inspect", NULL, &err) == AY_ENOTFOUND && !m);
    CHECK_OK(ay_file_write(f->module, whole.data, whole.len, &err), err);
    CHECK(ay_inspect_module_open(&m, f->module, &(ay_inspect_module_options){.max_bytes = 10000}, &err) == AY_ELIMIT);
    CHECK(ay_inspect_module_open(&m, f->module, &(ay_inspect_module_options){.scratch = "/nonexistent"}, &err) == AY_EIO);
    ay_buf_fini(&whole);
    line_close(f);
}

static void it_is_written_whole_or_not_at_all(void)
{
    line_fixture *f = line_open();
    char path[120];
    struct stat before, after;
    ay_inspect_module *m;

    CHECK(line_write(f, "/nonexistent", &err) == AY_ENOTFOUND && !ay_file_exists(f->module));
    CHECK_OK(line_write(f, LINE_MODEL, &err), err);
    CHECK(stat(f->module, &before) == 0);
    /* Vectors that this network does not give: the older module stays. */
    for (int d = 0; d < f->set.dim; d++)
        f->goldens.vectors[d] = (float)(d % 7);
    CHECK(line_write(f, LINE_MODEL, &err) == AY_ECORRUPT && strstr(err.msg, "do not belong together"));
    snprintf(path, sizeof path, "%s.new", f->module);
    CHECK(!ay_file_exists(path) && stat(f->module, &after) == 0 && after.st_ino == before.st_ino);
    CHECK_OK(line_try(f, &m, &err), err);
    ay_inspect_module_close(m);
    f->goldens.dim = 7;
    CHECK(line_write(f, LINE_MODEL, &err) == AY_EINVAL && strstr(err.msg, "it is another one"));
    f->goldens.dim = f->set.dim;
    line_close(f);
}

TESTS({"it decides for all lights together", it_decides_for_all_lights_together},
      {"an empty place is like none", an_empty_place_is_like_none}, {"a lying module is refused", a_lying_module_is_refused},
      {"a damaged module is refused", a_damaged_module_is_refused},
      {"it is written whole or not at all", it_is_written_whole_or_not_at_all})
