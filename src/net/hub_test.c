#include "base/test.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/fake_hub_test.h"
#include "net/hub.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static ay_err err;
static char root[64];
static ay_hub hub;
static ay_hub_pulled pulled;
static int stages[5]; /* how often each was shown */
static ay_hub_progress last;
static const ay_hub_want both[] = {{.name = "model.safetensors"},
                                   {.name = "config.json", .optional = true},
                                   {.name = "README.md", .optional = true}};

static void begin(void)
{
    strcpy(root, "/tmp/assay-hub-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    fake_start();
    hub = (ay_hub){.impatient = true};
    snprintf(hub.cache, sizeof hub.cache, "%s/hub", root);
    snprintf(hub.endpoint, sizeof hub.endpoint, "http://127.0.0.1:%d", fake.hub.port);
    memset(stages, 0, sizeof stages);
}

static void end(void)
{
    char command[128];

    fake_end();
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK(system(command) == 0);
}

/* Called by as many threads as pull at once. */
static void watch(void *ctx, const ay_hub_progress *p)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    (void)ctx;
    pthread_mutex_lock(&lock);
    stages[p->stage]++;
    last = *p;
    pthread_mutex_unlock(&lock);
}

static ay_hub_request request(void)
{
    ay_hub_request q = {.files = both, .n = 3, .progress = watch};

    CHECK_OK(ay_hub_ref_read(&q.ref, FAKE_REPO, &err), err);
    return q;
}

static ay_status pull(void)
{
    ay_hub_request q = request();

    return ay_hub_pull(&hub, &q, &pulled, &err);
}

/* A path below the repository's folder of the cache. */
static const char *in_repo(const char *tail)
{
    static char path[4][8192];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/models--acme--tiny-clip/%s", hub.cache, tail);
    return p;
}

static const char *blob(const char *suffix)
{
    char tail[128];

    snprintf(tail, sizeof tail, "blobs/%s%s", fake.sha256, suffix);
    return in_repo(tail);
}

static bool file_is(const char *path, const void *p, size_t n)
{
    ay_buf b = {0};
    bool same = ay_file_read(path, 0, &b, &err) == AY_OK && b.len == n && memcmp(b.data, p, n) == 0;

    ay_buf_fini(&b);
    return same;
}

static bool link_is(const char *path, const char *want)
{
    char target[512];
    ssize_t n = readlink(path, target, sizeof target);

    return n == (ssize_t)strlen(want) && memcmp(target, want, (size_t)n) == 0;
}

/* No file of the weights' digest or in the snapshot looks whole. */
static bool nothing_whole(void)
{
    return !ay_file_exists(blob("")) && !ay_file_exists(in_repo("snapshots/" FAKE_COMMIT "/model.safetensors")) &&
           !ay_file_exists(in_repo("refs/main"));
}

static void layout(void)
{
    long before = ay_mem_live();
    char want[128];

    begin();
    CHECK_OK(pull(), err);
    CHECK(pulled.files == 2 && pulled.bytes == FAKE_WEIGHTS + strlen(fake_config) && !pulled.stale);
    CHECK(pulled.fetched == pulled.bytes && strcmp(pulled.commit, FAKE_COMMIT) == 0);
    CHECK(strcmp(pulled.folder, in_repo("snapshots/" FAKE_COMMIT)) == 0);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS) && !ay_file_exists(blob(".incomplete")));
    CHECK(file_is(in_repo("refs/main"), FAKE_COMMIT, 40));
    snprintf(want, sizeof want, "../../blobs/%s", fake.sha256);
    CHECK(link_is(in_repo("snapshots/" FAKE_COMMIT "/model.safetensors"), want));
    snprintf(want, sizeof want, "../../blobs/%s", fake.git);
    CHECK(link_is(in_repo("snapshots/" FAKE_COMMIT "/config.json"), want));
    CHECK(file_is(in_repo("snapshots/" FAKE_COMMIT "/config.json"), fake_config, strlen(fake_config)));
    CHECK(ay_file_exists(in_repo(".no_exist/" FAKE_COMMIT "/README.md")));
    CHECK(!ay_file_exists(in_repo("snapshots/" FAKE_COMMIT "/README.md")));
    CHECK(last.done == last.total && last.total == pulled.bytes && stages[AY_HUB_LOADING] > 3);
    CHECK_OK(ay_hub_check(in_repo("snapshots/" FAKE_COMMIT "/model.safetensors"), &err), err);
    CHECK_OK(ay_hub_check(in_repo("snapshots/" FAKE_COMMIT "/config.json"), &err), err);
    /* Again: nothing comes over the network but the question. */
    atomic_store(&fake.gets, 0);
    CHECK_OK(pull(), err);
    CHECK(atomic_load(&fake.gets) == 0 && pulled.fetched == 0 && pulled.files == 2);
    end();
    CHECK(ay_mem_live() == before);
}

