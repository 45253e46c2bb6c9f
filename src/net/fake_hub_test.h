/* net/fake_hub_test.h - a hub of one repository, with everything that can go wrong as a switch.
 *
 * Two servers as in life: the hub at 127.0.0.1 answers for small files and redirects the weights to a
 * store at localhost, which is another host.  As the real one: X-Repo-Commit, X-Linked-ETag and
 * X-Linked-Size on the redirect, quoted ETags, git's digest for small files, 404 with X-Error-Code. */
#ifndef AY_NET_FAKE_HUB_TEST_H
#define AY_NET_FAKE_HUB_TEST_H

#include "net/cache.h"
#include "net/server_test.h"

#define FAKE_REPO "acme/tiny-clip"
#define FAKE_COMMIT "0123456789abcdef0123456789abcdef01234567"
#define FAKE_LATER "fedcba9876543210fedcba9876543210fedcba98"
enum { FAKE_WEIGHTS = 3000000 };
static const char fake_config[] = "{\"architecture\": \"none\", \"licence\": \"mit\"}\n";

static struct {
    test_server hub, store;
    char *weights;
    char sha256[AY_SHA256_HEX], git[AY_SHA256_HEX];
    const char *commit;
    int refuse;               /* this status for everything; 0: none */
    const char *refuse_code;  /* X-Error-Code of it */
    int retry_after;
    atomic_int refuse_times;  /* so often; negative: always */
    atomic_int break_times;   /* the store breaks off so often ... */
    int break_after;          /* ... after so many bytes */
    bool no_ranges, wrong_total, endless, no_commit, odd_etag, no_size, bad_range;
    bool loop;                /* the store sends back to itself */
    atomic_int slow_us;       /* between pieces of the store's bodies */
    bool no_weights;          /* the listing has a pickle only */
    atomic_int gets, heads, partial; /* of the weights; with a Range header */
    atomic_llong sent;        /* bytes of weights */
    char last_token[256];     /* Authorization of the last call to the hub, "" when none */
    bool store_saw_token;
} fake;

static inline void fake_store_body(test_call *c, size_t from)
{
    size_t n = FAKE_WEIGHTS - from, most = n;
    bool broken = atomic_load(&fake.break_times) > 0;

    if (broken) {
        atomic_fetch_sub(&fake.break_times, 1);
        most = (size_t)fake.break_after < n ? (size_t)fake.break_after : n;
    }
    for (size_t i = 0; i < most; i += 65536) {
        size_t piece = most - i < 65536 ? most - i : 65536;
        test_send(c, fake.weights + from + i, piece);
        atomic_fetch_add(&fake.sent, (long long)piece);
        if (atomic_load(&fake.slow_us))
            usleep((useconds_t)atomic_load(&fake.slow_us));
    }
    for (int i = 0; fake.endless && i < 1000; i++)
        test_send(c, fake.weights, 65536);
}

