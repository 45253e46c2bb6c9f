#include "train/loss.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

enum { N = 5, C = 4 };

static const float logits[N * C] = {0.5f,  -1.25f, 2.0f, 0.0f,  3.0f, 3.5f, -2.0f, 1.0f, -0.75f, 0.25f,
                                    0.125f, 4.0f,  0,    0,     0,    0,    10,    -10,  5,     -5};
static const int labels[N] = {2, 0, 3, 1, 0};
static const float weight[C] = {1, 2, 0.5f, 3};

/* torch.nn.functional.cross_entropy(x, y) and with label_smoothing=0.1, torch 2.15, float64 */
static void equals_pytorch(void)
{
    ay_loss plain = {.classes = C}, smooth = {.classes = C, .smoothing = 0.1f}, weighed = {.classes = C, .weight = weight};
    int right;

    CHECK(fabs(ay_loss_cross_entropy(&plain, logits, labels, NULL, N, NULL, &right) - 0.5610811593245936) < 1e-6);
    CHECK(right == 3);
    CHECK(fabs(ay_loss_cross_entropy(&smooth, logits, labels, NULL, N, NULL, NULL) - 0.8892061593245936) < 1e-6);
    CHECK(fabs(ay_loss_cross_entropy(&weighed, logits, labels, NULL, N, NULL, NULL) - 0.5503456724195416) < 1e-6);
}

/* F.cross_entropy(x, rows of [.7 .3 0 0]) */
static void soft_targets_equal_pytorch(void)
{
    ay_loss l = {.classes = C};
    float soft[N * C] = {0};

    for (int i = 0; i < N; i++) {
        soft[i * C] = 0.7f;
        soft[i * C + 1] = 0.3f;
    }
    CHECK(fabs(ay_loss_cross_entropy(&l, logits, NULL, soft, N, NULL, NULL) - 3.0260811593245935) < 1e-6);
}

/* Central differences of the loss agree with its gradient, whatever is switched on. */
static void gradient_is_the_slope(void)
{
    const float eps = 1.0f / 128;
    ay_loss l = {.classes = C, .smoothing = 0.15f, .weight = weight};
    float z[N * C], diff[N * C], soft[N * C];
    ay_rng r;

    ay_rng_init(&r, 7);
    for (int i = 0; i < N * C; i++) {
        z[i] = (float)ay_rng_normal(&r);
        soft[i] = 0.25f;
    }
    for (int use_soft = 0; use_soft < 2; use_soft++) {
        const float *q = use_soft ? soft : NULL;
        ay_loss_cross_entropy(&l, z, labels, q, N, diff, NULL);
        for (int i = 0; i < N * C; i++) {
            float keep = z[i];
            double up, down;
            z[i] = keep + eps;
            up = ay_loss_cross_entropy(&l, z, labels, q, N, NULL, NULL);
            z[i] = keep - eps;
            down = ay_loss_cross_entropy(&l, z, labels, q, N, NULL, NULL);
            z[i] = keep;
            CHECK(fabs((up - down) / (2 * eps) - diff[i]) < 1e-4);
        }
    }
}

TESTS({"equals_pytorch", equals_pytorch}, {"soft_targets_equal_pytorch", soft_targets_equal_pytorch},
      {"gradient_is_the_slope", gradient_is_the_slope})
