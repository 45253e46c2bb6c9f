/* inspect/settings.h - what an inspection is told: the three files of the system that is replaced, and ours.
 *
 *   training file    YAML as Hydra composes it: a `defaults:` list of other files, sections experiment, model,
 *                    data, training, loss, knn (or knn_config), golden; overrides "section.key=value"
 *   system file      configs.yaml: system, resources, storage, logging, paths of the other two
 *   database file    JSON (or YAML): for each site its SSH server, its database, and its lines
 *
 * Training and system file share one table, ay_inspect_settings; a site has one, and a line of it (keys.h).  A key
 * that no table knows is an error that names file, line and the nearest key: a setting silently ignored is worse
 * than none.  Keys that mean nothing here (GPU memory, log files) are known, taken, and counted in `idle`.
 *
 * Of Hydra: `defaults` with plain names, "group: name", "optional group: name", "override group: name", "group: null",
 * lists, `_self_` (a file's own keys come last without it, as since Hydra 1.1), a first line
 * "# @package _global_", "???" (must be given), null (the default), ${section.key}, ${oc.env:NAME} and
 * ${oc.env:NAME,value}; group=name, +key=value and ++key=value as overrides.  `hydra:` sections are passed over.  A
 * file that is named must lie in or below the folder of the file that names it.  Not of Hydra: multirun, _target_,
 * other resolvers; they are errors.
 *
 * Passwords may be references (secret.h).  A plain one works and earns a warning; nothing here ever prints one.
 *
 * Departures from the old defaults, each because the old value cannot be right here:
 *   loss.margin_unit     radians: 0.4 was meant so; the old library took it as degrees, which is almost no margin
 *   training.patience    10, its author's later default: 3 ends before the body has been thawed
 *   model.pretrained     used only with model.weights: no file of weights is fetched behind one's back
 *
 * Threads: filled by one, then read-only. */
#ifndef AY_INSPECT_SETTINGS_H
#define AY_INSPECT_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "inspect/keys.h"

#include <stdint.h>

enum { AY_INSPECT_TEXT = 1024, AY_INSPECT_WORD = 128, AY_INSPECT_KEYS = 120, AY_INSPECT_ORIGIN = 160 };

typedef enum { AY_INSPECT_BY_BOTH, AY_INSPECT_BY_ORIENTATION, AY_INSPECT_BY_COMPONENT } ay_inspect_label;
typedef enum {
    AY_INSPECT_HYBRID,
    AY_INSPECT_SUBCENTER,
    AY_INSPECT_ARCFACE,
    AY_INSPECT_TRIPLET,
    AY_INSPECT_CENTER
} ay_inspect_loss;
typedef enum { AY_INSPECT_HOAMV2, AY_INSPECT_HOAM } ay_inspect_structure; /* and further words, ay_inspect_structure_name() */
typedef enum { AY_INSPECT_RADIANS, AY_INSPECT_DEGREES } ay_inspect_unit;
typedef enum { AY_INSPECT_AUTO, AY_INSPECT_F32, AY_INSPECT_BF16 } ay_inspect_precision;
typedef enum { AY_INSPECT_BEST_MAP, AY_INSPECT_BEST_LOSS } ay_inspect_best;

typedef struct {
    /* experiment */
    char name[AY_INSPECT_WORD];
    int64_t seed;

    /* model */
    int structure; /* ay_inspect_structure */
    char backbone[AY_INSPECT_WORD], weights[AY_INSPECT_TEXT];
    bool pretrained;
    int embedding;

    /* data */
    int label; /* ay_inspect_label */
    bool train_ng, recursive;
    double test_split;
    int image_size, workers, samples;
    char pattern[512];
    double brightness, contrast, saturation, hue;
    int randaugment_ops, randaugment_magnitude;

    /* training */
    int epochs, min_epochs, batch_size, per_class, freeze_epochs, patience, swa_anneal, threads;
    double learning_rate, weight_decay, body_rate, warmup_share, clip_norm, swa_start, swa_rate, swa_body_rate, max_minutes;
    bool early_stopping, swa;
    int precision, best; /* ay_inspect_precision, ay_inspect_best */

    /* loss */
    int loss, unit; /* ay_inspect_loss, ay_inspect_unit */
    double margin, scale, triplet_margin, center_weight;
    int sub_centers;

    /* golden samples */
    double false_accept, similarity;
    int sub_clusters;

    /* system, storage */
    int max_tasks, task_hours, completed_days, results_days;
    bool auto_cleanup;
    char temp_dir[AY_INSPECT_TEXT], train_config[AY_INSPECT_TEXT], database_config[AY_INSPECT_TEXT];
    int log_level;

    int idle;                                      /* keys that were given, are right, and are not used */
    char origin[AY_INSPECT_KEYS][AY_INSPECT_ORIGIN]; /* "train.yaml:12", "override"; "" for the default; by place in table */
} ay_inspect_settings;

