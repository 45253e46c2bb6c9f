/* Building, binding, compiling: what they refuse, what they share, what they allocate. */
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/thread.h"
#include "nn/backend.h"
#include "nn/plan.h"

#include <math.h>

static ay_graph *fresh(void)
{
    ay_graph *g;

    CHECK(ay_graph_create(&g, NULL) == AY_OK);
    return g;
}

/* A small network with every kind of step: convolution chain, attention, own loops, plain loops. */
static ay_status build_mixed(ay_graph **out, ay_err *err)
{
    ay_graph *g;
    ay_status status = ay_graph_create(&g, err);
    ay_val x, y;

    *out = NULL;
    if (status != AY_OK)
        return status;
    x = ay_graph_input(g, "image", AY_SHAPE(1, 3, 24, 24));
    x = ay_nn_conv2d(g, x, "stem", &(ay_conv){.out = 32, .kernel = 3, .stride = 2, .pad = 1});
    x = ay_nn_activation(g, ay_nn_batch_norm(g, x, "bn", 0), AY_ACT_RELU);
    y = ay_nn_conv2d(g, x, "c", &(ay_conv){.out = 32, .kernel = 3, .pad = 1, .bias = true});
    x = ay_nn_activation(g, ay_nn_add(g, x, y), AY_ACT_GELU);
    x = ay_nn_max_pool(g, x, &(ay_pool){.kernel = 2});
    x = ay_nn_embed_tokens(g, ay_nn_patches(g, x), "cls", "pos");
    y = ay_nn_layer_norm(g, x, "ln", 0);
    y = ay_nn_linear(g, y, "qkv", &(ay_linear){.out = 96, .bias = true});
    x = ay_nn_add(g, x, ay_nn_attention(g, y, 2, false));
    ay_graph_output(g, ay_nn_l2_normalise(g, ay_nn_token(g, x, 0)), "embedding");
    status = ay_graph_finish(g, err);
    if (status == AY_OK)
        status = ay_graph_bind_random(g, 11, err);
    if (status != AY_OK)
        ay_graph_destroy(g);
    else
        *out = g;
    return status;
}

static void first_error_is_kept(void)
{
    ay_graph *g = fresh();
    ay_err err;
    ay_val x = ay_graph_input(g, "image", AY_SHAPE(1, 3, 8, 8));

    x = ay_nn_conv2d(g, x, "a", &(ay_conv){.out = 5, .kernel = 3, .groups = 2});
    CHECK(x == AY_NOVAL);
    x = ay_nn_activation(g, ay_nn_batch_norm(g, x, "b", 0), AY_ACT_RELU);
    x = ay_nn_add(g, x, ay_nn_linear(g, x, "c", &(ay_linear){.out = 3}));
    x = ay_nn_embed_tokens(g, ay_nn_patches(g, x), "cls", "pos");
    ay_graph_output(g, ay_nn_token(g, x, 0), "y");
    CHECK(x == AY_NOVAL && ay_graph_finish(g, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "conv2d \"a\""));
    ay_graph_destroy(g);
}