static void a_folder_in_a_repository(void)
{
    static const ay_hub_want deep[] = {{.name = "sub/config.json"}};
    ay_hub_request q;
    char want[128];

    begin();
    q = request();
    q.files = deep;
    q.n = 1;
    CHECK_OK(ay_hub_pull(&hub, &q, &pulled, &err), err);
    snprintf(want, sizeof want, "../../../blobs/%s", fake.git);
    CHECK(link_is(in_repo("snapshots/" FAKE_COMMIT "/sub/config.json"), want));
    CHECK(file_is(in_repo("snapshots/" FAKE_COMMIT "/sub/config.json"), fake_config, strlen(fake_config)));
    end();
}

static void goes_on_where_it_broke_off(void)
{
    begin();
    fake.break_times = 3;
    fake.break_after = 700000;
    CHECK_OK(pull(), err);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS) && pulled.fetched == pulled.bytes);
    CHECK(atomic_load(&fake.gets) == 4 && atomic_load(&fake.partial) == 3 && stages[AY_HUB_PAUSING] == 3);
    CHECK(atomic_load(&fake.sent) == FAKE_WEIGHTS);
    end();
}

static void a_later_pull_goes_on(void)
{
    struct stat st;

    begin();
    fake.break_times = 100; /* every attempt ends after a little, too little to count */
    fake.break_after = 1000;
    CHECK(pull() == AY_EIO && err.msg[0] && nothing_whole());
    CHECK(stat(blob(".incomplete"), &st) == 0 && st.st_size > 0 && st.st_size < 100000);
    atomic_store(&fake.break_times, 0);
    atomic_store(&fake.gets, 0);
    CHECK_OK(pull(), err);
    CHECK(stages[AY_HUB_CHECKING] > 0 && atomic_load(&fake.partial) >= 1 && atomic_load(&fake.gets) == 1);
    CHECK(pulled.fetched == pulled.bytes - (uint64_t)st.st_size);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS));
    end();
}

static void a_server_without_ranges(void)
{
    begin();
    fake.break_times = 1;
    fake.break_after = 500000;
    fake.no_ranges = true;
    CHECK_OK(pull(), err);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS) && atomic_load(&fake.gets) == 2);
    end();
}

static void wrong_leftovers_are_thrown_away(void)
{
    char junk[5000];

    begin();
    memset(junk, 'x', sizeof junk);
    CHECK_OK(ay_file_mkdirs(in_repo("blobs"), &err), err);
    CHECK_OK(ay_file_write(blob(".incomplete"), junk, sizeof junk, &err), err);
    CHECK_OK(pull(), err); /* digest wrong after going on; right from zero */
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS) && atomic_load(&fake.gets) == 2);
    end();
    begin();
    CHECK_OK(ay_file_mkdirs(in_repo("blobs"), &err), err);
    CHECK_OK(ay_file_write(blob(""), junk, sizeof junk, &err), err); /* a blob of the wrong size */
    CHECK_OK(pull(), err);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS));
    end();
}

static void wrong_bytes(void)
{
    begin();
    fake.weights[1234567] ^= 1;
    CHECK(pull() == AY_ECORRUPT && strstr(err.msg, "digest") && nothing_whole());
    CHECK(!ay_file_exists(blob(".incomplete")));
    end();
}

static void wrong_lengths(void)
{
    begin();
    fake.wrong_total = true;
    CHECK(pull() == AY_ECORRUPT && nothing_whole());
    end();
    begin();
    fake.endless = true;
    CHECK(pull() == AY_ECORRUPT && strstr(err.msg, "more than") && nothing_whole());
    CHECK(!ay_file_exists(blob(".incomplete")));
    end();
    begin();
    fake.bad_range = true;
    fake.break_times = 1;
    fake.break_after = 200000;
    CHECK_OK(pull(), err); /* from zero, after its ranges proved wrong */
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS));
    end();
}