extern const ay_ik_table ay_inspect_table;

/* Every default. */
void ay_inspect_settings_init(ay_inspect_settings *s);
/* Lay a training or system file, and what it names, over s; then the overrides "key=value".  A system file's
 * train_config_path is read too, below it; paths in it are relative to its folder, or else to the current one.
 * warnings, when given, gets a line each.  AY_EINVAL with file and line; AY_ENOTFOUND. */
ay_status ay_inspect_settings_load(ay_inspect_settings *s, const char *path, const char *const *overrides, int n,
                                   ay_buf *warnings, ay_err *err);
/* As above for text in memory, which may name no other files; name stands for the path in messages. */
ay_status ay_inspect_settings_read(ay_inspect_settings *s, const char *text, size_t size, const char *name,
                                   const char *const *overrides, int n, ay_buf *warnings, ay_err *err);
/* One key from text.  AY_EINVAL. */
ay_status ay_inspect_settings_set(ay_inspect_settings *s, const char *key, const char *text, const char *origin, ay_err *err);
/* What fits together only together.  AY_EINVAL.  Called by load and read. */
ay_status ay_inspect_settings_check(const ay_inspect_settings *s, ay_err *err);
/* All keys in force as YAML that ay_inspect_settings_load() takes; help as comments. */
void ay_inspect_settings_print(const ay_inspect_settings *s, bool help, ay_buf *out);
/* "hoamv2" */
const char *ay_inspect_structure_name(const ay_inspect_settings *s);

/* ---- the database file ------------------------------------------------------------------------- */

typedef struct {
    char name[AY_INSPECT_WORD]; /* "V31" */
    char ip[AY_INSPECT_WORD], line_ip[AY_INSPECT_WORD], url_prefix[AY_INSPECT_TEXT];
    int port;
} ay_inspect_pool;

typedef struct {
    char name[AY_INSPECT_WORD]; /* "HPH" */
    char ssh_host[256], ssh_user[AY_INSPECT_WORD], ssh_password[AY_INSPECT_TEXT]; /* a secret or its reference */
    char ssh_key_file[AY_INSPECT_TEXT], ssh_passphrase[AY_INSPECT_TEXT];
    char ssh_fingerprint[512], ssh_known_hosts[AY_INSPECT_TEXT];
    int ssh_port, ssh_connect_s, ssh_keepalive_s;

    int engine; /* postgresql */
    char database[AY_INSPECT_WORD], user[AY_INSPECT_WORD], password[AY_INSPECT_TEXT];
    char host[256], ssl_root[AY_INSPECT_TEXT], table[256];
    int port, ssl, connect_s, statement_s, patience_s;
    char column[5][AY_INSPECT_WORD]; /* product, site, line, time, path; "": the usual */

    ay_inspect_pool *pools; /* owned */
    int npools;
} ay_inspect_site;

typedef struct {
    ay_inspect_site *sites; /* owned */
    int n;
} ay_inspect_sites;

extern const ay_ik_table ay_inspect_site_table, ay_inspect_pool_table;

/* AY_EINVAL with file and line; AY_ENOTFOUND.  *out is zeroed on failure. */
ay_status ay_inspect_sites_load(ay_inspect_sites *out, const char *path, ay_buf *warnings, ay_err *err);
ay_status ay_inspect_sites_read(ay_inspect_sites *out, const char *text, size_t size, const char *name, ay_buf *warnings,
                                ay_err *err);
void ay_inspect_sites_fini(ay_inspect_sites *s); /* wipes; a zeroed one is fine */
/* AY_ENOTFOUND names the sites there are. */
ay_status ay_inspect_site_find(const ay_inspect_sites *s, const char *name, const ay_inspect_site **out, ay_err *err);
/* The line's own entry, NULL when it has none. */
const ay_inspect_pool *ay_inspect_pool_find(const ay_inspect_site *s, const char *line);
/* Is there an SSH server to go through: host, user, and a password or a key? */
bool ay_inspect_site_tunnelled(const ay_inspect_site *s);
/* libpq's word for s->ssl. */
const char *ay_inspect_site_ssl(const ay_inspect_site *s);
/* In force, as YAML, without secrets. */
void ay_inspect_sites_print(const ay_inspect_sites *s, bool help, ay_buf *out);

#endif
