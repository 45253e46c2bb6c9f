#include "base/json.h"

static int append(const char *text, size_t n, void *ctx)
{
    ay_buf *out = ctx;

    ay_buf_add(out, text, n);
    return out->failed ? -1 : 0;
}

bool ay_json_dump(const json_t *value, size_t flags, ay_buf *out)
{
    return value && json_dump_callback(value, append, out, flags) == 0;
}
