/* What a repository has, and which of it a model needs. */
#include "base/str.h"
#include "net/ask.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { LISTING_BYTES = 8 << 20, LISTING_MS = 30000, NAMES_MAX = 20000 };

/* Beside the weights, in the repository's top folder. */
static const char *const beside[] = {
    "config.json",    "open_clip_config.json", "preprocessor_config.json",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "vocab.json",     "merges.txt",            "bpe_simple_vocab_16e6.txt.gz",
    "known.json",     "golden.json",           "LICENSE",
    "LICENSE.txt",    "LICENSE.md",            "README.md",
};

static const char *sibling(const json_t *all, size_t i)
{
    const char *s = json_string_value(json_object_get(json_array_get(all, i), "rfilename"));

    return s && ay_hub_file_valid(s) ? s : "";
}

static bool has(const json_t *all, const char *name)
{
    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(sibling(all, i), name) == 0)
            return true;
    return false;
}

static bool is_pickle(const char *name)
{
    static const char *const ends[] = {".bin", ".pt", ".pth", ".ckpt", ".pkl"};

    for (int i = 0; i < 5; i++)
        if (ay_str_ends_nocase(name, ends[i]))
            return true;
    return false;
}

/* The only *.safetensors of the top folder; NULL: none, or several (*n). */
static const char *only_weights(const json_t *all, int *n)
{
    const char *found = NULL;

    *n = 0;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *s = sibling(all, i);
        if (ay_str_ends_nocase(s, ".safetensors") && !strchr(s, '/')) {
            found = s;
            ++*n;
        }
    }
    return *n == 1 ? found : NULL;
}

static ay_status no_weights(const json_t *all, const char *repo, int n, ay_err *err)
{
    const char *pickle = NULL;

    for (size_t i = 0; i < json_array_size(all) && !pickle; i++)
        pickle = is_pickle(sibling(all, i)) ? sibling(all, i) : NULL;
    if (has(all, "model.safetensors.index.json") || n > 1)
        return ay_fail(err, AY_EUNSUPPORTED, "the weights of %s are in several safetensors files, which is not "
                       "supported", repo);
    if (pickle)
        return ay_fail(err, AY_EUNSUPPORTED, "%s has its weights only as a pickle (%.100s), a format that runs code "
                       "when it is read; Assay reads safetensors only. Another revision may have them "
                       "(%s@refs/pr/N), or convert the file where you trust it", repo, pickle, repo);
    return ay_fail(err, AY_EUNSUPPORTED, "%s has no safetensors file: it is no model that Assay reads", repo);
}

static void add(ay_hub_listing *out, const char *name, bool optional)
{
    if (out->n == AY_HUB_FILES)
        return;
    out->file[out->n] = (ay_hub_want){.optional = optional};
    snprintf(out->file[out->n].name, AY_HUB_FILE, "%s", name);
    out->n++;
}

static ay_status choose(const json_t *all, const char *repo, ay_hub_listing *out, ay_err *err)
{
    const char *weights;
    int n = 0;

    weights = has(all, "model.safetensors")             ? "model.safetensors"
              : has(all, "open_clip_model.safetensors") ? "open_clip_model.safetensors"
                                                        : only_weights(all, &n);
    if (!weights)
        return no_weights(all, repo, n, err);
    add(out, weights, false);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (has(all, beside[i]))
            add(out, beside[i], true);
    return AY_OK;
}

static void read_licence(const json_t *o, char licence[128])
{
    const json_t *card = json_object_get(o, "cardData");
    const char *s = json_string_value(json_object_get(card, "license"));
    const char *name = json_string_value(json_object_get(card, "license_name"));

    if (s && strcmp(s, "other") == 0 && name)
        s = name;
    snprintf(licence, 128, "%s", s ? s : "");
    for (char *c = licence; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    while (!ay_utf8_valid(licence, strlen(licence)))
        licence[strlen(licence) - 1] = '\0';
}

static ay_status read_listing(const ay_buf *text, const ay_hub_ref *ref, ay_hub_listing *out, ay_err *err)
{
    json_t *o = json_loadb(text->data ? text->data : "", text->len, 0, NULL);
    const json_t *all = json_object_get(o, "siblings"), *gated = json_object_get(o, "gated");
    const char *sha = json_string_value(json_object_get(o, "sha"));
    ay_status status = AY_OK;

    if (!sha || !ay_commit_valid(sha) || !json_is_array(all) || json_array_size(all) > NAMES_MAX)
        status = ay_fail(err, AY_ECORRUPT, "the hub's list of the files of %s is not one", ref->repo);
    if (status == AY_OK) {
        memcpy(out->commit, sha, AY_HUB_COMMIT);
        out->gated = gated && !json_is_false(gated) && !json_is_null(gated);
        read_licence(o, out->licence);
        status = choose(all, ref->repo, out, err);
    }
    json_decref(o);
    return status;
}

/* One file of a revision that is in the cache, as a listing of what lies there. */
static ay_status list_cached(const ay_hub *hub, const ay_hub_ref *ref, ay_hub_listing *out, ay_err *err)
{
    static const char *const weights[] = {"model.safetensors", "open_clip_model.safetensors"};
    char path[AY_HUB_PATH];
    ay_status status = ay_hub_snapshot(hub, ref, path, out->commit, err);

    for (int i = 0; status == AY_OK && i < 2 && out->n == 0; i++)
        if (ay_hub_find(hub, ref, weights[i], path, NULL) == AY_OK)
            add(out, weights[i], false);
    if (status == AY_OK && out->n == 0)
        return ay_fail(err, AY_ENOTFOUND, "the weights of %s are not in the cache %.200s", ref->repo, hub->cache);
    for (size_t i = 0; status == AY_OK && i < sizeof beside / sizeof *beside; i++)
        if (ay_hub_find(hub, ref, beside[i], path, NULL) == AY_OK)
            add(out, beside[i], true);
    return status;
}

static void encode_slashes(ay_buf *b, const char *revision)
{
    for (; *revision; revision++)
        if (*revision == '/' || *revision == '+' || *revision == '=')
            ay_buf_printf(b, "%%%02X", (unsigned char)*revision);
        else
            ay_buf_putc(b, *revision);
}

ay_status ay_hub_list(const ay_hub *hub, const ay_hub_ref *ref, ay_hub_listing *out, ay_err *err)
{
    static const char *const wanted[] = {"X-Error-Code"};
    ay_buf url = {0}, text = {.limit = LISTING_BYTES + 1};
    ay_fetch_reply reply;
    ay_status status;

    *out = (ay_hub_listing){0};
    if (hub->offline)
        return list_cached(hub, ref, out, err);
    ay_buf_printf(&url, "%s/api/models/%s/revision/", hub->endpoint, ref->repo);
    encode_slashes(&url, ref->revision);
    if (url.failed)
        return ay_fail(err, AY_ENOMEM, "making an address");
    status = ay_fetch_text(&(ay_fetch_request){.url = url.data, .bearer = hub->token[0] ? hub->token : NULL,
                                               .want = wanted, .n_want = 1, .timeout_ms = LISTING_MS,
                                               .max_bytes = LISTING_BYTES},
                           &text, &reply, err);
    if (status == AY_OK && (reply.status < 200 || reply.status >= 300))
        status = ay_ask_refused(hub, ref->repo, ref->revision, "its list of files", &reply, reply.want[0], err);
    if (status == AY_OK)
        status = read_listing(&text, ref, out, err);
    ay_buf_fini(&url);
    ay_buf_fini(&text);
    return status;
}