static void no_proper_hub(void)
{
    begin();
    fake.no_commit = true;
    CHECK(pull() == AY_EUNSUPPORTED && strstr(err.msg, "X-Repo-Commit") && nothing_whole());
    end();
    begin();
    fake.odd_etag = true;
    CHECK(pull() == AY_EUNSUPPORTED && strstr(err.msg, "digest") && nothing_whole());
    end();
    begin();
    fake.no_size = true;
    CHECK(pull() == AY_EUNSUPPORTED && strstr(err.msg, "how large"));
    end();
    begin();
    fake.loop = true;
    CHECK(pull() == AY_ELIMIT && strstr(err.msg, "redirects") && nothing_whole());
    end();
    begin();
    fake.commit = "../../../../../../../../../etc/cron.d/xx";
    CHECK(pull() == AY_EUNSUPPORTED && nothing_whole());
    end();
}

static void refusals(void)
{
    static const struct {
        int status;
        const char *code;
        ay_status want;
        const char *word;
    } all[] = {
        {401, NULL, AY_ECONFLICT, "HF_TOKEN"},
        {403, "GatedRepo", AY_ECONFLICT, "terms"},
        {404, "RepoNotFound", AY_ENOTFOUND, "no repository"},
        {404, "RevisionNotFound", AY_ENOTFOUND, "branch"},
        {404, "EntryNotFound", AY_ENOTFOUND, "no file"},
        {500, NULL, AY_EBUSY, "500"},
        {429, NULL, AY_EBUSY, "429"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        begin();
        fake.refuse = all[i].status;
        fake.refuse_code = all[i].code;
        CHECK(pull() == all[i].want && strstr(err.msg, all[i].word) && nothing_whole());
        end();
    }
}

static void patience(void)
{
    begin();
    fake.refuse = 429;
    fake.retry_after = 1;
    fake.refuse_times = 2;
    CHECK_OK(pull(), err);
    CHECK(stages[AY_HUB_PAUSING] == 2);
    end();
    begin();
    fake.refuse = 429;
    fake.retry_after = 3000; /* nobody waits that long */
    fake.refuse_times = -1;
    CHECK(pull() == AY_EBUSY && stages[AY_HUB_PAUSING] == 0);
    end();
}

static void tokens(void)
{
    begin();
    strcpy(hub.token, "hf_secret");
    CHECK_OK(pull(), err);
    CHECK(strcmp(fake.last_token, "Bearer hf_secret") == 0 && !fake.store_saw_token);
    end();
}

static void offline(void)
{
    begin();
    hub.offline = true;
    CHECK(pull() == AY_ENOTFOUND && strstr(err.msg, "offline") && atomic_load(&fake.hub.calls) == 0);
    hub.offline = false;
    CHECK_OK(pull(), err);
    int calls = atomic_load(&fake.hub.calls);
    hub.offline = true;
    CHECK_OK(pull(), err);
    CHECK(atomic_load(&fake.hub.calls) == calls && pulled.files == 2 && !pulled.stale);
    CHECK(strcmp(pulled.folder, in_repo("snapshots/" FAKE_COMMIT)) == 0);
    /* The hub is away: the copy answers, and says so. */
    hub.offline = false;
    snprintf(hub.endpoint, sizeof hub.endpoint, "http://127.0.0.1:1");
    CHECK_OK(pull(), err);
    CHECK(pulled.stale && pulled.files == 2);
    end();
}

static void an_interrupted_update_keeps_the_old_one(void)
{
    ay_hub_ref ref;
    char path[AY_HUB_PATH], commit[AY_HUB_COMMIT];

    begin();
    CHECK_OK(ay_hub_ref_read(&ref, FAKE_REPO, &err), err);
    CHECK_OK(pull(), err);
    fake.commit = FAKE_LATER;
    fake.weights[99] ^= 1;
    ay_sha256_bytes(fake.weights, FAKE_WEIGHTS, fake.sha256);
    fake.break_times = 100;
    fake.break_after = 1000;
    CHECK(pull() == AY_EIO);
    CHECK_OK(ay_hub_snapshot(&hub, &ref, path, commit, &err), err);
    CHECK(strcmp(commit, FAKE_COMMIT) == 0);
    CHECK_OK(ay_hub_find(&hub, &ref, "model.safetensors", path, &err), err);
    fake.break_times = 0;
    CHECK_OK(pull(), err);
    CHECK_OK(ay_hub_snapshot(&hub, &ref, path, commit, &err), err);
    CHECK(strcmp(commit, FAKE_LATER) == 0);
    CHECK(ay_file_exists(in_repo("snapshots/" FAKE_COMMIT "/model.safetensors")));
    end();
}

static void known_digests(void)
{
    ay_hub_want want = {.name = "model.safetensors"};
    ay_hub_request q;

    begin();
    q = request();
    q.files = &want;
    q.n = 1;
    memset(want.sha256, 'a', 64);
    CHECK(ay_hub_pull(&hub, &q, &pulled, &err) == AY_ECORRUPT && strstr(err.msg, "known"));
    CHECK(atomic_load(&fake.gets) == 0);
    strcpy(want.sha256, fake.sha256);
    CHECK_OK(ay_hub_pull(&hub, &q, &pulled, &err), err);
    end();
}

static void *pull_beside(void *arg)
{
    ay_hub_request q = {.files = both, .n = 3, .progress = watch};
    ay_hub_pulled out;
    ay_err e;

    if (ay_hub_ref_read(&q.ref, FAKE_REPO, &e) != AY_OK || ay_hub_pull(&hub, &q, &out, &e) != AY_OK)
        snprintf(arg, 200, "%.190s", e.msg);
    return NULL;
}

static void two_at_once(void)
{
    char failed[4][200] = {"", "", "", ""};
    pthread_t t[4];

    begin();
    fake.slow_us = 3000;
    for (int i = 0; i < 4; i++)
        CHECK_OK(ay_thread_start(&t[i], "pull", pull_beside, failed[i], &err), err);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 4; i++)
        CHECK(failed[i][0] == '\0');
    CHECK(atomic_load(&fake.gets) == 1 && atomic_load(&fake.sent) == FAKE_WEIGHTS);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS) && stages[AY_HUB_WAITING] > 0);
    end();
}