/* Each builder names itself when the input does not fit. */
static void shapes_are_checked(void)
{
    static const char *const want[] = {"conv2d", "linear",       "concat", "add",
                                       "matmul", "reshape",      "slice",  "attention",
                                       "pool",   "is too small", "patches"};

    for (int k = 0; k < 11; k++) {
        ay_graph *g = fresh();
        ay_err err;
        ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 6, 4)), y = AY_NOVAL;
        ay_val image = ay_graph_input(g, "i", AY_SHAPE(1, 3, 4, 4));
        if (k == 0)
            y = ay_nn_conv2d(g, x, "n", &(ay_conv){.out = 1, .kernel = 1});
        if (k == 1)
            y = ay_nn_linear(g, x, "n", &(ay_linear){.out = 0});
        if (k == 2)
            y = ay_nn_concat(g, (ay_val[]){x, image}, 2, 1);
        if (k == 3)
            y = ay_nn_add(g, x, image);
        if (k == 4)
            y = ay_nn_matmul(g, x, x, false, 1);
        if (k == 5)
            y = ay_nn_reshape(g, x, AY_SHAPE(0, 5, -1));
        if (k == 6)
            y = ay_nn_slice(g, x, 1, 4, 3);
        if (k == 7)
            y = ay_nn_attention(g, x, 1, false);
        if (k == 8)
            y = ay_nn_max_pool(g, image, &(ay_pool){.kernel = 2, .pad = 2});
        if (k == 9)
            y = ay_nn_conv2d(g, image, "n", &(ay_conv){.out = 1, .kernel = 5});
        if (k == 10)
            y = ay_nn_patches(g, x);
        ay_graph_output(g, y, "y");
        CHECK(y == AY_NOVAL && ay_graph_finish(g, &err) == AY_EINVAL);
        CHECK(strstr(err.msg, want[k]));
        ay_graph_destroy(g);
    }
}

static void shapes_are_inferred(void)
{
    ay_graph *g = fresh();
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 3, 224, 224));
    char t[AY_SHAPE_TEXT];
    ay_shape s;

    x = ay_nn_conv2d(g, x, "c", &(ay_conv){.out = 64, .kernel = 7, .stride = 2, .pad = 3});
    s = ay_graph_shape(g, x);
    CHECK(strcmp(ay_shape_text(&s, t), "[1, 64, 112, 112]") == 0);
    x = ay_nn_max_pool(g, x, &(ay_pool){.kernel = 3, .stride = 2, .pad = 1});
    s = ay_graph_shape(g, x);
    CHECK(strcmp(ay_shape_text(&s, t), "[1, 64, 56, 56]") == 0);
    CHECK(ay_graph_flops(g) == 2.0 * 64 * 112 * 112 * 3 * 49);
    CHECK(ay_graph_parameters(g) == 64 * 3 * 49);
    ay_graph_destroy(g);
}

static void temp_path(char dst[64])
{
    snprintf(dst, 64, "/tmp/ay_graph_%ld.safetensors", (long)getpid());
}

static ay_graph *linear_graph(const ay_linear *a)
{
    ay_graph *g = fresh();
    ay_val x = ay_graph_input(g, "x", AY_SHAPE(1, 2));

    ay_graph_output(g, ay_nn_linear(g, x, "fc", a), "y");
    CHECK(ay_graph_finish(g, NULL) == AY_OK);
    return g;
}

/* Bind a [out, 2] layer to a file of n tensors; the status, and the message in err. */
static ay_status bind_file(ay_graph *g, const ay_named_tensor *t, size_t n, const ay_bind *opt,
                           ay_safetensors **st, ay_err *err)
{
    char path[64];

    temp_path(path);
    CHECK(ay_safetensors_write(path, t, n, NULL, err) == AY_OK);
    CHECK(ay_safetensors_open(st, path, err) == AY_OK);
    unlink(path);
    return ay_graph_bind(g, *st, opt, err);
}

