#include "inspect/settings.h"
#include "base/file.h"
#include "base/test.h"
#include "inspect/secret.h"
#include "inspect/settings_train.h"
#include "train/settings.h"

static ay_status read_with(ay_inspect_settings *s, const char *text, const char *const *overrides, int n, ay_buf *warnings,
                           ay_err *err)
{
    ay_inspect_settings_init(s);
    return ay_inspect_settings_read(s, text, strlen(text), "t.yaml", overrides, n, warnings, err);
}

static void defaults_are_the_old_systems(void)
{
    ay_inspect_settings s;

    ay_inspect_settings_init(&s);
    CHECK(s.epochs == 40 && s.min_epochs == 0 && s.batch_size == 64 && s.freeze_epochs == 10 && s.per_class == 4);
    CHECK(s.learning_rate == 3e-4 && s.weight_decay == 1e-4 && s.embedding == 512 && s.image_size == 224);
    CHECK(s.test_split == 0.2 && s.loss == AY_INSPECT_HYBRID && s.scale == 30 && s.sub_centers == 3);
    CHECK(s.triplet_margin == 0.3 && s.center_weight == 0.01 && strcmp(s.backbone, "efficientnetv2_rw_s") == 0);
    CHECK(strcmp(ay_inspect_structure_name(&s), "hoamv2") == 0 && s.label == AY_INSPECT_BY_BOTH && !s.train_ng);
    CHECK(s.max_tasks == 3 && s.task_hours == 24 && s.completed_days == 7 && s.results_days == 30);
    CHECK(s.samples == 3 && s.idle == 0 && s.seed == 42);
}

/* Bug 36 of the system that was replaced: 0.4 went to a library that takes degrees. */
static void margin_says_its_unit(void)
{
    ay_inspect_settings s;
    ay_err err;

    ay_inspect_settings_init(&s);
    CHECK(s.margin == 0.4 && s.unit == AY_INSPECT_RADIANS);
    CHECK_OK(read_with(&s, "loss: {subcenter_margin: 28.6, margin_unit: degrees}\n", NULL, 0, NULL, &err), err);
    CHECK(s.margin == 28.6 && s.unit == AY_INSPECT_DEGREES);
    CHECK(read_with(&s, "loss:\n  subcenter_margin: 28.6\n", NULL, 0, NULL, &err) == AY_EINVAL && strstr(err.msg, "t.yaml:2") &&
          strstr(err.msg, "degrees"));
}

static void old_file_is_read(void)
{
    static const char text[] = "experiment: {name: polarity, seed: 7}\n"
                               "model:\n  structure: HOAMV2\n  backbone: efficientnetv2_rw_s\n  pretrained: true\n"
                               "  embedding_size: 128\n"
                               "data: {image_size: 192, num_workers: 4, test_split: 0.3}\n"
                               "training:\n  batch_size: 32\n  learning_rate: 1e-3\n  max_epochs: 12\n  patience: null\n"
                               "loss:\n  type: SubCenterArcFaceLoss\n  sub_centers: 2\n"
                               "knn_config: {enable: false, threshold: 0.5, index_path: knn.index, dataset_pkl: dataset.pkl}\n"
                               "hydra: {run: {dir: .}}\n";
    ay_buf warnings = {0};
    ay_inspect_settings s;
    ay_err err;

    CHECK_OK(read_with(&s, text, NULL, 0, &warnings, &err), err);
    CHECK(strcmp(s.name, "polarity") == 0 && s.seed == 7 && s.embedding == 128 && s.image_size == 192 && s.workers == 4);
    CHECK(s.batch_size == 32 && s.learning_rate == 1e-3 && s.epochs == 12 && s.patience == 10 && s.test_split == 0.3);
    CHECK(s.loss == AY_INSPECT_SUBCENTER && s.sub_centers == 2 && s.idle == 4);
    CHECK(strstr(warnings.data, "t.yaml:16: knn.threshold is not used: see golden.similarity"));
    ay_buf_fini(&warnings);
}

