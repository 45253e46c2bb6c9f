/* fuzz/tokenizer.c - any bytes at all as a text, both publishers' ways, over the tiny vocabulary of
 * test/vectors: numbers within the vocabulary with their two ends in place, or an error with words. */
#include "text/tokenizer.h"

#include <stdlib.h>

#define FOLDER "test/vectors/tokenizer-tiny"
#define HUGGING "build/fuzz/tokenizer-hf"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ay_tokenizer *open_folder(const char *folder)
{
    ay_tokenizer *t;
    ay_err err;

    return ay_tokenizer_open(&t, folder, &err) == AY_OK ? t : NULL;
}

static void check(const ay_tokenizer *t, const uint8_t *data, size_t size)
{
    enum { CONTEXT = 20 };
    const ay_tokenizer_info *info = ay_tokenizer_get_info(t);
    int32_t ids[CONTEXT];
    ay_err err = {""};
    int used;

    if (ay_tokenizer_encode(t, (const char *)data, size, CONTEXT, ids, &used, NULL, &err)) {
        if (!err.msg[0])
            __builtin_trap();
        return;
    }
    if (used < 2 || used > CONTEXT || ids[0] != info->start || ids[used - 1] != info->end)
        __builtin_trap();
    for (int i = 0; i < CONTEXT; i++)
        if (ids[i] < 0 || ids[i] >= info->vocabulary || (i >= used && ids[i] != info->fill))
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ay_tokenizer *ours, *hugging;

    if (!ours) {
        ours = open_folder(FOLDER);
        if (system("mkdir -p " HUGGING " && cp " FOLDER "/tokenizer.json " HUGGING) == 0)
            hugging = open_folder(HUGGING);
        if (!ours || !hugging)
            __builtin_trap(); /* run it from the repository's root */
    }
    check(ours, data, size);
    check(hugging, data, size);
    return 0;
}
