/* A real network on real photographs: the ResNet18 and the 201 pictures of the shared test data,
 * with the logits that its published weights gave in PyTorch. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "engine/session.h"
#include "tensor/dtype.h"

#include <math.h>
#include <sys/stat.h>

enum { PHOTOS = 201, CLASSES = 1000, TOP = 5 };

typedef struct {
    char file[256];
    int top[TOP];
    float logit[TOP];
} answer;

static const char *unpacked(void)
{
    static const char path[] = "build/resnet18-imagenet.safetensors";
    const char *packed = test_shared("resnet18-imagenet/resnet18.safetensors.zst");
    char command[2200];

    if (access(path, R_OK) == 0)
        return path;
    mkdir("build", 0755);
    snprintf(command, sizeof command, "zstd -q -d -f --long=27 '%s' -o %s.part && mv %s.part %s",
             packed, path, path, path);
    if (system(command) != 0)
        SKIP("no zstd");
    return path;
}

static int read_answers(answer *out)
{
    FILE *f = fopen(test_shared("resnet18-imagenet/golden_top5.tsv"), "r");
    char line[1024];
    int n = 0, label;

    CHECK(f);
    CHECK(fgets(line, sizeof line, f)); /* the heading */
    while (n < PHOTOS && fgets(line, sizeof line, f)) {
        answer *a = &out[n++];
        CHECK(sscanf(line, "%255[^\t]\t%d\t%d,%d,%d,%d,%d\t%f,%f,%f,%f,%f", a->file, &label,
                     &a->top[0], &a->top[1], &a->top[2], &a->top[3], &a->top[4], &a->logit[0],
                     &a->logit[1], &a->logit[2], &a->logit[3], &a->logit[4]) == 12);
    }
    fclose(f);
    return n;
}

/* golden_logits_f16.npy: a text header of known length, then [201, 1000] halves. */
static float *read_logits(void)
{
    ay_buf b = {0};
    float *v = ay_calloc((size_t)PHOTOS * CLASSES, sizeof *v);
    size_t bytes = (size_t)PHOTOS * CLASSES * 2;
    ay_err err;

    CHECK_OK(ay_file_read(test_shared("resnet18-imagenet/golden_logits_f16.npy"), 0, &b, &err),
             err);
    CHECK(b.len > bytes && memcmp(b.data + 1, "NUMPY", 5) == 0);
    ay_to_f32(v, b.data + b.len - bytes, AY_F16, (size_t)PHOTOS * CLASSES);
    ay_buf_fini(&b);
    return v;
}

static ay_model *open_model(ay_plan **plan, ay_nn_precision precision)
{
    ay_model *m;
    ay_err err;

    CHECK_OK(ay_model_open(&m, unpacked(), &(ay_model_options){.logits = true}, &err), err);
    CHECK(ay_model_get_info(m)->classes == CLASSES && ay_model_get_info(m)->dim == 512);
    CHECK_OK(ay_plan_create(plan, ay_model_graph(m),
                            &(ay_plan_options){.batch = 1, .precision = precision, .threads = 1},
                            &err),
             err);
    return m;
}

static const float *run_photo(ay_plan *plan, const ay_preprocess *p, const char *file)
{
    char name[512];
    ay_image im;
    ay_err err;

    snprintf(name, sizeof name, "resnet18-imagenet/photos/%s", file);
    CHECK_OK(
        ay_image_load(test_shared(name), &(ay_image_limits){.keep_orientation = true}, &im, &err),
        err);
    CHECK_OK(ay_image_preprocess(&im, p, ay_plan_input(plan, 0)->data, &err), err);
    ay_image_fini(&im);
    CHECK_OK(ay_plan_run(plan, &err), err);
    return ay_plan_output_named(plan, "logits")->data;
}

static int argmax(const float *v)
{
    int best = 0;

    for (int i = 1; i < CLASSES; i++)
        if (v[i] > v[best])
            best = i;
    return best;
}

