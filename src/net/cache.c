#include "net/cache.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 18, LOCK_PAUSE_US = 100000 };

static bool hex_digits(const char *s, size_t n)
{
    return strspn(s, "0123456789abcdef") == n && s[n] == '\0';
}

bool ay_blob_id_valid(const char *hex)
{
    return hex_digits(hex, 64) || hex_digits(hex, 40);
}

bool ay_commit_valid(const char *s)
{
    return hex_digits(s, 40);
}

/* git's own rules for references and then some: what remains is safe in a path and in an address. */
bool ay_revision_valid(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n < AY_HUB_REVISION && ay_hub_file_valid(s) && s[0] != '-' && s[n - 1] != '.' &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/+=") == n;
}

ay_status ay_blob_hash_start(ay_blob_hash *h, const ay_blob_id *id, uint64_t size, ay_err *err)
{
    char head[48];
    gnutls_hash_hd_t sha1;
    int n;

    *h = (ay_blob_hash){.git = strlen(id->hex) == 40};
    if (!h->git) {
        ay_sha256_init(&h->sha256);
        return AY_OK;
    }
    if (gnutls_hash_init(&sha1, GNUTLS_DIG_SHA1) != 0)
        return ay_fail(err, AY_EUNSUPPORTED, "SHA-1, which git names small files by, cannot be computed here");
    h->sha1 = sha1;
    n = snprintf(head, sizeof head, "blob %llu", (unsigned long long)size);
    gnutls_hash(sha1, head, (size_t)n + 1);
    return AY_OK;
}

void ay_blob_hash_add(ay_blob_hash *h, const void *p, size_t n)
{
    if (h->git)
        gnutls_hash(h->sha1, p, n);
    else
        ay_sha256_add(&h->sha256, p, n);
}

