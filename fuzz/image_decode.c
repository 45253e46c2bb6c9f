/* fuzz/image_decode.c - any bytes at all to every codec.  Limits are small so that inputs are tried
 * fast; what decodes is also turned, resized and hashed, so that a wrong size shows as a bad access. */
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ay_image_limits small = {.max_bytes = 1 << 20, .max_pixels = 1 << 20, .max_scans = 20};
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
    (void)ay_image_phash(&im);
    ay_image_fini(&im);
    return 0;
}
