/* A weight file whose tensors have the right names and any shapes, with any configuration beside
 * it: opening gives a model or an error.
 *
 * Input: pairs of bytes until a zero name (which name and rank, then one byte a dimension), then
 * the text of config.json.  Mutating real files would hardly ever pass the reader's checks of
 * ranges. */
#include "base/buf.h"
#include "models/model.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "conv1.weight",
    "bn1.running_var",
    "bn1.weight",
    "bn1.bias",
    "bn1.running_mean",
    "layer1.0.conv1.weight",
    "layer1.0.conv2.weight",
    "layer1.0.conv3.weight",
    "layer1.0.downsample.0.weight",
    "layer2.0.conv1.weight",
    "layer2.0.conv2.weight",
    "layer3.0.conv1.weight",
    "layer3.0.conv2.weight",
    "layer4.0.conv1.weight",
    "layer4.0.conv2.weight",
    "fc.weight",
    "fc.bias",
    "head.weight",
    "attnpool.positional_embedding",
    "visual.class_embedding",
    "visual.conv1.weight",
    "visual.positional_embedding",
    "visual.proj",
    "visual.transformer.resblocks.0.mlp.c_fc.weight",
    "vision_model.embeddings.class_embedding",
    "vision_model.embeddings.patch_embedding.weight",
    "vision_model.embeddings.position_embedding.weight",
    "vision_model.encoder.layers.0.mlp.fc1.weight",
    "visual_projection.weight",
};
static const long dims[] = {1, 2, 3, 7, 14, 16, 17, 32, 50, 64, 128, 197, 512, 768, 4096, 0};

enum { NAMES = sizeof names / sizeof *names, DIMS = sizeof dims / sizeof *dims, ROOM = 1 << 22 };

/* One entry of the header; how many bytes of the input it took. */
static size_t put_tensor(ay_buf *head, const uint8_t *data, size_t size, long *at)
{
    size_t rank = data[0] >> 5, used = 1 + rank;
    long count = 1;

    if (rank > 6 || used > size)
        return 0;
    for (size_t d = 0; d < rank; d++)
        count *= count > ROOM ? 1 : dims[data[1 + d] % DIMS];
    if (count > ROOM / 2 || *at + 2 * count > ROOM)
        return used;
    ay_buf_printf(head, "%s\"%s\":{\"dtype\":\"F16\",\"shape\":[", head->len > 1 ? "," : "",
                  names[(data[0] & 31u) % NAMES]);
    for (size_t d = 0; d < rank; d++)
        ay_buf_printf(head, "%s%ld", d ? "," : "", dims[data[1 + d] % DIMS]);
    ay_buf_printf(head, "],\"data_offsets\":[%ld,%ld]}", *at, *at + 2 * count);
    *at += 2 * count;
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ay_buf head = {0}, file = {0};
    long at = 0;
    size_t used = 0, step;
    uint64_t length;
    ay_model *m;

    ay_buf_putc(&head, '{');
    while (used < size && data[used] && (step = put_tensor(&head, data + used, size - used, &at)))
        used += step;
    used += used < size;
    ay_buf_putc(&head, '}');
    length = head.len;
    ay_buf_add(&file, &length, sizeof length);
    ay_buf_add(&file, head.data, head.len);
    char *room = ay_buf_reserve(&file, (size_t)at + 1);
    if (room) {
        memset(room, 0, (size_t)at);
        file.len += (size_t)at;
        if (ay_model_from_memory(&m, file.data, file.len, (const char *)data + used, size - used,
                                 NULL, NULL) == AY_OK)
            ay_model_close(m);
    }
    ay_buf_fini(&file);
    ay_buf_fini(&head);
    return 0;
}