static void binding_names_what_is_wrong(void)
{
    float w[8] = {1, 2, 3, 4};
    int64_t whole[4] = {0};
    ay_named_tensor good[] = {{"fc.weight", {AY_F32, AY_SHAPE(2, 2), w}},
                              {"fc.bias", {AY_F32, AY_SHAPE(2), w}},
                              {"bn.num_batches_tracked", {AY_I64, AY_SHAPE(), whole}},
                              {"head.weight", {AY_F32, AY_SHAPE(2), w}}};
    ay_bind strict = {.strict = true}, lenient = {.strict = true,
                                              .ignore = (const char *const[]){"head.", NULL}};
    ay_linear a = {.out = 2, .bias = true};
    ay_safetensors *st;
    ay_err err;
    ay_graph *g = linear_graph(&a);

    CHECK(bind_file(g, good, 1, NULL, &st, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "\"fc.bias\" [2] is missing (1 missing)"));
    ay_safetensors_close(st);
    CHECK(bind_file(g, good, 4, &strict, &st, &err) == AY_ECORRUPT);
    CHECK(strstr(err.msg, "\"head.weight\" belongs to no layer (1 unexpected)"));
    ay_safetensors_close(st);
    good[1].tensor.shape = AY_SHAPE(3);
    CHECK(bind_file(g, good, 2, NULL, &st, &err) == AY_ECORRUPT);
    CHECK(strstr(err.msg, "\"fc.bias\" is [3], wanted [2]"));
    ay_safetensors_close(st);
    good[1].tensor = ay_tensor_make(AY_I64, AY_SHAPE(2), whole);
    CHECK(bind_file(g, good, 2, NULL, &st, &err) == AY_ECORRUPT && strstr(err.msg, "I64"));
    ay_safetensors_close(st);
    good[1].tensor = ay_tensor_make(AY_F32, AY_SHAPE(1, 2, 1), w); /* ones do not matter */
    CHECK(bind_file(g, good, 4, &lenient, &st, &err) == AY_OK);
    CHECK(ay_graph_bind(g, st, NULL, &err) == AY_EINVAL); /* once only */
    ay_graph_destroy(g);
    ay_safetensors_close(st);
}

/* Half-precision, stacked and transposed weights give the same layer. */
static void weights_come_in_many_forms(void)
{
    float w[4] = {1, 2, 3, 4}, wt[4] = {1, 3, 2, 4};
    uint16_t h[4], b[4];
    ay_named_tensor forms[4][2] = {{{"fc.weight", {AY_F16, AY_SHAPE(2, 2), h}}},
                                   {{"fc.weight", {AY_BF16, AY_SHAPE(2, 2), b}}},
                                   {{"fc.q.weight", {AY_F32, AY_SHAPE(1, 2), w}},
                                    {"fc.k.weight", {AY_F32, AY_SHAPE(1, 2), w + 2}}},
                                   {{"proj", {AY_F32, AY_SHAPE(2, 2), wt}}}};
    ay_linear attr[4] = {{.out = 2},
                         {.out = 2},
                         {.out = 2, .parts = {"q", "k"}},
                         {.out = 2, .transposed = true, .weight = "proj"}};
    static const char *const backend[] = {"ref", "dnnl"};

    ay_from_f32(h, AY_F16, w, 4);
    ay_from_f32(b, AY_BF16, w, 4);
    for (int i = 0; i < 8; i++) {
        ay_graph *g = linear_graph(&attr[i / 2]);
        ay_safetensors *st;
        ay_plan *p;
        ay_err err;
        CHECK_OK(
            bind_file(g, forms[i / 2], i / 2 == 2 ? 2 : 1, &(ay_bind){.strict = true}, &st, &err),
            err);
        CHECK_OK(ay_plan_create(&p, g,
                                &(ay_plan_options){
                                    .batch = 1, .backend = backend[i % 2], .precision = AY_NN_F32},
                                &err),
                 err);
        memcpy(ay_plan_input(p, 0)->data, (float[]){10, 1}, 8);
        CHECK(ay_plan_run(p, &err) == AY_OK);
        const float *y = ay_plan_output(p, 0)->data;
        CHECK(y[0] == 12 && y[1] == 34);
        ay_plan_destroy(p);
        ay_graph_destroy(g);
        ay_safetensors_close(st);
    }
}

