/* store/schema.c - the tables, and how an older database becomes today's.
 *
 * A migration is a list of statements that takes the schema from version i to i + 1; the list only
 * ever grows.  All that are missing run in one transaction, after the driver has made a backup, so a
 * failure leaves the old database as it was.
 *
 * Deleting is a number in the column `trash`: 0 means live, else the trash entry that undo reverses.
 * It is part of every unique key, so a name is free again as soon as its holder is in the trash.
 * (Partial indexes would say the same; MariaDB has none.) */
#include "store/sql.h"
#include "store/stamp.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const version_1[] = {
    "CREATE TABLE dataset (id {id}, name {text:120} NOT NULL, created_us {int} NOT NULL,"
    " trash {int} NOT NULL, UNIQUE (name, trash)) {end}",

    "CREATE TABLE class (id {id}, dataset {int} NOT NULL, name {text:120} NOT NULL,"
    " position {int} NOT NULL, created_us {int} NOT NULL, trash {int} NOT NULL,"
    " UNIQUE (dataset, name, trash), FOREIGN KEY (dataset) REFERENCES dataset (id)) {end}",

    "CREATE TABLE picture (sha256 {text:64} NOT NULL PRIMARY KEY, format {text:16} NOT NULL,"
    " width {int} NOT NULL, height {int} NOT NULL, bytes {int} NOT NULL, phash {int} NOT NULL,"
    " created_us {int} NOT NULL) {end}",

    "CREATE TABLE member (id {id}, dataset {int} NOT NULL, class_id {int} NOT NULL,"
    " sha256 {text:64} NOT NULL, file {text:255} NOT NULL, added_us {int} NOT NULL,"
    " trash {int} NOT NULL, UNIQUE (dataset, sha256, trash),"
    " FOREIGN KEY (dataset) REFERENCES dataset (id),"
    " FOREIGN KEY (class_id) REFERENCES class (id),"
    " FOREIGN KEY (sha256) REFERENCES picture (sha256)) {end}",
    "CREATE INDEX member_by_dataset ON member (dataset, trash, id)",
    "CREATE INDEX member_by_class ON member (class_id, trash, id)",
    "CREATE INDEX member_by_picture ON member (sha256)",

    "CREATE TABLE vector (sha256 {text:64} NOT NULL, model {text:64} NOT NULL,"
    " preprocess {text:64} NOT NULL, dim {int} NOT NULL, data {blob} NOT NULL,"
    " PRIMARY KEY (sha256, model, preprocess),"
    " FOREIGN KEY (sha256) REFERENCES picture (sha256)) {end}",

    "CREATE TABLE trash (id {id}, token {text:32} NOT NULL UNIQUE, kind {text:32} NOT NULL,"
    " subject {text:255} NOT NULL, dataset {int} NOT NULL, at_us {int} NOT NULL) {end}",

    "CREATE TABLE setting (name {text:64} NOT NULL PRIMARY KEY, value {text:4096} NOT NULL) {end}",

    "CREATE TABLE event (id {id}, at_us {int} NOT NULL, kind {text:32} NOT NULL,"
    " subject {text:255} NOT NULL, detail {text:1024} NOT NULL) {end}",
    NULL,
};