static void overrides_go_over_all(void)
{
    static const char *const over[] = {"training.max_epochs=3", "+loss.margin_unit=degrees", "data.label=orientation"};
    static const char *const wrong[][2] = {{"training.epoch=3", "training.max_epochs?"},
                                           {"training.max_epochs=many", "whole number"},
                                           {"training.max_epochs", "key=value"},
                                           {"~training.max_epochs=3", "key=value"},
                                           {"training=3", "is a section"}};
    ay_inspect_settings s;
    ay_err err;

    CHECK_OK(read_with(&s, "training: {max_epochs: 9}\n", over, 3, NULL, &err), err);
    CHECK(s.epochs == 3 && s.unit == AY_INSPECT_DEGREES && s.label == AY_INSPECT_BY_ORIENTATION);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(read_with(&s, "", &wrong[i][0], 1, NULL, &err) == AY_EINVAL);
        CHECK(strstr(err.msg, wrong[i][1]) && strstr(err.msg, "override"));
    }
}

static void wrong_text_names_line_and_key(void)
{
    static const struct {
        const char *text, *want[3];
    } cases[] = {
        {"training:\n  epoch: 3\n", {"t.yaml:2", "'training.epoch'", "training.max_epochs?"}},
        {"trainin:\n  max_epochs: 3\n", {"t.yaml:2", "'trainin.max_epochs'", "training.max_epochs?"}},
        {"trainig: {}\n", {"t.yaml:1", "'trainig'", "training?"}},
        {"training:\n\n  max_epochs: many\n", {"t.yaml:3", "whole number", "many"}},
        {"training:\n  max_epochs: 0\n", {"t.yaml:2", "from 1 to 100000", "'0'"}},
        {"training: 3\n", {"t.yaml:1", "is a section", NULL}},
        {"training:\n\tmax_epochs: 3\n", {"t.yaml:2", "tabs", NULL}},
        {"training:\n  lr: 1\n  lr: 2\n", {"t.yaml:3", "'lr' stands there twice", NULL}},
        {"loss: {type: triplet}\n", {"t.yaml:1", "HybridMarginLoss|", "'triplet'"}},
        {"training: {min_epochs: 50}\n", {"t.yaml:1", "more than", "40"}},
        {"training: {batch_size: 3}\n", {"t.yaml:1", "per_class", NULL}},
        {"model:\n  weights: ???\n", {"t.yaml:2", "model.weights must be given", NULL}},
        {"- a\n", {"t.yaml:1", "sections", NULL}},
        {"model: {weights: '${oc.env:ASSAY_NO_SUCH_VARIABLE}'}\n", {"t.yaml:1", "ASSAY_NO_SUCH_VARIABLE", "not set"}},
        {"model: {weights: '${model.weights}'}\n", {"t.yaml:1", "circle", NULL}},
        {"model: {weights: '${now:%Y}'}\n", {"t.yaml:1", "now:%Y", NULL}},
        {"defaults: [other]\n", {"t.yaml:1", "no file", NULL}},
    };
    ay_inspect_settings s;
    ay_err err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(read_with(&s, cases[i].text, NULL, 0, NULL, &err) == AY_EINVAL);
        for (int j = 0; j < 3 && cases[i].want[j]; j++)
            if (!strstr(err.msg, cases[i].want[j])) {
                printf("  case %zu: %s\n  wants: %s\n", i, err.msg, cases[i].want[j]);
                CHECK(0);
            }
    }
}

static void references_between_keys(void)
{
    static const char text[] = "experiment: {name: 'size-${data.image_size}-${training.max_epochs}'}\n"
                               "data: {image_size: 96}\n"
                               "model: {weights: '${oc.env:ASSAY_TEST_WEIGHTS}/a', backbone: '${oc.env:ASSAY_NONE,tiny}'}\n";
    ay_inspect_settings s;
    ay_err err;

    setenv("ASSAY_TEST_WEIGHTS", "/w", 1);
    CHECK_OK(read_with(&s, text, NULL, 0, NULL, &err), err);
    CHECK(strcmp(s.name, "size-96-40") == 0 && strcmp(s.weights, "/w/a") == 0 && strcmp(s.backbone, "tiny") == 0);
}