static void plan_options_are_checked(void)
{
    ay_graph *g, *unbound = linear_graph(&(ay_linear){.out = 2});
    ay_plan *p;
    ay_err err;
    ay_shape small = AY_SHAPE(1, 3, 2, 2), flat = AY_SHAPE(1, 3, 24), wide = AY_SHAPE(1, 3, 24, 48);

    CHECK_OK(build_mixed(&g, &err), err);
    CHECK(ay_plan_create(&p, unbound, &(ay_plan_options){.batch = 1}, &err) == AY_EINVAL && !p);
    CHECK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 0}, &err) == AY_EINVAL);
    CHECK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 1, .backend = "cuda"}, &err) ==
          AY_EUNSUPPORTED);
    CHECK(ay_plan_create(&p, g,
                         &(ay_plan_options){.batch = 1, .backend = "ref", .precision = AY_NN_BF16},
                         &err) == AY_EUNSUPPORTED);
    CHECK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 1, .input_shapes = &small}, &err) ==
          AY_EINVAL);
    CHECK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 1, .input_shapes = &flat}, &err) ==
          AY_EINVAL);
    CHECK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 1, .input_shapes = &wide}, &err) ==
          AY_EINVAL);
    CHECK(strstr(err.msg, "places are known for 37 tokens, not 73"));
    ay_graph_destroy(unbound);
    ay_graph_destroy(g);
}

/* A second plan of any batch packs nothing again, and neither plan disturbs the other. */
static void plans_share_packed_weights(void)
{
    ay_graph *g;
    ay_plan *a, *b;
    ay_plan_info x, y;
    ay_err err;

    CHECK_OK(build_mixed(&g, &err), err);
    CHECK_OK(ay_plan_create(&a, g, &(ay_plan_options){.batch = 2, .precision = AY_NN_F32}, &err),
             err);
    ay_plan_get_info(a, &x);
    CHECK_OK(ay_plan_create(&b, g, &(ay_plan_options){.batch = 2, .precision = AY_NN_F32}, &err),
             err);
    ay_plan_get_info(b, &y);
    CHECK(x.packed_bytes > 0 && x.packed_bytes == y.packed_bytes);
    CHECK(strcmp(x.backend, "dnnl") == 0 && x.precision == AY_NN_F32 && x.steps > 3);
    ay_plan_destroy(a);
    ay_plan_destroy(b);
    ay_graph_destroy(g);
}

/* ---- the heap while running: oneDNN's own argument tables only ---------------------------------
 */

static _Thread_local size_t largest_request;
static _Thread_local int watching;
void *__libc_malloc(size_t n);
void *malloc(size_t n);

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *malloc(size_t n)
{
    if (watching && n > largest_request)
        largest_request = n;
    return __libc_malloc(n);
}
#endif

static void running_allocates_nothing(void)
{
    static const ay_nn_precision precision[] = {AY_NN_F32, AY_NN_BF16, AY_NN_F32};

    for (int k = 0; k < 3; k++) {
        ay_graph *g;
        ay_plan *p;
        ay_err err;
        if (precision[k] == AY_NN_BF16 && !ay_backend_dnnl.bf16())
            continue;
        CHECK_OK(build_mixed(&g, &err), err);
        CHECK_OK(ay_plan_create(&p, g,
                                &(ay_plan_options){.batch = 4,
                                                   .precision = precision[k],
                                                   .backend = k == 2 ? "ref" : NULL},
                                &err),
                 err);
        CHECK(ay_plan_run(p, &err) == AY_OK);
        long live = ay_mem_live();
        largest_request = 0;
        ay_mem_fail_after(0); /* the next allocation of ours would fail */
        watching = 1;
        ay_status status = ay_plan_run(p, &err);
        watching = 0;
        ay_mem_fail_after(-1);
        CHECK(status == AY_OK && ay_mem_live() == live && largest_request <= 4096);
        ay_plan_destroy(p);
        ay_graph_destroy(g);
    }
}

