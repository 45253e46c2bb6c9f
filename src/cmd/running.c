#include "cmd/running.h"
#include "base/buf.h"
#include "base/mem.h"
#include "net/fetch.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_BYTES = 64 << 20, WAIT_MS = 60000 };

ay_status ay_running_find(ay_running *r, const ay_args *a, ay_err *err)
{
    char data[4096];

    ay_config_data_dir(&a->config, data, sizeof data);
    return ay_door_find(&r->door, data, err);
}

void ay_running_fini(ay_running *r)
{
    ay_door_close(&r->door);
}

/* A refusal's code and words. */
static ay_status refused(const ay_fetch_reply *reply, ay_err *err)
{
    json_t *o = json_loads(reply->words, 0, NULL);
    const char *code = json_string_value(json_object_get(o, "code")), *detail = json_string_value(json_object_get(o, "detail"));
    ay_status status = AY_EIO;

    for (int i = 1; code && i < AY_STATUS_COUNT; i++)
        if (strcmp(ay_status_name((ay_status)i), code) == 0)
            status = (ay_status)i;
    ay_fail(err, status, detail ? "%s" : "the server answered %.0s%d", detail ? detail : "", reply->status);
    json_decref(o);
    return status;
}

static int add_text(const char *p, size_t n, void *buf)
{
    ay_buf_add(buf, p, n);
    return ((ay_buf *)buf)->failed ? -1 : 0;
}

ay_status ay_running_ask(const ay_running *r, const char *method, const char *path, json_t *body, json_t **out, ay_err *err)
{
    char url[AY_FETCH_URL];
    ay_buf text = {0}, answer = {0};
    bool full = body && json_dump_callback(body, add_text, &text, JSON_COMPACT) != 0;
    ay_fetch_request q = {.url = url, .method = body ? NULL : method, .door = r->door.path, .body = text.data,
                          .body_size = text.len, .redirects = AY_FETCH_STAY, .timeout_ms = WAIT_MS,
                          .max_bytes = ANSWER_BYTES};
    ay_fetch_reply *reply = ay_calloc(1, sizeof *reply);
    ay_status status = AY_OK;

    snprintf(url, sizeof url, "http://localhost%s", path);
    if (!reply || full)
        status = ay_fail(err, AY_ENOMEM, "asking the server");
    if (status == AY_OK)
        status = ay_fetch_text(&q, &answer, reply, err);
    if (status == AY_EIO)
        ay_fail(err, AY_EIO, "the server that has the data folder does not answer any more");
    if (status == AY_OK && reply->status / 100 != 2)
        status = refused(reply, err);
    if (status == AY_OK && out && !(*out = json_loadb(answer.data ? answer.data : "", answer.len, 0, NULL)))
        status = ay_fail(err, AY_ECORRUPT, "the server's answer to %s %s is no JSON", method, path);
    ay_buf_fini(&answer);
    ay_free(reply);
    json_decref(body);
    ay_buf_fini(&text);
    return status;
}