/* Every default of the two tables is the same, but for what only one of them knows. */
static void steps_get_what_is_set(void)
{
    static const char *const over[] = {"training.max_epochs=12", "training.batch_size=24", "loss.type=ArcFaceLoss", "loss.margin_unit=degrees",
                                       "model.structure=resnet18", "model.weights=/w", "model.pretrained=false", "data.label=component",
                                       "data.test_split=0.3", "experiment.seed=9", "training.precision=float32", "data.samples=5"};
    ay_metric_settings usual, m;
    ay_line_arrange_options arrange;
    ay_line_gather_options gather;
    ay_inspect_settings s;
    ay_err err;

    ay_inspect_settings_init(&s);
    ay_inspect_settings_metric(&s, &m);
    ay_metric_settings_init(&usual);
    CHECK(strcmp(m.backbone, "efficientnetv2_rw_s") == 0);
    m.backbone[0] = '\0'; /* "" stands for the same there */
    for (int i = 0; ay_metric_settings_key(i); i++) {
        json_t *a = ay_metric_settings_json(&m), *b = ay_metric_settings_json(&usual);
        const char *key = ay_metric_settings_key(i);
        bool same = json_equal(json_object_get(a, key), json_object_get(b, key));
        if (!same)
            printf("  %s differs\n", key);
        CHECK(same && json_object_get(a, key));
        json_decref(a);
        json_decref(b);
    }
    CHECK_OK(ay_metric_settings_check(&m, &err), err);

    CHECK_OK(read_with(&s, "", over, sizeof over / sizeof *over, NULL, &err), err);
    ay_inspect_settings_metric(&s, &m);
    ay_inspect_settings_arrange(&s, &arrange);
    ay_inspect_settings_gather(&s, &gather);
    CHECK_OK(ay_metric_settings_check(&m, &err), err);
    CHECK(m.epochs == 12 && m.batch_size == 24 && strcmp(m.loss.name, "arcface") == 0 && m.loss.unit == AY_MARGIN_DEGREES);
    CHECK(strcmp(m.architecture, "resnet18") == 0 && !*m.backbone && !*m.backbone_weights && m.seed == 9 && m.precision == AY_TRAIN_F32);
    CHECK(arrange.label == AY_LINE_BY_COMPONENT && arrange.test_share == 0.3 && arrange.seed == 9 && gather.samples == 5);
}

/* ---- files */

static char folder[64];

static void put(const char *name, const char *text)
{
    char path[256], *slash;
    ay_err err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    CHECK_OK(ay_file_mkdirs(path, &err), err);
    *slash = '/';
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
}

static ay_status load(ay_inspect_settings *s, const char *name, const char *const *over, int n, ay_err *err)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    ay_inspect_settings_init(s);
    return ay_inspect_settings_load(s, path, over, n, NULL, err);
}

