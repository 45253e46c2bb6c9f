/* fuzz/expansion.c - any bytes at all as a language model's answer, and as a kept one.  What passes is checked
 * again: it must pass unchanged, and hold nothing that the check is there to keep out. */
#include "service/words/expand_parts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_clean(const ay_buf *text)
{
    ay_buf again = {0};
    ay_err err = {""};

    if (ay_expand_check(text->data, text->len, &again, &err) || strcmp(again.data, text->data) != 0)
        __builtin_trap();
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] < ' ' || text->data[i] == 127)
            __builtin_trap();
    ay_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kept = 0; kept < 2; kept++) {
        ay_buf out = {0};
        ay_err err = {""};
        ay_status status = kept ? ay_expand_check((const char *)data, size, &out, &err)
                                : ay_expand_answer_read((const char *)data, size, &out, &err);
        if (status == AY_OK)
            must_be_clean(&out);
        else if (!err.msg[0] || out.len)
            __builtin_trap();
        ay_buf_fini(&out);
    }
    return 0;
}
