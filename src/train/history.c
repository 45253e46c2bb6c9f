#include "train/history.h"
#include "base/mem.h"

#include <math.h>
#include <stddef.h>

/* The lists of numbers and where a point keeps them. */
static const struct {
    const char *name;
    size_t at;
} lists[] = {
    {"train_loss", offsetof(ay_train_point, train_loss)},
    {"val_loss", offsetof(ay_train_point, val_loss)},
    {"val_accuracy", offsetof(ay_train_point, val_accuracy)},
    {"val_f1", offsetof(ay_train_point, val_f1)},
    {"learning_rate", offsetof(ay_train_point, learning_rate)},
    {"train_accuracy", offsetof(ay_train_point, train_accuracy)},
    {"seconds", offsetof(ay_train_point, seconds)},
};
enum { LISTS = sizeof lists / sizeof *lists };

static double *number(ay_train_point *p, int list)
{
    return (double *)(void *)((char *)p + lists[list].at);
}

ay_status ay_history_add(ay_history *h, const ay_train_point *p, ay_err *err)
{
    if (h->n == h->cap) {
        int cap = h->cap ? 2 * h->cap : 32;
        ay_train_point *grown = ay_realloc(h->point, (size_t)cap, sizeof *grown);
        if (!grown)
            return ay_fail(err, AY_ENOMEM, "history of %d epochs", h->n);
        h->point = grown;
        h->cap = cap;
    }
    h->point[h->n++] = *p;
    return AY_OK;
}

void ay_history_fini(ay_history *h)
{
    ay_free(h->point);
    *h = (ay_history){0};
}

json_t *ay_history_lists(const ay_history *h)
{
    json_t *all = json_object(), *body = json_array(), *best = json_array();

    for (int k = 0; k < LISTS; k++) {
        json_t *list = json_array();
        for (int i = 0; i < h->n; i++) {
            double v = *number(&h->point[i], k);
            json_array_append_new(list, isfinite(v) ? json_real(v) : json_null());
        }
        json_object_set_new(all, lists[k].name, list);
    }
    for (int i = 0; i < h->n; i++) {
        json_array_append_new(body, json_boolean(h->point[i].body));
        json_array_append_new(best, json_boolean(h->point[i].best));
    }
    json_object_set_new(all, "body", body);
    json_object_set_new(all, "best", best);
    return all;
}

ay_status ay_history_read(ay_history *h, const json_t *all, ay_err *err)
{
    size_t n = json_array_size(json_object_get(all, lists[0].name));
    ay_status status = AY_OK;

    for (int k = 0; k < LISTS; k++)
        if (json_array_size(json_object_get(all, lists[k].name)) != n)
            return ay_fail(err, AY_ECORRUPT, "history: %s is not as long as %s", lists[k].name,
                           lists[0].name);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        ay_train_point p = {.epoch = (int)i + 1};
        for (int k = 0; k < LISTS; k++) {
            const json_t *v = json_array_get(json_object_get(all, lists[k].name), i);
            *number(&p, k) = json_is_number(v) ? json_number_value(v) : NAN;
        }
        p.body = json_is_true(json_array_get(json_object_get(all, "body"), i));
        p.best = json_is_true(json_array_get(json_object_get(all, "best"), i));
        status = ay_history_add(h, &p, err);
    }
    return status;
}

int ay_history_best(const ay_history *h)
{
    for (int i = h->n; i > 0; i--)
        if (h->point[i - 1].best)
            return i;
    return 0;
}

json_t *ay_history_json(const ay_history *h, double seconds, const char *timestamp)
{
    return json_pack("{s:o, s:i, s:f, s:s}", "history", ay_history_lists(h), "best_epoch",
                     ay_history_best(h), "duration_seconds", seconds, "timestamp", timestamp);
}

ay_status ay_history_curves(const ay_history *h, ay_curves *c, double **room, ay_err *err)
{
    size_t n = (size_t)h->n;
    double *v = ay_calloc(n ? LISTS * n : 1, sizeof *v);

    *room = v;
    if (!v)
        return ay_fail(err, AY_ENOMEM, "curves of %zu epochs", n);
    for (size_t k = 0; k < LISTS; k++)
        for (size_t i = 0; i < n; i++)
            v[k * n + i] = *number(&h->point[i], (int)k);
    *c = (ay_curves){.epochs = h->n,
                     .train_loss = v,
                     .val_loss = v + n,
                     .val_accuracy = v + 2 * n,
                     .val_f1 = v + 3 * n,
                     .learning_rate = v + 4 * n,
                     .train_accuracy = v + 5 * n,
                     .best = ay_history_best(h) - 1};
    return AY_OK;
}
