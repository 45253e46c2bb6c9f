#include "train/history.h"
#include "base/mem.h"
#include "base/test.h"

#include <math.h>

/* Through text and back, every number has the bits it had. */
static void text_keeps_every_bit(void)
{
    ay_history h = {0}, back = {0};
    ay_curves c;
    double *room;
    json_t *whole, *again;
    char *text;
    ay_err err;

    for (int i = 0; i < 40; i++) {
        ay_train_point p = {.epoch = i + 1, .body = i > 20, .best = i % 7 == 3,
                            .train_loss = 1.0 / (i + 3), .train_accuracy = sqrt(i), .val_loss = i == 5 ? NAN : exp(-i),
                            .val_accuracy = i / 41.0, .val_f1 = i / 43.0, .learning_rate = 1e-3 / (i + 1), .seconds = i};
        CHECK_OK(ay_history_add(&h, &p, &err), err);
    }
    whole = ay_history_json(&h, 12.5, "2026-01-31T12:00:00Z");
    text = json_dumps(whole, 0);
    again = json_loads(text, 0, NULL);
    CHECK(json_integer_value(json_object_get(again, "best_epoch")) == 39);
    CHECK_OK(ay_history_read(&back, json_object_get(again, "history"), &err), err);
    CHECK(back.n == 40 && isnan(back.point[5].val_loss));
    for (int i = 0; i < 40; i++) {
        CHECK(back.point[i].train_loss == h.point[i].train_loss && back.point[i].body == h.point[i].body);
        CHECK(back.point[i].learning_rate == h.point[i].learning_rate && back.point[i].best == h.point[i].best);
    }
    CHECK_OK(ay_history_curves(&back, &c, &room, &err), err);
    CHECK(c.epochs == 40 && c.best == 38 && c.val_f1[42 - 3] == h.point[39].val_f1);
    ay_free(room);
    free(text);
    json_decref(whole);
    json_decref(again);
    ay_history_fini(&h);
    ay_history_fini(&back);
}

static void uneven_lists_are_refused(void)
{
    json_t *o = json_loads("{\"train_loss\": [1, 2], \"val_loss\": [1]}", 0, NULL);
    ay_history h = {0};
    ay_err err;

    CHECK(ay_history_read(&h, o, &err) == AY_ECORRUPT && strstr(err.msg, "val_loss"));
    json_decref(o);
    ay_history_fini(&h);
}

TESTS({"text_keeps_every_bit", text_keeps_every_bit}, {"uneven_lists_are_refused", uneven_lists_are_refused})
