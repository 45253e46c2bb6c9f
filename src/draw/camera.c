/* The camera: from light in a canvas to the bytes of a photograph, with what real cameras add. */
#include "draw/render.h"

/* One pass of a small blur along x or y, in place. */
static void blur_line(ay_v3 *px, int n, int stride, float k)
{
    ay_v3 before = px[0];

    for (int i = 0; i < n; i++) {
        ay_v3 here = px[(long)i * stride], after = px[(long)(i + 1 < n ? i + 1 : i) * stride];
        px[(long)i * stride] = v3_mad(v3_scale(here, 1 - 2 * k), v3_add(before, after), k);
        before = here;
    }
}

static void blur(ay_canvas *c, float kx, float ky)
{
    for (int y = 0; y < c->height && kx > 0; y++)
        blur_line(c->px + (long)y * c->width, c->width, 1, kx);
    for (int x = 0; x < c->width && ky > 0; x++)
        blur_line(c->px + x, c->height, c->width, ky);
}

static float mean_light(const ay_canvas *c)
{
    double sum = 0;
    long n = (long)c->width * c->height;

    for (long i = 0; i < n; i++) /* bright spots do not count in full, as in a real meter */
        sum += minf(c->px[i].x + c->px[i].y + c->px[i].z, 4.5f);
    return (float)(sum / (3.0 * (double)n));
}

/* Linear light to display value 0..1: straight in the shadows, rolled off in the highlights. */
static float tone(float x)
{
    x = maxf(x, 0);
    x = x * (1 + x * 0.06f) / (1 + x * 0.28f);
    return x <= 0.0031308f ? 12.92f * x : 1.055f * powq(minf(x, 4), 1 / 2.4f) - 0.055f;
}

static uint8_t to_byte(float v)
{
    return (uint8_t)clampf(v * 255 + 0.5f, 0, 255);
}

ay_status ay_camera_expose(ay_rng *r, ay_canvas *c, float gentle, ay_image *out, ay_err *err)
{
    float rude = 1 - gentle, stops = rnd(r, -0.45f, 0.55f), warm = rnd_normal(r) * 0.07f * rude;
    float green = rnd_normal(r) * 0.025f * rude, fall = rnd(r, 0, 0.35f), grain = rnd(r, 0, 0.035f);
    float soft = rnd(r, 0, 1), motion = rnd(r, 0, 1), contrast = rnd(r, 0.9f, 1.2f), exposure, sat;
    ay_status st = ay_image_create(out, c->width, c->height, err);

    if (st != AY_OK)
        return st;
    sat = rnd(r, 0.75f, 1.15f);
    if (soft > 0.65f)
        for (int i = 0; i < 1 + (soft > 0.9f) * 2 * c->height / 128; i++)
            blur(c, 0.22f, 0.22f);
    if (motion > 0.9f + 0.1f * gentle)
        for (int i = 0; i < 3 * c->height / 128 + 1; i++)
            blur(c, 0.3f, 0);
    exposure = exp2q(stops) * 0.42f / maxf(powq(mean_light(c), 0.7f), 0.06f);
    grain *= rnd_chance(r, 0.5f) ? 0.3f : rude;
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            long i = (long)y * c->width + x;
            float u = 2 * (float)x / (float)c->width - 1, v = 2 * (float)y / (float)c->height - 1;
            float k = exposure * (1 - 0.5f * fall * rude * (u * u + v * v)), lum, n;
            float p[3] = {tone(c->px[i].x * k * (1 + warm)), tone(c->px[i].y * k * (1 + green)),
                          tone(c->px[i].z * k * (1 - warm))};
            lum = 0.3f * p[0] + 0.59f * p[1] + 0.11f * p[2];
            n = grain * rnd_normal(r);
            for (int b = 0; b < 3; b++) {
                float q = lum + (p[b] - lum) * sat;
                q = 0.45f + (q - 0.45f) * contrast + n;
                out->data[3 * i + b] = to_byte(q);
            }
        }
    return AY_OK;
}