static void *cancel_soon(void *arg)
{
    usleep(150000);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void cancelled(void)
{
    atomic_bool cancel = false;
    ay_hub_request q;
    struct stat st;
    pthread_t t;

    begin();
    fake.slow_us = 20000;
    q = request();
    q.cancel = &cancel;
    CHECK_OK(ay_thread_start(&t, "cancel", cancel_soon, &cancel, &err), err);
    CHECK(ay_hub_pull(&hub, &q, &pulled, &err) == AY_ECANCELLED && nothing_whole());
    pthread_join(t, NULL);
    CHECK(stat(blob(".incomplete"), &st) == 0 && st.st_size > 0 && st.st_size < FAKE_WEIGHTS);
    fake.slow_us = 0;
    CHECK_OK(pull(), err);
    CHECK(atomic_load(&fake.partial) == 1);
    end();
}

/* The file size limit of the process stands in for a full disk: the write fails in the middle. */
static void disk_full(void)
{
    struct rlimit old, small = {1000000, RLIM_INFINITY};
    struct stat st;

    begin();
    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
    small.rlim_max = old.rlim_max;
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    ay_status status = pull();
    CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
    CHECK(status == AY_EIO && strstr(err.msg, "write") && nothing_whole() && atomic_load(&fake.gets) == 1);
    CHECK(stat(blob(".incomplete"), &st) == 0 && st.st_size > 0 && st.st_size <= 1000000);
    CHECK_OK(pull(), err);
    CHECK(file_is(blob(""), fake.weights, FAKE_WEIGHTS));
    end();
}

static void listings(void)
{
    static ay_hub_listing list;
    ay_hub_ref ref;

    begin();
    CHECK_OK(ay_hub_ref_read(&ref, FAKE_REPO "@refs/pr/1", &err), err);
    CHECK_OK(ay_hub_list(&hub, &ref, &list, &err), err);
    CHECK(list.n == 2 && strcmp(list.file[0].name, "model.safetensors") == 0 && !list.file[0].optional);
    CHECK(strcmp(list.file[1].name, "config.json") == 0 && strcmp(list.licence, "apple-amlr") == 0);
    fake.no_weights = true;
    CHECK(ay_hub_list(&hub, &ref, &list, &err) == AY_EUNSUPPORTED && strstr(err.msg, "pickle"));
    fake.refuse = 401;
    CHECK(ay_hub_list(&hub, &ref, &list, &err) == AY_ECONFLICT);
    end();
}

static void names(void)
{
    static const char *const bad_files[] = {"", "/etc/passwd", "..", "a/../b", "../a", "a/..", "a//b", "a/", ".",
                                            "a\\b", "a\nb", "c:d", "\xff", "./a"};
    static const char *const bad_refs[] = {"", "a", "a/b/c", "../b", "a/..", "a/b@", "a/b@../x", "a/b@/x", "a/b@x/",
                                           "a--b/c", "-a/b", "a/b.git", "a/b@x y", "a/b@-x", "a/ b", "a/b@x//y",
                                           "a/b@.", "/b", "a/", "a/b@x@y"};
    ay_hub_ref ref;

    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++)
        CHECK(!ay_hub_file_valid(bad_files[i]));
    for (size_t i = 0; i < sizeof bad_refs / sizeof *bad_refs; i++)
        CHECK(ay_hub_ref_read(&ref, bad_refs[i], &err) == AY_EINVAL);
    CHECK(ay_hub_file_valid("model.safetensors") && ay_hub_file_valid("a/..b/c d.json"));
    CHECK_OK(ay_hub_ref_read(&ref, "laion/CLIP-ViT-B-32-laion2B-s34B-b79K@refs/pr/3", &err), err);
    CHECK(strcmp(ref.repo, "laion/CLIP-ViT-B-32-laion2B-s34B-b79K") == 0 && strcmp(ref.revision, "refs/pr/3") == 0);
    begin();
    ay_hub_want evil = {.name = "../../../x"};
    ay_hub_request q = request();
    q.files = &evil;
    q.n = 1;
    CHECK(ay_hub_pull(&hub, &q, &pulled, &err) == AY_EINVAL && atomic_load(&fake.hub.calls) == 0);
    end();
}