static void f32_gives_the_published_top_five(void)
{
    static answer answers[PHOTOS];
    ay_plan *plan;
    ay_model *m = open_model(&plan, AY_NN_F32);
    ay_preprocess p = ay_session_preprocess(&ay_model_get_info(m)->recipe);
    double worst = 0;
    int right = 0;

    CHECK(read_answers(answers) == PHOTOS);
    for (int i = 0; i < PHOTOS; i++) {
        const float *logits = run_photo(plan, &p, answers[i].file);
        right += argmax(logits) == answers[i].top[0];
        for (int k = 0; k < TOP; k++)
            worst = fmax(worst, fabs(logits[answers[i].top[k]] - answers[i].logit[k]));
    }
    printf("  same top-1 on %d of %d, top-5 logits differ by at most %.2e\n", right, PHOTOS, worst);
    CHECK(right == PHOTOS);
    CHECK(worst < 5e-3);
    ay_plan_destroy(plan);
    ay_model_close(m);
}

static void bf16_stays_close(void)
{
    static answer answers[PHOTOS];
    ay_plan *plan;
    ay_model *m;
    ay_preprocess p;
    float *known = read_logits();
    double least = 1;
    int same = 0;

    if (!ay_cpu_get()->avx512) { /* oneDNN needs it for bf16, fast or not */
        ay_free(known);
        SKIP("no bf16 on this processor");
    }
    m = open_model(&plan, AY_NN_BF16);
    p = ay_session_preprocess(&ay_model_get_info(m)->recipe);
    CHECK(read_answers(answers) == PHOTOS);
    for (int i = 0; i < PHOTOS; i++) {
        const float *a = run_photo(plan, &p, answers[i].file), *b = known + i * CLASSES;
        double aa = 0, bb = 0, ab = 0;
        for (int k = 0; k < CLASSES; k++) {
            aa += (double)a[k] * a[k];
            bb += (double)b[k] * b[k];
            ab += (double)a[k] * b[k];
        }
        least = fmin(least, ab / sqrt(aa * bb));
        same += argmax(a) == answers[i].top[0];
    }
    printf("  lowest cosine %.6f, same top-1 on %d of %d\n", least, same, PHOTOS);
    CHECK(least >= 0.999);
    ay_plan_destroy(plan);
    ay_model_close(m);
    ay_free(known);
}

/* golden_tensor.json: an input by formula and the first 16 logits, so that no decoder is involved.
 */
static void the_synthetic_tensor_gives_its_logits(void)
{
    static const float want[16] = {-0.56184f, 0.70283f,  -1.22444f, -0.15136f, 0.13738f,  1.05446f,
                                   -1.26573f, -2.26893f, -3.44116f, -1.65298f, -1.58327f, -1.46976f,
                                   -2.17261f, -2.96878f, -1.86307f, -2.21264f};
    ay_plan *plan;
    ay_model *m = open_model(&plan, AY_NN_F32);
    float *x = ay_plan_input(plan, 0)->data;
    const float *logits;
    double sum = 0;
    ay_err err;

    for (uint64_t i = 0; i < 3 * 224 * 224; i++)
        x[i] = (float)((i * 1103515245 + 12345) % 65536) / 32768 - 1;
    CHECK_OK(ay_plan_run(plan, &err), err);
    logits = ay_plan_output_named(plan, "logits")->data;
    for (int i = 0; i < 16; i++)
        CHECK(fabsf(logits[i] - want[i]) < 1e-3f);
    for (int i = 0; i < CLASSES; i++)
        sum += logits[i];
    CHECK(argmax(logits) == 916);
    CHECK(fabs(sum - 7.5652) < 0.01);
    ay_plan_destroy(plan);
    ay_model_close(m);
}

TESTS({"the synthetic tensor gives its logits", the_synthetic_tensor_gives_its_logits},
      {"f32 gives the published top five", f32_gives_the_published_top_five},
      {"bf16 stays close", bf16_stays_close})