/* Refuse each allocation of building and compiling in turn: an error each time, no leak. */
static void survives_refused_memory(void)
{
    long before = ay_mem_live();

    for (int k = 0; k < 2; k++) {
        bool done = false;
        for (long n = 0; !done && n < 2000; n++) {
            ay_graph *g = NULL;
            ay_plan *p = NULL;
            ay_mem_fail_after(n);
            ay_status status = build_mixed(&g, NULL);
            if (status == AY_OK)
                status = ay_plan_create(&p, g,
                                        &(ay_plan_options){.batch = 1,
                                                           .precision = AY_NN_F32,
                                                           .backend = k ? "ref" : "dnnl"},
                                        NULL);
            ay_mem_fail_after(-1);
            CHECK(status == AY_OK || status == AY_ENOMEM);
            done = status == AY_OK;
            ay_plan_destroy(p);
            ay_graph_destroy(g);
            CHECK(ay_mem_live() == before);
        }
        CHECK(done);
    }
}

/* One line a step and a sum; the chosen precision is one of the two and stays the same. */
static void profile_tells_each_step(void)
{
    ay_nn_precision first = ay_nn_auto_precision();
    ay_plan_info info;
    ay_buf text = {0};
    ay_graph *g;
    ay_plan *p;
    ay_err err;
    int lines = 0;

    CHECK_OK(build_mixed(&g, &err), err);
    CHECK_OK(ay_plan_create(&p, g, &(ay_plan_options){.batch = 2}, &err), err);
    CHECK_OK(ay_plan_profile(p, &text, &err), err);
    ay_plan_get_info(p, &info);
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    CHECK(lines == info.steps + 1 && strstr(text.data, "conv2d") && strstr(text.data, "stem"));
    CHECK(info.precision == first && ay_nn_auto_precision() == first);
    CHECK(first == AY_NN_F32 || first == AY_NN_BF16);
    ay_buf_fini(&text);
    ay_plan_destroy(p);
    ay_graph_destroy(g);
}

/* ---- threads ------------------------------------------------------------------------------------
 */

typedef struct {
    ay_graph *g;
    int threads;
    float y[32];
    ay_status status;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    ay_plan *p;

    w->status = ay_plan_create(
        &p, w->g, &(ay_plan_options){.batch = 1, .precision = AY_NN_F32, .threads = w->threads},
        NULL);
    if (w->status != AY_OK)
        return NULL;
    for (int i = 0; i < 3 * 24 * 24; i++)
        ((float *)ay_plan_input(p, 0)->data)[i] = (float)(i % 7) - 3;
    for (int i = 0; i < 20 && w->status == AY_OK; i++)
        w->status = ay_plan_run(p, NULL);
    memcpy(w->y, ay_plan_output(p, 0)->data, sizeof w->y);
    ay_plan_destroy(p);
    return NULL;
}

static void sessions_run_side_by_side(void)
{
    ay_graph *g;
    ay_err err;
    worker w[4];
    pthread_t t[4];

    CHECK_OK(build_mixed(&g, &err), err);
    for (int i = 0; i < 4; i++) {
        w[i] = (worker){.g = g, .threads = i < 3 ? 1 : 2};
        CHECK_OK(ay_thread_start(&t[i], "session", work, &w[i], &err), err);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 4; i++) {
        CHECK(w[i].status == AY_OK);
        for (int k = 0; k < 32; k++)
            CHECK(fabsf(w[i].y[k] - w[0].y[k]) < 1e-5f);
    }
    ay_graph_destroy(g);
}

TESTS({"first_error_is_kept", first_error_is_kept}, {"shapes_are_checked", shapes_are_checked},
      {"shapes_are_inferred", shapes_are_inferred},
      {"binding_names_what_is_wrong", binding_names_what_is_wrong},
      {"weights_come_in_many_forms", weights_come_in_many_forms},
      {"plan_options_are_checked", plan_options_are_checked},
      {"plans_share_packed_weights", plans_share_packed_weights},
      {"running_allocates_nothing", running_allocates_nothing},
      {"survives_refused_memory", survives_refused_memory},
      {"profile_tells_each_step", profile_tells_each_step},
      {"sessions_run_side_by_side", sessions_run_side_by_side})
