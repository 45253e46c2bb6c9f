#include "net/hub.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "net/cache.h"
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *env(const char *name)
{
    const char *s = getenv(name);

    return s && *s ? s : NULL;
}

static bool env_on(const char *name)
{
    static const char *const yes[] = {"1", "on", "yes", "true"};
    const char *s = env(name);

    for (int i = 0; s && i < 4; i++)
        if (strcasecmp(s, yes[i]) == 0)
            return true;
    return false;
}

/* A path from the environment with "~/" as the home folder. */
static ay_status put_path(char dst[AY_HUB_PATH], const char *var, const char *path, const char *tail,
                          ay_err *err)
{
    const char *home = env("HOME");
    bool tilde = path[0] == '~' && (path[1] == '/' || path[1] == '\0');

    if (tilde && !home)
        return ay_fail(err, AY_EINVAL, "%s begins with ~ and HOME is not set", var);
    /* Half of the room is for what comes below it. */
    if (snprintf(dst, AY_HUB_PATH, "%s%s%s", tilde ? home : "", tilde ? path + 1 : path, tail) >=
        AY_HUB_PATH / 2)
        return ay_fail(err, AY_EINVAL, "%s is too long a path", var);
    return AY_OK;
}

static ay_status home_of_hub(char dst[AY_HUB_PATH], ay_err *err)
{
    const char *cache = env("XDG_CACHE_HOME");

    if (env("HF_HOME"))
        return put_path(dst, "HF_HOME", env("HF_HOME"), "", err);
    if (cache)
        return put_path(dst, "XDG_CACHE_HOME", cache, "/huggingface", err);
    if (!env("HOME"))
        return ay_fail(err, AY_EINVAL, "neither HF_HUB_CACHE nor HF_HOME nor HOME is set: no place for models");
    return put_path(dst, "HOME", env("HOME"), "/.cache/huggingface", err);
}

static ay_status cache_folder(ay_hub *out, const char *home, ay_err *err)
{
    static const char *const vars[] = {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"};

    for (int i = 0; i < 2; i++)
        if (env(vars[i]))
            return put_path(out->cache, vars[i], env(vars[i]), "", err);
    return put_path(out->cache, "HF_HOME", home, "/hub", err);
}

static ay_status set_token(ay_hub *out, const char *where, const char *text, ay_err *err)
{
    size_t n = strlen(text), lead = strspn(text, " \t\r\n");

    text += lead;
    n -= lead;
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 127)
            return ay_fail(err, AY_EINVAL, "%s has characters that no token has", where);
    if (n >= sizeof out->token)
        return ay_fail(err, AY_EINVAL, "%s is too long for a token", where);
    memcpy(out->token, text, n);
    out->token[n] = '\0';
    return AY_OK;
}