/* Trained models: store/ledger.h. */
static const char *const version_2[] = {
    "CREATE TABLE model (id {id}, name {text:120} NOT NULL, version {int} NOT NULL,"
    " digest {text:64} NOT NULL, bundle {text:64} NOT NULL UNIQUE, preprocess {text:64} NOT NULL,"
    " snapshot {text:64} NOT NULL, architecture {text:64} NOT NULL, licence {text:120} NOT NULL,"
    " folder {text:64} NOT NULL, classes {text:1000000} NOT NULL, metrics {text:1000000} NOT NULL,"
    " answer {text:4096} NOT NULL, created_us {int} NOT NULL, UNIQUE (name, version)) {end}",

    "CREATE TABLE serving (id {id}, at_us {int} NOT NULL, model {int} NOT NULL,"
    " action {text:16} NOT NULL, back {int} NOT NULL,"
    " FOREIGN KEY (model) REFERENCES model (id)) {end}",

    "CREATE TABLE prediction (id {id}, at_us {int} NOT NULL, sha256 {text:64} NOT NULL,"
    " file {text:255} NOT NULL, model {int} NOT NULL, label {text:255} NOT NULL,"
    " probability {int} NOT NULL, unknown {int} NOT NULL, status {text:16} NOT NULL,"
    " top {text:4096} NOT NULL, decode_us {int} NOT NULL, network_us {int} NOT NULL,"
    " total_us {int} NOT NULL, batch {text:32} NOT NULL,"
    " FOREIGN KEY (sha256) REFERENCES picture (sha256),"
    " FOREIGN KEY (model) REFERENCES model (id)) {end}",
    "CREATE INDEX prediction_by_picture ON prediction (sha256, file, id)",
    "CREATE INDEX prediction_by_batch ON prediction (batch, id)",

    "CREATE TABLE job (id {id}, kind {text:16} NOT NULL, state {text:16} NOT NULL,"
    " done {int} NOT NULL, total {int} NOT NULL, message {text:1024} NOT NULL,"
    " request {text:1000000} NOT NULL, detail {text:1000000} NOT NULL, created_us {int} NOT NULL,"
    " started_us {int} NOT NULL, ended_us {int} NOT NULL) {end}",
    NULL,
};

/* Pictures classified by words, and verdicts: store/verdicts.h. */
static const char *const version_3[] = {
    "CREATE TABLE sighting (id {id}, at_us {int} NOT NULL, sha256 {text:64} NOT NULL,"
    " model {text:64} NOT NULL, preprocess {text:64} NOT NULL, asset {text:64} NOT NULL,"
    " dim {int} NOT NULL, data {blob} NOT NULL, UNIQUE (sha256, model, preprocess)) {end}",
    "CREATE INDEX sighting_by_model ON sighting (model, preprocess, id)",

    "CREATE TABLE verdict (id {id}, at_us {int} NOT NULL, sha256 {text:64} NOT NULL,"
    " theme {text:480} NOT NULL, accepted {int} NOT NULL, asset {text:64} NOT NULL,"
    " token {text:160} NOT NULL UNIQUE) {end}",
    "CREATE INDEX verdict_by_picture ON verdict (sha256, theme, id)",
    NULL,
};