void ay_blob_hash_end(ay_blob_hash *h, char hex[AY_SHA256_HEX])
{
    unsigned char digest[20];

    if (!h->git) {
        ay_sha256_hex(&h->sha256, hex);
        return;
    }
    gnutls_hash_deinit(h->sha1, digest);
    for (int i = 0; i < 20; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

ay_status ay_blob_hash_file(const char *path, const ay_blob_id *want, char hex[AY_SHA256_HEX], ay_err *err)
{
    static _Thread_local char chunk[CHUNK];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ay_blob_hash h;
    struct stat st;
    ay_status status;
    ssize_t n = 0;

    if (fd < 0 || fstat(fd, &st) != 0) {
        status = ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "open %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    status = ay_blob_hash_start(&h, want, (uint64_t)st.st_size, err);
    if (status == AY_OK) {
        while ((n = read(fd, chunk, sizeof chunk)) > 0)
            ay_blob_hash_add(&h, chunk, (size_t)n);
        ay_blob_hash_end(&h, hex);
    }
    close(fd);
    return status == AY_OK && n < 0 ? ay_fail(err, AY_EIO, "read %s: %s", path, strerror(errno)) : status;
}

static ay_status fits(int n, ay_err *err)
{
    return n < 0 || n >= AY_HUB_PATH ? ay_fail(err, AY_EINVAL, "a path of the models' cache is too long")
                                     : AY_OK;
}

ay_status ay_cache_repo(const ay_hub *hub, const char *repo, char path[AY_HUB_PATH], ay_err *err)
{
    const char *slash = strchr(repo, '/');

    return fits(snprintf(path, AY_HUB_PATH, "%s/models--%.*s--%s", hub->cache, (int)(slash - repo), repo,
                         slash + 1), err);
}

ay_status ay_cache_blob(const ay_hub *hub, const char *repo, const char *id, const char *suffix,
                        char path[AY_HUB_PATH], ay_err *err)
{
    char base[AY_HUB_PATH];
    ay_status status = ay_cache_repo(hub, repo, base, err);

    return status == AY_OK ? fits(snprintf(path, AY_HUB_PATH, "%s/blobs/%s%s", base, id, suffix), err)
                           : status;
}

ay_status ay_cache_pointer(const ay_hub *hub, const char *repo, const char *commit, const char *file,
                           char path[AY_HUB_PATH], ay_err *err)
{
    char base[AY_HUB_PATH];
    ay_status status = ay_cache_repo(hub, repo, base, err);

    return status == AY_OK ? fits(snprintf(path, AY_HUB_PATH, "%s/snapshots/%s%s%s", base, commit,
                                           *file ? "/" : "", file), err)
                           : status;
}

static ay_status ref_path(const ay_hub *hub, const ay_hub_ref *ref, char path[AY_HUB_PATH], ay_err *err)
{
    char base[AY_HUB_PATH];
    ay_status status = ay_cache_repo(hub, ref->repo, base, err);

    return status == AY_OK ? fits(snprintf(path, AY_HUB_PATH, "%s/refs/%s", base, ref->revision), err)
                           : status;
}

ay_status ay_cache_commit(const ay_hub *hub, const ay_hub_ref *ref, char commit[AY_HUB_COMMIT], ay_err *err)
{
    char path[AY_HUB_PATH];
    ay_buf text = {0};
    ay_status status;

    if (ay_commit_valid(ref->revision)) {
        memcpy(commit, ref->revision, AY_HUB_COMMIT);
        return AY_OK;
    }
    status = ref_path(hub, ref, path, err);
    if (status == AY_OK)
        status = ay_file_read(path, 256, &text, err);
    if (status == AY_OK) {
        const char *s = text.data ? ay_str_trim(text.data) : "";
        if (ay_commit_valid(s))
            memcpy(commit, s, AY_HUB_COMMIT);
        else
            status = ay_fail(err, AY_ECORRUPT, "%s holds no commit", path);
    }
    ay_buf_fini(&text);
    return status;
}

static ay_status make_parent(const char *path, ay_err *err)
{
    char dir[AY_HUB_PATH];

    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    return ay_file_mkdirs(dir, err);
}

static ay_status sync_parent(const char *path, ay_err *err)
{
    char dir[AY_HUB_PATH];

    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    return ay_file_sync_dir(dir, err);
}

/* From snapshots/COMMIT/ up to the repository and down to the blob: one ".." more for each folder of file. */
static bool target_of(const char *file, const char *id, char target[AY_HUB_PATH])
{
    size_t n = 0;

    for (const char *s = file; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
        n += (size_t)snprintf(target + n, AY_HUB_PATH - n, "../");
    return snprintf(target + n, AY_HUB_PATH - n, "../blobs/%s", id) < (int)(AY_HUB_PATH - n);
}

ay_status ay_cache_link(const ay_hub *hub, const char *repo, const char *commit, const char *file,
                        const char *id, ay_err *err)
{
    char path[AY_HUB_PATH], target[AY_HUB_PATH], now[AY_HUB_PATH], tmp[AY_HUB_PATH + 24], tag[17];
    ssize_t n;
    ay_status status = ay_cache_pointer(hub, repo, commit, file, path, err);

    if (status == AY_OK)
        status = make_parent(path, err);
    if (status != AY_OK)
        return status;
    if (!target_of(file, id, target))
        return ay_fail(err, AY_EINVAL, "%s lies too deep", file);
    n = readlink(path, now, sizeof now - 1);
    if (n == (ssize_t)strlen(target) && memcmp(now, target, (size_t)n) == 0)
        return AY_OK;
    ay_random_hex(tag, 8);
    snprintf(tmp, sizeof tmp, "%s.%s.tmp", path, tag);
    if (symlink(target, tmp) != 0)
        return ay_fail(err, AY_EIO, "link %s: %s; the cache wants a file system with symbolic links "
                       "(HF_HUB_CACHE names another folder)", tmp, strerror(errno));
    if (rename(tmp, path) != 0) {
        status = ay_fail(err, AY_EIO, "link %s: %s", path, strerror(errno));
        unlink(tmp);
        return status;
    }
    return sync_parent(path, err);
}

ay_status ay_cache_set_ref(const ay_hub *hub, const ay_hub_ref *ref, const char *commit, ay_err *err)
{
    char path[AY_HUB_PATH], now[AY_HUB_COMMIT];
    ay_status status = ref_path(hub, ref, path, err);

    if (status != AY_OK || ay_commit_valid(ref->revision))
        return status;
    if (ay_cache_commit(hub, ref, now, NULL) == AY_OK && strcmp(now, commit) == 0)
        return AY_OK;
    status = make_parent(path, err);
    return status == AY_OK ? ay_file_write(path, commit, strlen(commit), err) : status;
}

void ay_cache_note_absent(const ay_hub *hub, const char *repo, const char *commit, const char *file)
{
    char base[AY_HUB_PATH], path[AY_HUB_PATH];
    int fd;

    if (ay_cache_repo(hub, repo, base, NULL) != AY_OK ||
        snprintf(path, sizeof path, "%s/.no_exist/%s/%s", base, commit, file) >= (int)sizeof path ||
        make_parent(path, NULL) != AY_OK)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
}

ay_status ay_cache_lock(const ay_hub *hub, const char *repo, const char *id, const atomic_bool *cancel,
                        void (*wait)(void *ctx), void *ctx, int *fd, ay_err *err)
{
    const char *slash = strchr(repo, '/');
    char path[AY_HUB_PATH];
    ay_status status = fits(snprintf(path, sizeof path, "%s/.locks/models--%.*s--%s/%s.lock", hub->cache,
                                     (int)(slash - repo), repo, slash + 1, id), err);

    *fd = -1;
    if (status == AY_OK)
        status = make_parent(path, err);
    if (status != AY_OK)
        return status;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
    if (*fd < 0)
        return ay_fail(err, AY_EIO, "open %s: %s", path, strerror(errno));
    while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return AY_OK; /* no locks on this file system: the digest still guards what is written */
        if (cancel && atomic_load(cancel)) {
            ay_cache_unlock(*fd);
            *fd = -1;
            return ay_fail(err, AY_ECANCELLED, "cancelled");
        }
        wait(ctx);
        usleep(LOCK_PAUSE_US);
    }
    return AY_OK;
}

void ay_cache_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}

void ay_hub_each(const ay_hub *hub, void (*visit)(void *ctx, const char *repo), void *ctx)
{
    DIR *dir = opendir(hub->cache);
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        const char *org = ay_str_starts(d->d_name, "models--") ? d->d_name + 8 : "", *name = strstr(org, "--");
        char repo[AY_HUB_REPO];
        ay_hub_ref ref;
        if (!name || snprintf(repo, sizeof repo, "%.*s/%s", (int)(name - org), org, name + 2) >= AY_HUB_REPO)
            continue;
        if (!strchr(repo, '@') && ay_hub_ref_read(&ref, repo, NULL) == AY_OK)
            visit(ctx, repo);
    }
    if (dir)
        closedir(dir);
}