static void spoiled_blobs_are_found(void)
{
    int fd;

    begin();
    CHECK_OK(pull(), err);
    fd = open(blob(""), O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, "?", 1, 1000) == 1 && close(fd) == 0);
    CHECK(ay_hub_check(in_repo("snapshots/" FAKE_COMMIT "/model.safetensors"), &err) == AY_ECORRUPT);
    CHECK(ay_hub_check("/etc/passwd", &err) == AY_EUNSUPPORTED);
    end();
}

static void settings(void)
{
    static const char *const all[] = {"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ENDPOINT", "HF_TOKEN",
                                      "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE",
                                      "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME"};
    ay_hub h;

    begin();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        unsetenv(all[i]);
    setenv("HOME", root, 1);
    CHECK_OK(ay_hub_settings(&h, &err), err);
    CHECK(strstr(h.cache, "/.cache/huggingface/hub") && strncmp(h.cache, root, strlen(root)) == 0);
    CHECK(strcmp(h.endpoint, "https://huggingface.co") == 0 && !h.token[0] && !h.offline);
    setenv("HF_HOME", "~/hf", 1);
    setenv("HF_ENDPOINT", "https://mirror.example/x/", 1);
    setenv("HF_HUB_OFFLINE", "YES", 1);
    char file[128];
    snprintf(file, sizeof file, "%s/hf", root);
    CHECK_OK(ay_file_mkdirs(file, &err), err);
    snprintf(file, sizeof file, "%s/hf/token", root);
    CHECK_OK(ay_file_write(file, " hf_abc\n", 8, &err), err);
    CHECK_OK(ay_hub_settings(&h, &err), err);
    CHECK(strstr(h.cache, "/hf/hub") && strcmp(h.endpoint, "https://mirror.example/x") == 0 && h.offline);
    CHECK(strcmp(h.token, "hf_abc") == 0);
    setenv("HF_HUB_CACHE", "/models", 1);
    setenv("HF_TOKEN", "hf_env", 1);
    setenv("HF_HUB_OFFLINE", "0", 1);
    CHECK_OK(ay_hub_settings(&h, &err), err);
    CHECK(strcmp(h.cache, "/models") == 0 && strcmp(h.token, "hf_env") == 0 && !h.offline);
    setenv("HF_TOKEN", "two words", 1);
    CHECK(ay_hub_settings(&h, &err) == AY_EINVAL && strstr(err.msg, "HF_TOKEN") && !strstr(err.msg, "words"));
    setenv("HF_TOKEN", "", 1);
    setenv("HF_ENDPOINT", "ftp://x", 1);
    CHECK(ay_hub_settings(&h, &err) == AY_EINVAL && strstr(err.msg, "HF_ENDPOINT"));
    end();
}

TESTS({"the layout of the cache", layout}, {"a folder in a repository", a_folder_in_a_repository},
      {"goes on where it broke off", goes_on_where_it_broke_off}, {"a later pull goes on", a_later_pull_goes_on},
      {"a server without ranges", a_server_without_ranges},
      {"wrong leftovers are thrown away", wrong_leftovers_are_thrown_away}, {"wrong bytes", wrong_bytes},
      {"wrong lengths", wrong_lengths}, {"no proper hub", no_proper_hub}, {"refusals", refusals},
      {"patience", patience}, {"tokens", tokens}, {"offline", offline},
      {"an interrupted update keeps the old one", an_interrupted_update_keeps_the_old_one},
      {"known digests", known_digests}, {"two at once", two_at_once}, {"cancelled", cancelled},
      {"disk full", disk_full}, {"listings", listings}, {"names", names},
      {"spoiled blobs are found", spoiled_blobs_are_found}, {"settings", settings})