/* The library: data sets and classes of another kind (store/store.h), and what is kept of its pictures. */
static const char *const version_4[] = {
    "ALTER TABLE dataset ADD COLUMN kind {int} NOT NULL DEFAULT 0",
    "ALTER TABLE class ADD COLUMN kind {int} NOT NULL DEFAULT 0",

    /* Groups of pictures: store/clusters.h. */
    "CREATE TABLE cluster (id {id}, dataset {int} NOT NULL, cluster {int} NOT NULL, kind {int} NOT NULL,"
    " name {text:120} NOT NULL, named_by {int} NOT NULL, pinned {int} NOT NULL, by_hand {int} NOT NULL,"
    " run {int} NOT NULL, seen {int} NOT NULL, created_us {int} NOT NULL, born {int} NOT NULL, trash {int} NOT NULL,"
    " members {blob} NOT NULL, UNIQUE (cluster, trash)) {end}",
    "CREATE INDEX cluster_by_dataset ON cluster (dataset, trash, cluster)",
    "CREATE TABLE grouping (id {id}, dataset {int} NOT NULL, run {int} NOT NULL, made_us {int} NOT NULL,"
    " method {text:16} NOT NULL, k {int} NOT NULL, least {int} NOT NULL, silhouette {int} NOT NULL,"
    " pictures {int} NOT NULL, model {text:64} NOT NULL, preprocess {text:64} NOT NULL, born {int} NOT NULL,"
    " trash {int} NOT NULL, UNIQUE (dataset, trash)) {end}",
    /* What a camera wrote; examined 0: nobody has looked yet (store/facts.h). */
    "ALTER TABLE picture ADD COLUMN taken_us {int} NOT NULL DEFAULT 0",
    "ALTER TABLE picture ADD COLUMN camera {text:95} NOT NULL DEFAULT ''",
    "ALTER TABLE picture ADD COLUMN examined {int} NOT NULL DEFAULT 0",

    /* Pictures that have come and wait to be decoded: store/arrivals.h.  What they name may be purged meanwhile, so
     * they refer to data sets and classes by number only. */
    "CREATE TABLE intake (id {id}, source {text:1024} NOT NULL, at_us {int} NOT NULL, total {int} NOT NULL,"
    " added {int} NOT NULL, same {int} NOT NULL, failed {int} NOT NULL, dropped {int} NOT NULL) {end}",
    "CREATE TABLE arrival (id {id}, batch {int} NOT NULL, dataset {int} NOT NULL, class_id {int} NOT NULL,"
    " stay {int} NOT NULL, sha256 {text:64} NOT NULL, file {text:255} NOT NULL, source {text:4096} NOT NULL,"
    " state {int} NOT NULL, code {text:32} NOT NULL, message {text:1024} NOT NULL, at_us {int} NOT NULL,"
    " FOREIGN KEY (batch) REFERENCES intake (id)) {end}",
    "CREATE INDEX arrival_by_state ON arrival (state, id)",
    "CREATE INDEX arrival_by_batch ON arrival (batch, state)",
    "CREATE INDEX arrival_by_picture ON arrival (sha256, state)",
    /* Folders that are read, and what of them was: store/watches.h. */
    "CREATE TABLE watch (id {id}, folder {text:4096} NOT NULL, dataset {int} NOT NULL, class_id {int} NOT NULL,"
    " classes {int} NOT NULL, once {int} NOT NULL, batch {int} NOT NULL, at_us {int} NOT NULL) {end}",
    "CREATE TABLE watched (id {id}, watch {int} NOT NULL, name {text:64} NOT NULL, sha256 {text:64} NOT NULL,"
    " bytes {int} NOT NULL, changed_us {int} NOT NULL, UNIQUE (watch, name),"
    " FOREIGN KEY (watch) REFERENCES watch (id)) {end}",
    "CREATE INDEX watched_by_picture ON watched (watch, sha256)",
    /* Acts that can be taken back, and who did what: store/acts.h. */
    "CREATE TABLE act (id {id}, trash {int} NOT NULL, kind {text:32} NOT NULL, what {int} NOT NULL, detail {text:1000000} NOT NULL,"
    " FOREIGN KEY (trash) REFERENCES trash (id)) {end}",
    "CREATE INDEX act_by_trash ON act (trash, id)",
    "ALTER TABLE event ADD COLUMN who {text:120} NOT NULL DEFAULT ''",
    "CREATE INDEX event_by_subject ON event (subject, id)",
    "CREATE TABLE event_picture (event {int} NOT NULL, sha256 {text:64} NOT NULL, PRIMARY KEY (event, sha256),"
    " FOREIGN KEY (event) REFERENCES event (id)) {end}",
    "CREATE INDEX event_by_picture ON event_picture (sha256, event)",

    /* Tags, albums, saved searches: store/tags.h. */
    "CREATE TABLE tag (id {id}, name {text:120} NOT NULL, created_us {int} NOT NULL, trash {int} NOT NULL, UNIQUE (name, trash)) {end}",
    "CREATE TABLE picture_tag (tag {int} NOT NULL, sha256 {text:64} NOT NULL, PRIMARY KEY (tag, sha256),"
    " FOREIGN KEY (tag) REFERENCES tag (id), FOREIGN KEY (sha256) REFERENCES picture (sha256)) {end}",
    "CREATE INDEX picture_tag_by_picture ON picture_tag (sha256)",
    "CREATE TABLE album (id {id}, name {text:120} NOT NULL, created_us {int} NOT NULL, trash {int} NOT NULL, UNIQUE (name, trash)) {end}",
    "CREATE TABLE album_picture (album {int} NOT NULL, sha256 {text:64} NOT NULL, position {int} NOT NULL,"
    " PRIMARY KEY (album, sha256), FOREIGN KEY (album) REFERENCES album (id),"
    " FOREIGN KEY (sha256) REFERENCES picture (sha256)) {end}",
    "CREATE INDEX album_picture_by_picture ON album_picture (sha256)",
    "CREATE TABLE saved (id {id}, name {text:120} NOT NULL, created_us {int} NOT NULL, trash {int} NOT NULL,"
    " query {text:8000} NOT NULL, UNIQUE (name, trash)) {end}",

    /* Questions that people answered: store/review.h. */
    "CREATE TABLE review (id {id}, at_us {int} NOT NULL, dataset {int} NOT NULL, sha256 {text:64} NOT NULL, why {text:16} NOT NULL,"
    " answer {text:16} NOT NULL, guess {text:120} NOT NULL, label {text:120} NOT NULL, checked {int} NOT NULL, right_ones {int} NOT NULL,"
    " token {text:32} NOT NULL) {end}",
    "CREATE INDEX review_by_token ON review (token)",
    "CREATE INDEX review_by_dataset ON review (dataset, id)",
    /* Small copies of pictures, and pairs that are not the same: store/apart.h. */
    "CREATE TABLE picture_print (sha256 {text:64} NOT NULL PRIMARY KEY, version {int} NOT NULL, data {blob} NOT NULL,"
    " FOREIGN KEY (sha256) REFERENCES picture (sha256)) {end}",
    "CREATE TABLE apart (id {id}, born {int} NOT NULL, at_us {int} NOT NULL, a {text:64} NOT NULL, b {text:64} NOT NULL,"
    " UNIQUE (a, b)) {end}",
    "CREATE INDEX apart_by_born ON apart (born)",
    NULL,
};