static void begin_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/assay-settings-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void files_are_composed_as_hydra_does(void)
{
    static const char *const arc[] = {"loss=arc"};
    ay_inspect_settings s;
    ay_err err;

    begin_folder();
    put("main.yaml", "defaults:\n  - base\n  - model: big\n  - loss: hybrid\n  - optional data: absent\n  - override hydra/launcher: x\n"
                     "  - training: null\n  - over\ntraining: {max_epochs: 5}\n");
    put("base.yaml", "training: {max_epochs: 4, batch_size: 16}\ndata: {image_size: 64}\n");
    put("model/big.yaml", "defaults: [common]\nembedding_size: 256\n");
    put("model/common.yaml", "embedding_size: 8\nbackbone: tiny\n");
    put("loss/hybrid.yaml", "type: HybridMarginLoss\nsub_centers: 2\n");
    put("loss/arc.yaml", "# written by hand\n# @package _global_\nloss: {type: ArcFaceLoss}\ndata: {image_size: 80}\n");
    put("over.yaml", "data: {test_split: 0.4}\n");
    CHECK_OK(load(&s, "main.yaml", NULL, 0, &err), err);
    CHECK(s.epochs == 5 && s.batch_size == 16 && s.image_size == 64 && s.embedding == 256 && strcmp(s.backbone, "tiny") == 0);
    CHECK(s.loss == AY_INSPECT_HYBRID && s.sub_centers == 2 && s.test_split == 0.4);
    CHECK(s.idle == 0);
    CHECK_OK(load(&s, "main.yaml", arc, 1, &err), err);
    CHECK(s.loss == AY_INSPECT_ARCFACE && s.sub_centers == 3 && s.image_size == 80);

    put("first.yaml", "defaults: [_self_, base]\ntraining: {max_epochs: 5}\n"); /* the file named goes over this one */
    CHECK_OK(load(&s, "first.yaml", NULL, 0, &err), err);
    CHECK(s.epochs == 4);
    put("gone.yaml", "defaults:\n  - nowhere\n");
    CHECK(load(&s, "gone.yaml", NULL, 0, &err) == AY_ENOTFOUND && strstr(err.msg, "gone.yaml:2") && strstr(err.msg, "nowhere.yaml"));
    put("out.yaml", "defaults:\n  - ../etc/passwd\n");
    CHECK(load(&s, "out.yaml", NULL, 0, &err) == AY_EINVAL && strstr(err.msg, "below"));
    put("circle.yaml", "defaults: [circle]\n");
    CHECK(load(&s, "circle.yaml", NULL, 0, &err) == AY_EINVAL && strstr(err.msg, "circle"));
    put("bad.yaml", "defaults: [wrong]\n");
    put("wrong.yaml", "training:\n  epocs: 3\n");
    CHECK(load(&s, "bad.yaml", NULL, 0, &err) == AY_EINVAL && strstr(err.msg, "wrong.yaml:2"));
    ay_file_remove_tree(folder);
}

static void system_file_leads_to_the_others(void)
{
    ay_inspect_settings s;
    char want[300];
    ay_err err;

    begin_folder();
    put("configs.yaml", "system: {max_concurrent_tasks: 2, task_timeout_hours: 12}\n"
                        "resources: {gpu_memory_fraction: 0.8, max_workers: 4, batch_size: 64}\n"
                        "storage: {temp_dir: temp, results_retention_days: 10, auto_cleanup: false}\n"
                        "logging: {level: INFO, file: a.log, max_size_mb: 100, backup_count: 5}\n"
                        "train_config_path: sub/train_configs.yaml\ndatabase_config_path: db.json\n"
                        "data: {image_size: 48}\n");
    put("sub/train_configs.yaml", "defaults: [more]\ntraining: {max_epochs: 6}\ndata: {image_size: 32}\n");
    put("sub/more.yaml", "training: {batch_size: 24}\n");
    put("db.json", "{}");
    CHECK_OK(load(&s, "configs.yaml", NULL, 0, &err), err);
    CHECK(s.max_tasks == 2 && s.task_hours == 12 && s.results_days == 10 && !s.auto_cleanup && s.idle == 6);
    CHECK(s.epochs == 6 && s.batch_size == 24 && s.image_size == 48);
    snprintf(want, sizeof want, "%s/db.json", folder);
    CHECK(strcmp(s.database_config, want) == 0);
    put("configs.yaml", "system: {}\ntrain_config_path: none.yaml\n");
    CHECK(load(&s, "configs.yaml", NULL, 0, &err) == AY_ENOTFOUND && strstr(err.msg, "configs.yaml:2") && strstr(err.msg, "none.yaml"));
    ay_file_remove_tree(folder);
}

static void what_is_printed_reads_back(void)
{
    static const char *const over[] = {"training.max_epochs=3", "experiment.name=it's", "loss.type=ArcFaceLoss", "model.structure=hoam"};
    ay_inspect_settings s, t;
    ay_buf first = {0}, again = {0};
    ay_err err;

    CHECK_OK(read_with(&s, "", over, 4, NULL, &err), err);
    ay_inspect_settings_print(&s, true, &first);
    CHECK_OK(read_with(&t, first.data, NULL, 0, NULL, &err), err);
    ay_inspect_settings_print(&t, true, &again);
    CHECK(strcmp(first.data, again.data) == 0 && t.epochs == 3 && strcmp(t.name, "it's") == 0 && t.loss == AY_INSPECT_ARCFACE);
    ay_buf_fini(&first);
    ay_buf_fini(&again);
}

