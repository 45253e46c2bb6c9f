/* net/cache.h - paths of the hub's cache folder and the few ways in which it changes; see net/hub.h. */
#ifndef AY_NET_CACHE_H
#define AY_NET_CACHE_H

#include "net/hub.h"

/* Digest of a blob as its ETag names it. */
typedef struct {
    char hex[AY_SHA256_HEX]; /* 64 digits: SHA-256; 40: git's SHA-1 of "blob SIZE\0" and the bytes */
} ay_blob_id;

bool ay_blob_id_valid(const char *hex);
bool ay_commit_valid(const char *s); /* 40 lower-case hex digits */
bool ay_revision_valid(const char *s);

typedef struct {
    bool git;
    ay_sha256 sha256;
    void *sha1; /* gnutls_hash_hd_t */
} ay_blob_hash;
ay_status ay_blob_hash_start(ay_blob_hash *h, const ay_blob_id *id, uint64_t size, ay_err *err);
void ay_blob_hash_add(ay_blob_hash *h, const void *p, size_t n);
void ay_blob_hash_end(ay_blob_hash *h, char hex[AY_SHA256_HEX]); /* in any case, once */
/* The digest of a whole file of the kind that want is. */
ay_status ay_blob_hash_file(const char *path, const ay_blob_id *want, char hex[AY_SHA256_HEX], ay_err *err);

/* Each writes a path and fails with AY_EINVAL when it is too long. */
ay_status ay_cache_repo(const ay_hub *hub, const char *repo, char path[AY_HUB_PATH], ay_err *err);
ay_status ay_cache_blob(const ay_hub *hub, const char *repo, const char *id, const char *suffix,
                        char path[AY_HUB_PATH], ay_err *err);
ay_status ay_cache_pointer(const ay_hub *hub, const char *repo, const char *commit, const char *file,
                           char path[AY_HUB_PATH], ay_err *err);
/* The commit that the cache knows a revision by; a commit is its own.  AY_ENOTFOUND. */
ay_status ay_cache_commit(const ay_hub *hub, const ay_hub_ref *ref, char commit[AY_HUB_COMMIT], ay_err *err);

/* Make snapshots/COMMIT/FILE a relative link to the blob, by one rename. */
ay_status ay_cache_link(const ay_hub *hub, const char *repo, const char *commit, const char *file,
                        const char *id, ay_err *err);
/* Let a branch or tag stand at commit.  Nothing to do for a revision that is a commit. */
ay_status ay_cache_set_ref(const ay_hub *hub, const ay_hub_ref *ref, const char *commit, ay_err *err);
/* Remember that the commit has no such file; failures do not matter. */
void ay_cache_note_absent(const ay_hub *hub, const char *repo, const char *commit, const char *file);

/* Take the lock of a blob, trying until cancel; *fd is given back to ay_cache_unlock().
 * wait is called before each further attempt. */
ay_status ay_cache_lock(const ay_hub *hub, const char *repo, const char *id, const atomic_bool *cancel,
                        void (*wait)(void *ctx), void *ctx, int *fd, ay_err *err);
void ay_cache_unlock(int fd);

#endif