static const char *const version_5[] = {
    /* Groups of a part of a data set: store/clusters.h.  The table of runs is made anew, as its key is another one; `grouping` stays as it
     * was and nobody reads it: MariaDB cannot take back that a table was dropped (store/mysql_ddl.c). */
    "CREATE TABLE scope (id {id}, dataset {int} NOT NULL, filter {text:20000} NOT NULL, created_us {int} NOT NULL) {end}",
    "ALTER TABLE cluster ADD COLUMN scope {int} NOT NULL DEFAULT 0",
    "CREATE TABLE grouped (id {id}, dataset {int} NOT NULL, scope {int} NOT NULL, run {int} NOT NULL, made_us {int} NOT NULL,"
    " method {text:16} NOT NULL, k {int} NOT NULL, least {int} NOT NULL, silhouette {int} NOT NULL,"
    " pictures {int} NOT NULL, model {text:64} NOT NULL, preprocess {text:64} NOT NULL, born {int} NOT NULL,"
    " trash {int} NOT NULL, UNIQUE (dataset, scope, trash)) {end}",
    "INSERT INTO grouped (dataset, scope, run, made_us, method, k, least, silhouette, pictures, model, preprocess, born, trash)"
    " SELECT dataset, 0, run, made_us, method, k, least, silhouette, pictures, model, preprocess, born, trash FROM grouping",
    /* The states that galleries were in, newest last: store/stamp.h. */
    "CREATE TABLE stamp (id {id}, mark {int} NOT NULL) {end}",
    NULL,
};

static const char *const version_6[] = {
    /* Who runs a job, until when that holds without a word from there, and how often somebody asked for it to stop: store/ledger.h. */
    "ALTER TABLE job ADD COLUMN node {text:64} NOT NULL DEFAULT ''",
    "ALTER TABLE job ADD COLUMN lease_us {int} NOT NULL DEFAULT 0",
    "ALTER TABLE job ADD COLUMN asked {int} NOT NULL DEFAULT 0",
    "CREATE INDEX job_by_state ON job (state, id)",
    /* Files that several nodes share: store/content.h. */
    "CREATE TABLE content (name {text:160} NOT NULL, part {int} NOT NULL, at_us {int} NOT NULL, data {blob} NOT NULL,"
    " PRIMARY KEY (name, part)) {end}",
    NULL,
};

static const char *const *const migrations[AY_STORE_SCHEMA] = {version_1, version_2, version_3, version_4, version_5, version_6};

static const char *find_type(const ay_store_driver *d, const char *word, size_t n)
{
    for (const char *const *t = d->types; *t; t += 2)
        if (strlen(t[0]) == n && memcmp(t[0], word, n) == 0)
            return t[1];
    return NULL;
}

