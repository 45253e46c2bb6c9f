/* store/catalog.c - data sets and classes. */
#include "store/sql.h"

#include "base/clock.h"

#include <stdio.h>

static ay_status take_dataset(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_dataset *d = ay_sql_list_add(l);

    (void)n;
    if (!d || !(d->name = ay_sql_string(l->arena, &c[1])))
        return ay_fail(err, AY_ENOMEM, "listing data sets");
    d->id = c[0].i;
    d->created_us = c[2].i;
    d->classes = c[3].i;
    d->pictures = c[4].i;
    d->kind = (int)c[5].i;
    return AY_OK;
}

ay_status ay_store_dataset_list(ay_store *s, ay_arena *a, ay_store_dataset **out, size_t *n,
                                ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s,
                    "SELECT d.id, d.name, d.created_us,"
                    " (SELECT COUNT(*) FROM class c WHERE c.dataset = d.id AND c.trash = 0),"
                    " (SELECT COUNT(*) FROM member m WHERE m.dataset = d.id AND m.trash = 0), d.kind"
                    " FROM dataset d WHERE d.trash = 0 ORDER BY d.id",
                    NULL, 0, take_dataset, &l, err);

    *out = (ay_store_dataset *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

/* AY_EEXISTS when a live data set other than `except` has the name. */
static ay_status dataset_free(ay_store *s, const char *name, int64_t except, ay_err *err)
{
    int64_t id;
    ay_status status =
        ay_sql_number(s, "SELECT id FROM dataset WHERE name = ? AND trash = 0 AND id <> ?",
                      ARGS(ay_sql_text(name), ay_sql_int(except)), &id, err);

    if (status == AY_OK)
        return ay_fail(err, AY_EEXISTS, "there is a data set \"%s\" already", name);
    return status == AY_ENOTFOUND ? AY_OK : status;
}

static ay_status dataset_insert(ay_store *s, const char *name, int64_t *id, ay_err *err)
{
    ay_status status = dataset_free(s, name, 0, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO dataset (name, created_us, trash) VALUES (?, ?, 0)",
                              ARGS(ay_sql_text(name), ay_sql_int(ay_clock_wall())), NULL, id, err);
    if (status == AY_OK)
        status = ay_store_note(s, "dataset.create", name, "", err);
    return status;
}

ay_status ay_store_dataset_create(ay_store *s, const char *name, int64_t *id, ay_err *err)
{
    ay_status status = ay_store_check_name("a data set's name", name, AY_NAME_MAX, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, dataset_insert(s, name, id, err), err);
}

static ay_status mark(ay_store *s, const char *sql, int64_t id, int kind, bool *made, ay_err *err)
{
    *made = true;
    return ay_sql_write(s, sql, ARGS(ay_sql_int(kind), ay_sql_int(id)), NULL, NULL, err);
}

/* A user's own data set may have the name already: the library is known by its kind, not by its name. */
static ay_status library_insert(ay_store *s, int64_t *id, bool *made, ay_err *err)
{
    char name[32] = "Library";
    ay_status status = dataset_insert(s, name, id, err);

    for (int i = 2; status == AY_EEXISTS && i < 100; i++) {
        snprintf(name, sizeof name, "Library %d", i);
        status = dataset_insert(s, name, id, err);
    }
    return status == AY_OK ? mark(s, "UPDATE dataset SET kind = ? WHERE id = ?", *id, AY_KIND_LIBRARY, made, err) : status;
}

static ay_status library_find(ay_store *s, int64_t *dataset, int64_t *unsorted, bool *made, ay_err *err)
{
    ay_status status = ay_sql_number(s, "SELECT id FROM dataset WHERE kind = ? AND trash = 0",
                                     ARGS(ay_sql_int(AY_KIND_LIBRARY)), dataset, err);

    if (status == AY_ENOTFOUND)
        status = library_insert(s, dataset, made, err);
    if (status != AY_OK)
        return status;
    status = ay_sql_number(s, "SELECT id FROM class WHERE dataset = ? AND kind = ? AND trash = 0",
                           ARGS(ay_sql_int(*dataset), ay_sql_int(AY_KIND_UNSORTED)), unsorted, err);
    if (status != AY_ENOTFOUND)
        return status;
    status = ay_store_class_create(s, *dataset, "Unsorted", unsorted, err);
    return status == AY_OK ? mark(s, "UPDATE class SET kind = ? WHERE id = ?", *unsorted, AY_KIND_UNSORTED, made, err)
                           : status;
}

ay_status ay_store_library(ay_store *s, int64_t *dataset, int64_t *unsorted, bool *made, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    *made = false;
    if (status != AY_OK)
        return status;
    return ay_store_end(s, library_find(s, dataset, unsorted, made, err), err);
}

static ay_status dataset_update(ay_store *s, int64_t id, const char *name, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = dataset_free(s, name, id, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "UPDATE dataset SET name = ? WHERE id = ? AND trash = 0",
                              ARGS(ay_sql_text(name), ay_sql_int(id)), &changed, NULL, err);
    if (status == AY_OK && changed == 0)
        return ay_fail(err, AY_ENOTFOUND, "no such data set");
    if (status == AY_OK)
        status = ay_store_note(s, "dataset.rename", name, "", err);
    return status;
}

ay_status ay_store_dataset_rename(ay_store *s, int64_t id, const char *name, ay_err *err)
{
    ay_status status = ay_store_check_name("a data set's name", name, AY_NAME_MAX, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, dataset_update(s, id, name, err), err);
}

static ay_status take_class(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_class *k = ay_sql_list_add(l);

    (void)n;
    if (!k || !(k->name = ay_sql_string(l->arena, &c[2])))
        return ay_fail(err, AY_ENOMEM, "listing classes");
    k->id = c[0].i;
    k->dataset = c[1].i;
    k->position = (int)c[3].i;
    k->created_us = c[4].i;
    k->pictures = c[5].i;
    k->kind = (int)c[6].i;
    return AY_OK;
}

ay_status ay_store_class_list(ay_store *s, int64_t dataset, ay_arena *a, ay_store_class **out,
                              size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s,
                    "SELECT c.id, c.dataset, c.name, c.position, c.created_us,"
                    " (SELECT COUNT(*) FROM member m WHERE m.class_id = c.id AND m.trash = 0), c.kind"
                    " FROM class c WHERE c.dataset = ? AND c.trash = 0 ORDER BY c.position, c.id",
                    ARGS(ay_sql_int(dataset)), take_class, &l, err);

    *out = (ay_store_class *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

/* AY_EEXISTS when another live class of the data set has the name. */
static ay_status class_free(ay_store *s, int64_t dataset, const char *name, int64_t except,
                            ay_err *err)
{
    int64_t id;
    ay_status status = ay_sql_number(
        s, "SELECT id FROM class WHERE dataset = ? AND name = ? AND trash = 0 AND id <> ?",
        ARGS(ay_sql_int(dataset), ay_sql_text(name), ay_sql_int(except)), &id, err);

    if (status == AY_OK)
        return ay_fail(err, AY_EEXISTS, "there is a class \"%s\" already", name);
    return status == AY_ENOTFOUND ? AY_OK : status;
}

static ay_status class_insert(ay_store *s, int64_t dataset, const char *name, int64_t *id,
                              ay_err *err)
{
    int64_t position = 0, live;
    ay_status status = ay_sql_number(s, "SELECT id FROM dataset WHERE id = ? AND trash = 0",
                                     ARGS(ay_sql_int(dataset)), &live, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no such data set");
    if (status == AY_OK)
        status = class_free(s, dataset, name, 0, err);
    if (status == AY_OK)
        status = ay_sql_number(s, "SELECT COALESCE(MAX(position), 0) FROM class WHERE dataset = ?",
                               ARGS(ay_sql_int(dataset)), &position, err);
    if (status == AY_OK)
        status = ay_sql_write(
            s,
            "INSERT INTO class (dataset, name, position, created_us, trash) VALUES (?, ?, ?, ?, 0)",
            ARGS(ay_sql_int(dataset), ay_sql_text(name), ay_sql_int(position + 1),
                 ay_sql_int(ay_clock_wall())),
            NULL, id, err);
    if (status == AY_OK)
        status = ay_store_note(s, "class.create", name, "", err);
    return status;
}

ay_status ay_store_class_create(ay_store *s, int64_t dataset, const char *name, int64_t *id,
                                ay_err *err)
{
    ay_status status = ay_store_check_name("a class's name", name, AY_NAME_MAX, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, class_insert(s, dataset, name, id, err), err);
}

static ay_status class_update(ay_store *s, int64_t id, const char *name, ay_err *err)
{
    int64_t dataset = 0;
    ay_status status = ay_sql_number(s, "SELECT dataset FROM class WHERE id = ? AND trash = 0",
                                     ARGS(ay_sql_int(id)), &dataset, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no such class");
    if (status == AY_OK)
        status = class_free(s, dataset, name, id, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "UPDATE class SET name = ? WHERE id = ?",
                              ARGS(ay_sql_text(name), ay_sql_int(id)), NULL, NULL, err);
    if (status == AY_OK)
        status = ay_store_note(s, "class.rename", name, "", err);
    return status;
}

ay_status ay_store_class_rename(ay_store *s, int64_t id, const char *name, ay_err *err)
{
    ay_status status = ay_store_check_name("a class's name", name, AY_NAME_MAX, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, class_update(s, id, name, err), err);
}
