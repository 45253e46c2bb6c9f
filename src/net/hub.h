/* net/hub.h - models of a Hugging Face hub, in the cache folder that all its clients share.
 *
 *   <cache>/models--ORG--NAME/blobs/ETAG               the bytes, named by their digest
 *                             blobs/ETAG.incomplete    as far as they came; the next pull goes on here
 *                             snapshots/COMMIT/FILE    relative links to blobs
 *                             refs/REVISION            the commit a branch or tag stood at, 40 digits
 *                             .no_exist/COMMIT/FILE    asked for, not there
 *   <cache>/.locks/models--ORG--NAME/ETAG.lock         held (flock) while a blob is written
 *
 * That is the layout of huggingface_hub and its published specification: what other programs downloaded
 * is found here, and what is pulled here they find.
 *
 * Invariants.  A blob appears under its name by one rename, after its digest was checked and its bytes
 * were synced: SHA-256 for large files, git's SHA-1 for small ones, as the ETag says; a server that names no
 * digest is refused.  A revision's ref moves only when every wanted file of its commit is there, so that an
 * interrupted pull leaves the model of yesterday in use.  Names of repositories, revisions, files and digests
 * are checked before any of them becomes part of a path.
 *
 * Rejected: a cache of our own (the same 600 MB twice on one disk), Xet and parallel ranges (another
 * protocol; one stream fills most lines), reading pickles (they run code).
 *
 * Threads: any; two pulls of one file, in one process or two, wait for each other. */
#ifndef AY_NET_HUB_H
#define AY_NET_HUB_H

#include "base/err.h"
#include "base/hash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AY_HUB_PATH = 4096,
    AY_HUB_REPO = 97,      /* "org/name" with its NUL */
    AY_HUB_REVISION = 129, /* branch, tag, "refs/pr/1" or 40 hex digits */
    AY_HUB_FILE = 257,
    AY_HUB_COMMIT = 41,
    AY_HUB_FILES = 24 /* of one pull */
};

typedef struct {
    char cache[AY_HUB_PATH]; /* HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub */
    char endpoint[1024];     /* HF_ENDPOINT, else https://huggingface.co; no '/' at the end */
    char token[512];         /* HF_TOKEN, else the file HF_TOKEN_PATH or HF_HOME/token; "": none */
    bool offline;            /* HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE */
    bool impatient;          /* tests: pauses between attempts last milliseconds */
} ay_hub;

/* From the environment.  AY_EINVAL names the variable that is wrong. */
ay_status ay_hub_settings(ay_hub *out, ay_err *err);

typedef struct {
    char repo[AY_HUB_REPO], revision[AY_HUB_REVISION];
} ay_hub_ref;

/* Read "org/name" or "org/name@revision" (revision "main" when left out). */
ay_status ay_hub_ref_read(ay_hub_ref *out, const char *text, ay_err *err);
/* May name be a file of a repository: relative, no "." or ".." part, no control character or '\'? */
bool ay_hub_file_valid(const char *name);

/* Where a file of the revision lies in the cache; no network.  AY_ENOTFOUND when it does not. */
ay_status ay_hub_find(const ay_hub *hub, const ay_hub_ref *ref, const char *file,
                      char path[AY_HUB_PATH], ay_err *err);
/* The folder of the revision's snapshot and its commit; no network.  AY_ENOTFOUND. */
ay_status ay_hub_snapshot(const ay_hub *hub, const ay_hub_ref *ref, char path[AY_HUB_PATH],
                          char commit[AY_HUB_COMMIT], ay_err *err);

/* Every repository of the cache, in no order; whether anything of it is whole, ay_hub_list() of an offline hub
 * says. */
void ay_hub_each(const ay_hub *hub, void (*visit)(void *ctx, const char *repo), void *ctx);

typedef struct {
    char name[AY_HUB_FILE];
    bool optional;              /* fine when the repository has none */
    char sha256[AY_SHA256_HEX]; /* "": whatever the hub says it is */
} ay_hub_want;

typedef enum {
    AY_HUB_ASKING,  /* for sizes and digests */
    AY_HUB_WAITING, /* for another pull of the same file */
    AY_HUB_LOADING,
    AY_HUB_PAUSING, /* before another attempt; why says what went wrong */
    AY_HUB_CHECKING /* the digest of what an earlier pull left */
} ay_hub_stage;

typedef struct {
    ay_hub_stage stage;
    const char *file;
    int index, files;     /* which of how many */
    uint64_t done, total; /* bytes of all files, those in the cache included */
    uint64_t fetched;     /* bytes that came over the network in this pull */
    const char *why;      /* NULL: nothing went wrong */
    int pause;            /* seconds, of AY_HUB_PAUSING */
} ay_hub_progress;

typedef struct {
    ay_hub_ref ref;
    const ay_hub_want *files;
    int n; /* at most AY_HUB_FILES */
    void (*progress)(void *ctx, const ay_hub_progress *p); /* often; may be NULL */
    void *ctx;
    const atomic_bool *cancel; /* NULL: none */
} ay_hub_request;

typedef struct {
    char folder[AY_HUB_PATH]; /* the snapshot */
    char commit[AY_HUB_COMMIT];
    uint64_t bytes, fetched; /* of all files; over the network */
    int files;               /* how many of those wanted are there */
    bool stale;              /* the hub was not reached: this is what the cache had */
} ay_hub_pulled;

/* Bring the wanted files of a revision into the cache.  What is there is not loaded again; what broke off
 * is tried again and goes on where it stopped.
 *   AY_ENOTFOUND   no such repository, revision or file; offline and not in the cache
 *   AY_ECONFLICT   the hub wants a token, or one with more rights
 *   AY_EBUSY       the hub asks to come later, and did so each time
 *   AY_EIO         network or disk; what came so far stays for the next pull
 *   AY_ECORRUPT    bytes that are not what their digest says; they are thrown away
 *   AY_ECANCELLED  what came so far stays */
ay_status ay_hub_pull(const ay_hub *hub, const ay_hub_request *request, ay_hub_pulled *out, ay_err *err);

typedef struct {
    char commit[AY_HUB_COMMIT];
    char licence[128]; /* of the model's card; "": it names none */
    bool gated;
    ay_hub_want file[AY_HUB_FILES]; /* what a model needs of it, see ay_hub_list() */
    int n;
} ay_hub_listing;

/* Ask what a repository has and choose what a model needs: its safetensors file, configurations,
 * vocabulary, model card.  AY_EUNSUPPORTED: only pickles, or weights in several files. */
ay_status ay_hub_list(const ay_hub *hub, const ay_hub_ref *ref, ay_hub_listing *out, ay_err *err);

/* Recompute the digest of the blob that a cached file is a link to and compare it with its name.
 * AY_ECORRUPT: they differ; AY_EUNSUPPORTED: path is no such link. */
ay_status ay_hub_check(const char *path, ay_err *err);

#endif
