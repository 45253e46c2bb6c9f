/* fuzz/image_decode.c - any bytes at all to every codec.  Limits are small so that inputs are tried
 * fast; what decodes is also turned, resized and preprocessed, so that a wrong size shows as a bad
 * access. */
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ay_image_limits small = {
        .max_bytes = 1 << 20, .max_pixels = 1 << 17, .max_scans = 20};
    static const ay_preprocess clip = {.size = 32, .filter = AY_FILTER_BICUBIC, .std = {1, 1, 1}};
    float input[3 * 32 * 32];
    ay_image im, other;
    ay_err err = {""};
    ay_status st = ay_image_decode(data, size, &small, &im, &err);

    if (st) {
        if (!err.msg[0] || im.data)
            __builtin_trap(); /* a refusal has words and leaves nothing */
        return 0;
    }
    if (!ay_image_resize(&im, 24, 17, AY_FILTER_BICUBIC, &other, &err))
        ay_image_fini(&other);
    (void)ay_image_preprocess(&im, &clip, input, &err);
    ay_image_fini(&im);
    return 0;
}