/* Replace {word} and {word:N}; a '#' in the driver's text becomes N. */
static ay_status expand(const ay_store_driver *d, const char *sql, ay_buf *out, ay_err *err)
{
    for (; *sql; sql++) {
        size_t n = strcspn(sql + 1, ":}"), all = strcspn(sql + 1, "}");
        const char *type = *sql == '{' ? find_type(d, sql + 1, n) : NULL, *longer = NULL;
        if (type && n < all && strtol(sql + n + 2, NULL, 10) > AY_SQL_LONG)
            longer = find_type(d, "longtext", 8);
        type = longer ? longer : type;
        if (*sql != '{') {
            ay_buf_putc(out, *sql);
            continue;
        }
        if (!type)
            return ay_fail(err, AY_EUNSUPPORTED, "driver %s has no type {%.*s}", d->scheme, (int)n,
                           sql + 1);
        for (; *type; type++) {
            if (*type == '#')
                ay_buf_printf(out, "%.*s", (int)(all - n - 1), sql + 1 + n + 1);
            else
                ay_buf_putc(out, *type);
        }
        sql += all + 1;
    }
    return out->failed ? ay_fail(err, AY_ENOMEM, "writing a statement") : AY_OK;
}

static ay_status run_all(ay_store *s, const char *const *statements, ay_err *err)
{
    ay_status status = AY_OK;

    for (; *statements && status == AY_OK; statements++) {
        ay_buf sql = {0};
        status = expand(s->driver, *statements, &sql, err);
        if (status == AY_OK)
            status = ay_sql_write(s, sql.data, NULL, 0, NULL, NULL, err);
        ay_buf_fini(&sql);
    }
    return status;
}

static ay_status set_version(ay_store *s, ay_err *err)
{
    ay_status status = ay_sql_write(s, "DELETE FROM schema_version", NULL, 0, NULL, NULL, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO schema_version (version) VALUES (?)",
                              ARGS(ay_sql_int(AY_STORE_SCHEMA)), NULL, NULL, err);
    return status;
}

static ay_status run_missing(ay_store *s, int64_t version, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_number(s, "SELECT version FROM schema_version", NULL, 0, &version, err); /* another node may have been quicker */
    if (status == AY_ENOTFOUND)
        status = AY_OK;
    if (version == AY_STORE_SCHEMA)
        return ay_store_end(s, status, err);
    for (; version < AY_STORE_SCHEMA && status == AY_OK; version++)
        status = run_all(s, migrations[version], err);
    if (status == AY_OK)
        status = set_version(s, err);
    if (status == AY_OK)
        s->touched = AY_STAMP_CHANGED; /* so that there is a stamp */
    return ay_store_end(s, status, err);
}

ay_status ay_store_migrate(ay_store *s, ay_err *err)
{
    static const char *const versions[] = {
        "CREATE TABLE IF NOT EXISTS schema_version (version {int} NOT NULL) {end}", NULL};
    int64_t version = 0;
    char label[32];
    ay_status status = run_all(s, versions, err);

    if (status == AY_ECONFLICT || status == AY_EEXISTS) /* IF NOT EXISTS, and another node made it in between */
        status = run_all(s, versions, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_number(s, "SELECT version FROM schema_version", NULL, 0, &version, err);
    if (status != AY_OK && status != AY_ENOTFOUND)
        return status;
    if (version == AY_STORE_SCHEMA)
        return AY_OK;
    if (version > AY_STORE_SCHEMA || version < 0)
        return ay_fail(err, AY_ECONFLICT,
                       "the database has schema %lld, written by a newer Assay; this one knows %d",
                       (long long)version, AY_STORE_SCHEMA);
    snprintf(label, sizeof label, "schema-%lld", (long long)version);
    if (version > 0 && (status = s->driver->backup(s->writer, label, err)) != AY_OK) {
        ay_err_wrap(err, "backup before migration");
        return status;
    }
    return run_missing(s, version, err);
}

static ay_status take_version(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(int64_t *)ctx = c[0].i;
    return AY_OK;
}

ay_status ay_store_check_schema(ay_store *s, ay_err *err)
{
    int64_t version = 0;
    ay_status status =
        ay_sql_read(s, "SELECT version FROM schema_version", NULL, 0, take_version, &version, err);

    if (status == AY_OK && version != AY_STORE_SCHEMA)
        return ay_fail(err, AY_ECONFLICT, "the database has schema %lld; this Assay reads %d",
                       (long long)version, AY_STORE_SCHEMA);
    return status;
}