static inline void fake_store(void *ctx, test_call *c)
{
    const char *range = test_header(c, "Range");
    size_t from = range && !fake.no_ranges ? (size_t)atol(range + 6) : 0;

    (void)ctx;
    if (test_header(c, "Authorization"))
        fake.store_saw_token = true;
    if (fake.loop) {
        test_say(c, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", c->path);
        return;
    }
    atomic_fetch_add(&fake.gets, 1);
    if (from > 0)
        atomic_fetch_add(&fake.partial, 1);
    if (from >= FAKE_WEIGHTS) {
        test_say(c, "HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    if (fake.endless)
        test_say(c, "HTTP/1.1 200 OK\r\n\r\n");
    else if (from > 0)
        test_say(c, "HTTP/1.1 206 Part\r\nContent-Range: bytes %zu-%d/%d\r\nContent-Length: %zu\r\n\r\n",
                 fake.bad_range ? from - 1 : from, FAKE_WEIGHTS - 1, FAKE_WEIGHTS, FAKE_WEIGHTS - from);
    else
        test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: \"store\"\r\n\r\n",
                 FAKE_WEIGHTS + (fake.wrong_total ? 5 : 0));
    fake_store_body(c, from);
}

static inline void fake_weights(test_call *c)
{
    if (strcmp(c->method, "HEAD") == 0)
        atomic_fetch_add(&fake.heads, 1);
    test_say(c, "HTTP/1.1 302 Found\r\nLocation: http://localhost:%d/blob/1?sig=x\r\n", fake.store.port);
    if (!fake.no_commit)
        test_say(c, "X-Repo-Commit: %s\r\n", fake.commit);
    if (!fake.no_size)
        test_say(c, "X-Linked-Size: %d\r\n", FAKE_WEIGHTS);
    test_say(c, "X-Linked-ETag: \"%s\"\r\nETag: W/\"other\"\r\nContent-Length: 0\r\n\r\n",
             fake.odd_etag ? "../../../etc/passwd" : fake.sha256);
}

static inline void fake_listing(test_call *c)
{
    char text[1024];

    snprintf(text, sizeof text,
             "{\"sha\": \"%s\", \"gated\": false, \"cardData\": {\"license\": \"other\", \"license_name\": "
             "\"apple-amlr\"}, \"siblings\": [{\"rfilename\": \"../evil.json\"}, {\"rfilename\": \"%s\"}, "
             "{\"rfilename\": \"config.json\"}, {\"rfilename\": \"sub/model.safetensors\"}]}",
             fake.commit, fake.no_weights ? "pytorch_model.bin" : "model.safetensors");
    test_say(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(text), text);
}

static inline void fake_main(void *ctx, test_call *c)
{
    const char *token = test_header(c, "Authorization");
    const char *file = strstr(c->path, "/resolve/");

    (void)ctx;
    snprintf(fake.last_token, sizeof fake.last_token, "%.255s", token ? token : "");
    if (fake.refuse && atomic_load(&fake.refuse_times)) {
        atomic_fetch_sub(&fake.refuse_times, 1);
        test_say(c, "HTTP/1.1 %d No\r\n", fake.refuse);
        if (fake.refuse_code)
            test_say(c, "X-Error-Code: %s\r\n", fake.refuse_code);
        if (fake.retry_after)
            test_say(c, "Retry-After: %d\r\n", fake.retry_after);
        test_say(c, "Content-Length: 0\r\n\r\n");
        return;
    }
    if (strncmp(c->path, "/api/models/" FAKE_REPO "/revision/", 12 + sizeof FAKE_REPO + 9) == 0) {
        fake_listing(c);
        return;
    }
    file = file ? strchr(file + 9, '/') : NULL;
    if (file && strcmp(file, "/model.safetensors") == 0)
        fake_weights(c);
    else if (file && (strcmp(file, "/config.json") == 0 || strcmp(file, "/sub/config.json") == 0))
        test_say(c, "HTTP/1.1 200 OK\r\nX-Repo-Commit: %s\r\nETag: \"%s\"\r\nContent-Length: %zu\r\n\r\n%s",
                 fake.commit, fake.git, strlen(fake_config),
                 strcmp(c->method, "HEAD") == 0 ? "" : fake_config);
    else
        test_say(c, "HTTP/1.1 404 No\r\nX-Repo-Commit: %s\r\nX-Error-Code: EntryNotFound\r\n"
                    "Content-Length: 0\r\n\r\n", fake.commit);
}

static inline void fake_start(void)
{
    ay_blob_hash h;
    ay_blob_id git = {"0123456789012345678901234567890123456789"};
    ay_err err;

    memset(&fake, 0, sizeof fake);
    fake.commit = FAKE_COMMIT;
    fake.refuse_times = -1;
    fake.weights = ay_alloc(FAKE_WEIGHTS, 1);
    for (unsigned i = 0, x = 1; i < FAKE_WEIGHTS; i++) {
        x = x * 1664525u + 1013904223u;
        fake.weights[i] = (char)(x >> 24);
    }
    ay_sha256_bytes(fake.weights, FAKE_WEIGHTS, fake.sha256);
    CHECK_OK(ay_blob_hash_start(&h, &git, strlen(fake_config), &err), err);
    ay_blob_hash_add(&h, fake_config, strlen(fake_config));
    ay_blob_hash_end(&h, fake.git);
    test_serve(&fake.store, fake_store, NULL);
    test_serve(&fake.hub, fake_main, NULL);
}

static inline void fake_end(void)
{
    test_serve_end(&fake.hub);
    test_serve_end(&fake.store);
    ay_free(fake.weights);
}

#endif