static ay_status read_token(ay_hub *out, const char *home, ay_err *err)
{
    static const char *const vars[] = {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"};
    char path[AY_HUB_PATH];
    ay_buf text = {0};
    ay_status status;

    for (int i = 0; i < 2; i++)
        if (env(vars[i]))
            return set_token(out, vars[i], env(vars[i]), err);
    if (env_on("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
        return AY_OK;
    status = env("HF_TOKEN_PATH") ? put_path(path, "HF_TOKEN_PATH", env("HF_TOKEN_PATH"), "", err)
                                  : put_path(path, "HF_HOME", home, "/token", err);
    if (status == AY_OK && ay_file_read(path, 4096, &text, NULL) == AY_OK && text.len)
        status = set_token(out, path, text.data, err);
    ay_buf_fini(&text);
    return status;
}

ay_status ay_hub_settings(ay_hub *out, ay_err *err)
{
    const char *endpoint = env("HF_ENDPOINT") ? env("HF_ENDPOINT") : "https://huggingface.co";
    size_t n = strlen(endpoint);
    char home[AY_HUB_PATH];
    ay_status status;

    *out = (ay_hub){.offline = env_on("HF_HUB_OFFLINE") || env_on("TRANSFORMERS_OFFLINE")};
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    if (!ay_fetch_url_valid(endpoint) || n >= sizeof out->endpoint)
        return ay_fail(err, AY_EINVAL, "HF_ENDPOINT is not an http or https address");
    memcpy(out->endpoint, endpoint, n);
    status = home_of_hub(home, err);
    if (status == AY_OK)
        status = cache_folder(out, home, err);
    return status == AY_OK ? read_token(out, home, err) : status;
}

/* One half of "org/name", by the hub's rules. */
static bool half_valid(const char *s, size_t n)
{
    if (n == 0 || strchr("-.", s[0]) || strchr("-.", s[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", s[i]))
            return false;
        if (i > 0 && (s[i] == '-' || s[i] == '.') && s[i] == s[i - 1])
            return false; /* "--" parts the halves in the cache */
    }
    return true;
}

ay_status ay_hub_ref_read(ay_hub_ref *out, const char *text, ay_err *err)
{
    const char *at = strchr(text, '@'), *slash = strchr(text, '/');
    size_t n = at ? (size_t)(at - text) : strlen(text);
    const char *revision = at ? at + 1 : "main";

    *out = (ay_hub_ref){0};
    if (!slash || slash >= text + n || n >= AY_HUB_REPO || !half_valid(text, (size_t)(slash - text)) ||
        !half_valid(slash + 1, n - 1 - (size_t)(slash - text)) || ay_str_ends_nocase(text, ".git"))
        return ay_fail(err, AY_EINVAL, "'%.100s' is not the name of a repository, as in org/name or "
                       "org/name@revision", text);
    if (!ay_revision_valid(revision))
        return ay_fail(err, AY_EINVAL, "'%.100s' is not a branch, a tag or a commit", revision);
    memcpy(out->repo, text, n);
    memcpy(out->revision, revision, strlen(revision) + 1);
    return AY_OK;
}

bool ay_hub_file_valid(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n >= AY_HUB_FILE || name[0] == '/' || name[n - 1] == '/' || !ay_utf8_valid(name, n))
        return false;
    for (const char *s = name; s;) {
        size_t part = strcspn(s, "/");
        if (part == 0 || part > 200 || (part == 1 && s[0] == '.') || (part == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        s = s[part] ? s + part + 1 : NULL;
    }
    for (const char *s = name; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127 || *s == '\\' || *s == ':')
            return false;
    return true;
}

ay_status ay_hub_find(const ay_hub *hub, const ay_hub_ref *ref, const char *file,
                      char path[AY_HUB_PATH], ay_err *err)
{
    char commit[AY_HUB_COMMIT];
    ay_status status;

    if (!ay_hub_file_valid(file))
        return ay_fail(err, AY_EINVAL, "the hub names a file that is no file name");
    status = ay_cache_commit(hub, ref, commit, err);
    if (status == AY_OK)
        status = ay_cache_pointer(hub, ref->repo, commit, file, path, err);
    if (status == AY_OK && !ay_file_exists(path))
        status = ay_fail(err, AY_ENOTFOUND, "%s of %s is not in the cache %.200s", file, ref->repo, hub->cache);
    return status;
}

ay_status ay_hub_snapshot(const ay_hub *hub, const ay_hub_ref *ref, char path[AY_HUB_PATH],
                          char commit[AY_HUB_COMMIT], ay_err *err)
{
    ay_status status = ay_cache_commit(hub, ref, commit, err);

    if (status == AY_OK)
        status = ay_cache_pointer(hub, ref->repo, commit, "", path, err);
    if (status == AY_OK && !ay_file_is_dir(path))
        status = AY_ENOTFOUND;
    if (status == AY_ENOTFOUND)
        ay_fail(err, status, "%s@%s is not in the cache %.200s", ref->repo, ref->revision, hub->cache);
    return status;
}

ay_status ay_hub_check(const char *path, ay_err *err)
{
    char target[AY_HUB_PATH], hex[AY_SHA256_HEX], *name;
    ssize_t n = readlink(path, target, sizeof target - 1);
    ay_blob_id id;
    ay_status status;

    target[n < 0 ? 0 : n] = '\0';
    name = strrchr(target, '/');
    if (!name || !ay_blob_id_valid(name + 1))
        return ay_fail(err, AY_EUNSUPPORTED, "%s is not a link of the models' cache", path);
    snprintf(id.hex, sizeof id.hex, "%s", name + 1);
    status = ay_blob_hash_file(path, &id, hex, err);
    if (status == AY_OK && strcmp(hex, id.hex) != 0)
        return ay_fail(err, AY_ECORRUPT, "%s holds other bytes than its name says: remove it and pull again",
                       path);
    return status;
}