/* Every word of the table has its name here. */
static void structures_have_names(void)
{
    const ay_ik_key *k = ay_ik_find(&ay_inspect_table, "model.structure");
    ay_inspect_settings s;
    char text[64];

    ay_inspect_settings_init(&s);
    for (const char *p = k->words; p; p = strchr(p, '|'), s.structure++) {
        p += *p == '|';
        ay_ik_text(k, &s, text, sizeof text);
        CHECK(strcmp(text, ay_inspect_structure_name(&s)) == 0);
    }
}

/* ---- the database file */

static const char sites_text[] =
    "{\n \"HPH\": {\n"
    "  \"SSHTUNNEL\": {\"ssh_address_or_host\": \"gate\", \"ssh_username\": \"u\",\n"
    "   \"ssh_password\": \"topsecret\"},\n"
    "  \"database\": {\"ENGINE\": \"postgresql\", \"NAME\": \"amr\", \"USER\": \"reader\", \"PASSWORD\": \"env:DB_WORD\","
    " \"HOST\": \"db\\u002elocal\", \"PORT\": 5433},\n"
    "  \"image_pool\": {\"V31\": {\"ip\": \"10.0.0.1\", \"port\": 80, \"donwload_url_prefix\": \"http://a/\", \"line_ip\": \"10.0.0.2\"},\n"
    "    \"V32\": {\"download_url_prefix\": \"http://b/\"}}\n },\n"
    " \"JQ\": {\"SSHTUNNEL\": {\"ssh_address_or_host\": \"\", \"ssh_username\": \"\", \"ssh_password\": \"\"},\n"
    "  \"database\": {\"HOST\": \"db2\"}, \"image_pool\": {}}\n}\n";

static ay_status sites(ay_inspect_sites *out, const char *text, ay_buf *warnings, ay_err *err)
{
    return ay_inspect_sites_read(out, text, strlen(text), "db.json", warnings, err);
}

static void database_file_is_read(void)
{
    const ay_inspect_site *hph, *jq, *none;
    ay_buf warnings = {0}, printed = {0};
    ay_inspect_sites all;
    ay_err err;

    CHECK_OK(sites(&all, sites_text, &warnings, &err), err);
    CHECK_OK(ay_inspect_site_find(&all, "HPH", &hph, &err), err);
    CHECK_OK(ay_inspect_site_find(&all, "JQ", &jq, &err), err);
    CHECK(ay_inspect_site_find(&all, "ZJ", &none, &err) == AY_ENOTFOUND && strstr(err.msg, "HPH, JQ"));
    CHECK(ay_inspect_site_tunnelled(hph) && !ay_inspect_site_tunnelled(jq) && hph->port == 5433 && jq->port == 5432);
    CHECK(strcmp(hph->host, "db.local") == 0 && hph->ssh_port == 22 && strcmp(hph->table, "public.amr_raw_data") == 0);
    CHECK(strcmp(ay_inspect_pool_find(hph, "V31")->url_prefix, "http://a/") == 0);
    CHECK(strcmp(ay_inspect_pool_find(hph, "V32")->url_prefix, "http://b/") == 0 && !ay_inspect_pool_find(hph, "V33"));
    CHECK(strstr(warnings.data, "db.json:4: SSHTUNNEL.ssh_password stands there as it is") && !strstr(warnings.data, "topsecret"));
    CHECK(!strstr(warnings.data, "database.PASSWORD"));
    ay_inspect_sites_print(&all, true, &printed);
    CHECK(!strstr(printed.data, "topsecret") && strstr(printed.data, "(set, not shown)") && strstr(printed.data, "env:DB_WORD"));
    ay_buf_fini(&warnings);
    ay_buf_fini(&printed);
    ay_inspect_sites_fini(&all);
}

