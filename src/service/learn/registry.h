/* service/learn/registry.h - trained models: install, list, promote, roll back, and what served when.
 *
 *     a trained folder --install--> registered --promote--> active --promote another--> registered
 *                                                  ^------------- rollback -----------------'
 *
 * Installing copies the folder to <data>/models/<32 hex digits>, opens the copy, lets it answer about
 * a picture that every machine can make, and only then writes the row: a model that does not load
 * is never registered.  That answer is kept.  Whenever the model is opened later, its files' digests
 * and that answer are compared, so that a damaged file or a changed runtime is found before it serves.
 *
 * Promoting opens and checks the new model first and then swaps a pointer: requests under way finish
 * on the old one, which closes when the last of them is done.  No request is refused for it.
 *
 * Deleting takes the row's folder away first, durably, and then the files, so that a crash in between
 * leaves only a folder that no row names.  What the model answered and when it served stays on record
 * under its name and version, which are not given again.  The active one cannot be deleted.
 *
 * Rejected: aliases beside "active" (one model serves one server).
 *
 * A model is named by its row's id in calls; people say "yard version 3", see ay_registry_find().
 * Threads: any. */
#ifndef AY_SERVICE_REGISTRY_H
#define AY_SERVICE_REGISTRY_H

#include "service/service.h"

typedef struct {
    int64_t id;
    const char *name;
    int version;
    const char *digest, *preprocess_digest, *snapshot; /* snapshot: of its data; "" when not known */
    const char *bundle;      /* digest over its files */
    const char *architecture, *licence;
    const char *const *classes;
    size_t nclasses;
    const char *metrics; /* JSON object, as metrics.json */
    double temperature, confident, reject;
    bool knows_unknown;
    bool active;
    bool has_report;
    char created_at[AY_RFC3339_SIZE];
} ay_registered;

enum { AY_MODEL_NAME_MAX = 60 };
ay_status ay_registry_check_name(const char *name, ay_err *err);

/* folder: what training left (model.safetensors, config.json, metrics.json, report.html ...).  name
 * NULL or "": the one in its config.json, else the folder's.  *id is the new model's, also with
 * AY_EEXISTS, when the same files are registered already.  Beside the errors of opening a model:
 * AY_ENOTFOUND no model.safetensors or config.json in it. */
ay_status ay_registry_install(ay_service *s, const char *folder, const char *name, int64_t *id,
                              ay_err *err);
/* Newest first. */
ay_status ay_registry_list(ay_service *s, ay_arena *a, ay_registered **out, size_t *n, ay_err *err);
/* id 0: the active one; AY_ECONFLICT when none is, with what to do. */
ay_status ay_registry_get(ay_service *s, int64_t id, ay_arena *a, ay_registered *out, ay_err *err);
/* "active", an id, "name" (its newest version), or "name:3".  AY_ENOTFOUND. */
ay_status ay_registry_find(ay_service *s, const char *word, int64_t *id, ay_err *err);
/* From when this returns, it answers. */
ay_status ay_registry_promote(ay_service *s, int64_t id, ay_err *err);
/* Back to the one that served before; *id is it.  AY_ECONFLICT: there is none. */
ay_status ay_registry_rollback(ay_service *s, int64_t *id, ay_err *err);

/* AY_ECONFLICT: it is the active one, with what to do.  Requests under way finish on it. */
ay_status ay_registry_delete(ay_service *s, int64_t id, ay_err *err);

typedef struct {
    char at[AY_RFC3339_SIZE];
    int64_t model;
    const char *name;
    int version;
    const char *action; /* "promote" or "rollback" */
} ay_served;
/* Newest first, at most limit. */
ay_status ay_registry_history(ay_service *s, int limit, ay_arena *a, ay_served **out, size_t *n,
                              ay_err *err);

/* The folder of a registered model, for exporting it and for its report; dst is cap bytes. */
ay_status ay_registry_folder(ay_service *s, int64_t id, char *dst, size_t cap, ay_err *err);
/* A file of it, appended to out: "report.html", "metrics.json", "history.json", "config.json",
 * "MODEL_CARD.md".  AY_ENOTFOUND for all other names. */
ay_status ay_registry_read(ay_service *s, int64_t id, const char *file, ay_buf *out, ay_err *err);

/* Is a trained model ready to answer?  For /health: never waits.  name is "" when none is active;
 * problem says why the active one does not open. */
typedef struct {
    bool ready;
    char name[160], problem[400];
    int version, classes;
} ay_registry_state;
void ay_registry_look(ay_service *s, ay_registry_state *out);

#endif
