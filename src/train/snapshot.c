#include "train/snapshot.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *digest, *label;
    ay_split split;
} line;

static int in_order(const void *x, const void *y)
{
    const line *a = x, *b = y;
    int c = strcmp(a->digest, b->digest);

    if (c == 0)
        c = strcmp(ay_split_name(a->split), ay_split_name(b->split));
    return c ? c : strcmp(a->label, b->label);
}

static void add(ay_sha256 *h, const char *text, const char *end)
{
    ay_sha256_add(h, text, strlen(text));
    ay_sha256_add(h, end, 1);
}

ay_status ay_snapshot_of(const ay_corpus_item *items, int n, const char *const *classes,
                         char hex[AY_SHA256_HEX], ay_err *err)
{
    line *lines = ay_alloc((size_t)n + 1, sizeof *lines);
    ay_sha256 h;

    if (!lines)
        return ay_fail(err, AY_ENOMEM, "no memory to name %d pictures", n);
    for (int i = 0; i < n; i++)
        lines[i] = (line){items[i].digest, classes[items[i].label], items[i].split};
    qsort(lines, (size_t)n, sizeof *lines, in_order);
    ay_sha256_init(&h);
    add(&h, "assay snapshot 1", "\n");
    for (int i = 0; i < n; i++) {
        add(&h, lines[i].digest, " ");
        add(&h, ay_split_name(lines[i].split), " ");
        add(&h, lines[i].label, "\n");
    }
    ay_sha256_hex(&h, hex);
    ay_free(lines);
    return AY_OK;
}