static void wrong_database_files(void)
{
    static const struct {
        const char *text, *want[2];
    } cases[] = {
        {"{\"A\": {\"database\": {\n\"PASWORD\": \"x\"}}}", {"db.json:2", "database.PASSWORD?"}},
        {"{\"A\": {\"databse\": {}}}", {"db.json:1", "'databse'"}},
        {"{\"A\": {\"image_pool\": {\"V\": {\n\n\"iip\": 1}}}}", {"db.json:3", "did you mean ip?"}},
        {"{\"A\": {\"database\": {\"PORT\": 70000}}}", {"db.json:1", "65535"}},
        {"{\"A\": {\"database\": {\"ENGINE\": \"mysql\"}}}", {"db.json:1", "postgresql"}},
        {"{\"A\": {\"database\": 3}}", {"db.json:1", "is a section"}},
        {"{\"A\": {}, \"A\": {}}", {"db.json:1", "duplicate"}},
        {"{\"A\": {},\n\"B\" {}}", {"db.json:2", NULL}},
        {"{\"A\": {}", {"db.json:1", NULL}},
        {"{\"A\": 3}", {"db.json:1", "SSHTUNNEL"}},
    };
    ay_inspect_sites all;
    ay_err err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(sites(&all, cases[i].text, NULL, &err) == AY_EINVAL && !all.sites);
        for (int j = 0; j < 2 && cases[i].want[j]; j++)
            if (!strstr(err.msg, cases[i].want[j])) {
                printf("  case %zu: %s\n  wants: %s\n", i, err.msg, cases[i].want[j]);
                CHECK(0);
            }
    }
}

static void half_an_ssh_server_is_told(void)
{
    ay_buf warnings = {0};
    ay_inspect_sites all;
    ay_err err;

    CHECK_OK(sites(&all, "{\"A\": {\"SSHTUNNEL\": {\"ssh_address_or_host\": \"gate\", \"ssh_username\": \"u\"}}}", &warnings, &err), err);
    CHECK(!ay_inspect_site_tunnelled(&all.sites[0]) && strstr(warnings.data, "asked directly"));
    ay_buf_fini(&warnings);
    ay_inspect_sites_fini(&all);
}

static void secrets_are_read_where_they_are(void)
{
    char path[] = "/tmp/assay-secret-XXXXXX", reference[64], *secret;
    ay_err err;
    int fd = mkstemp(path);

    CHECK(write(fd, "from a file\nsecond line\n", 24) == 24);
    close(fd);
    snprintf(reference, sizeof reference, "file:%s", path);
    CHECK_OK(ay_secret_read(reference, "w", &secret, &err), err);
    CHECK(strcmp(secret, "from a file") == 0);
    ay_secret_free(secret);
    unlink(path);
    CHECK(ay_secret_read(reference, "the password", &secret, &err) == AY_ENOTFOUND && strstr(err.msg, "the password"));
    setenv("ASSAY_TEST_SECRET", "from outside", 1);
    CHECK_OK(ay_secret_read("env:ASSAY_TEST_SECRET", "w", &secret, &err), err);
    CHECK(strcmp(secret, "from outside") == 0);
    ay_secret_free(secret);
    CHECK(ay_secret_read("env:ASSAY_TEST_NO_SECRET", "w", &secret, &err) == AY_ENOTFOUND && strstr(err.msg, "ASSAY_TEST_NO_SECRET"));
    CHECK_OK(ay_secret_read("as it is", "w", &secret, &err), err);
    CHECK(strcmp(secret, "as it is") == 0);
    ay_secret_free(secret);
    CHECK_OK(ay_secret_read("", "w", &secret, &err), err);
    CHECK(!secret);
}

TESTS({"defaults are the old system's", defaults_are_the_old_systems}, {"bug 36: the margin says its unit", margin_says_its_unit},
      {"the old training file is read", old_file_is_read}, {"overrides go over all", overrides_go_over_all},
      {"wrong text names line and key", wrong_text_names_line_and_key}, {"references between keys", references_between_keys},
      {"files are composed as Hydra does", files_are_composed_as_hydra_does},
      {"the system file leads to the others", system_file_leads_to_the_others},
      {"steps get what is set", steps_get_what_is_set}, {"what is printed reads back", what_is_printed_reads_back}, {"structures have names", structures_have_names},
      {"the database file is read", database_file_is_read}, {"wrong database files", wrong_database_files},
      {"half an SSH server is told", half_an_ssh_server_is_told}, {"secrets are read where they are", secrets_are_read_where_they_are})
