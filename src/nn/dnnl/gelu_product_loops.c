/* nn/dnnl/gelu_product_loops.c - the loops of gelu_product.h.  Compiled for AVX-512 function by function, so
 * nothing here may run before gelu_product.c has asked for the processor. */
#include "nn/dnnl/gelu_product.h"

#include <string.h>

/* Rows that go through all columns before the next ones do: their inputs stay in the second-level cache. */
enum { CHUNK = 96, TALL = 6 };

static int64_t chunks(const ay_gp *a)
{
    return (a->rows + CHUNK - 1) / CHUNK;
}

int64_t ay_gp_units(const ay_gp *a)
{
    return chunks(a) * (a->out / AY_GP_COLUMNS);
}

#ifdef __x86_64__
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))
#define PART WIDE __attribute__((always_inline)) static inline

/* 0.5 erfc(t / sqrt 2), piece k around 3k/16: printed by gelu_table.py. */
static const float piece[4][32] = {
    {0.5f, 0.425634384f, 0.353830397f, 0.286887914f, 0.226627573f, 0.174250916f,
     0.130294681f, 0.0946758538f, 0.0668072626f, 0.0457536355f, 0.0303963367f, 0.0195800308f,
     0.0122244153f, 0.0073945499f, 0.00433239806f, 0.00245786039f, 0.00134986721f, 0.000717520481f,
     0.000369063899f, 0.000183660726f, 8.84117253e-05f, 4.11642723e-05f, 1.85349836e-05f, 8.0700238e-06f,
     3.39721078e-06f, 1.38259099e-06f, 5.43939507e-07f, 2.0685151e-07f, 7.60302399e-08f, 2.7008765e-08f,
     9.27229316e-09f, 0.0f},
    {-0.398942739f, -0.391990304f, -0.371854335f, -0.340566725f, -0.301136553f, -0.257073134f,
     -0.211876035f, -0.168592811f, -0.129517481f, -0.0960616171f, -0.0687865838f, -0.0475543179f,
     -0.031740129f, -0.0204531439f, -0.0127246026f, -0.00764295552f, -0.00443211989f, -0.00248138956f,
     -0.00134125655f, -0.000699942582f, -0.000352652365f, -0.000171539941f, -8.05597228e-05f, -3.65262604e-05f,
     -1.59892188e-05f, -6.75747197e-06f, -2.75725256e-06f, -1.08618656e-06f, -4.13112275e-07f, -1.51693826e-07f,
     -5.37779385e-08f, 0.0f},
    {2.0301437e-05f, 0.0366696306f, 0.0695772171f, 0.0955968723f, 0.112725466f, 0.120316692f,
     0.119029619f, 0.110536009f, 0.0970849022f, 0.0810428038f, 0.064511165f, 0.049084574f,
     0.0357605889f, 0.024979936f, 0.0167476553f, 0.0107857054f, 0.0066766981f, 0.00397491828f,
     0.00227689068f, 0.00125535461f, 0.000666405482f, 0.000340703031f, 0.000167795282f, 7.9622776e-05f,
     3.64103616e-05f, 1.60475847e-05f, 6.81789606e-06f, 2.79253982e-06f, 1.10281644e-06f, 4.19955796e-07f,
     1.54218952e-07f, 0.0f},
    {0.0662366897f, 0.0628782958f, 0.0530950762f, 0.0386451557f, 0.0218261462f, 0.00509282947f,
     -0.00943325367f, -0.0203169696f, -0.0269571524f, -0.0295282807f, -0.028769277f, -0.0257115848f,
     -0.0214143824f, -0.0167759676f, -0.0124352276f, -0.00875714421f, -0.00587586174f, -0.00376456277f,
     -0.00230677659f, -0.0013536429f, -0.000761478965f, -0.000410989887f, -0.000212973013f, -0.000106020481f,
     -5.0727027e-05f, -2.33375467e-05f, -1.03274615e-05f, -4.39734413e-06f, -1.80204063e-06f, -7.10919494e-07f,
     -2.70053903e-07f, 0.0f},
};

PART __m512 coefficient(int power, __m512i k)
{
    return _mm512_permutex2var_ps(_mm512_loadu_ps(piece[power]), k, _mm512_loadu_ps(piece[power] + 16));
}

/* x Phi(x) = max(x, 0) - |x| Phi(-|x|): no difference of near equals on either side. */
PART __m512 gelu(__m512 x)
{
    const __m512 width = _mm512_set1_ps(0.1875f), whole = _mm512_set1_ps(12582912.0f); /* 1.5 * 2^23 */
    __m512 t = _mm512_min_ps(_mm512_abs_ps(x), _mm512_set1_ps(31 * 0.1875f));
    /* Adding so large a number leaves the nearest whole one in the low bits, which is all that is read of k. */
    __m512 k = _mm512_fmadd_ps(t, _mm512_set1_ps(1 / 0.1875f), whole);
    __m512i index = _mm512_castps_si512(k);
    __m512 r = _mm512_fnmadd_ps(_mm512_sub_ps(k, whole), width, t);
    __m512 p = coefficient(3, index);

    p = _mm512_fmadd_ps(p, r, coefficient(2, index));
    p = _mm512_fmadd_ps(p, r, coefficient(1, index));
    p = _mm512_fmadd_ps(p, r, coefficient(0, index));
    return _mm512_fnmadd_ps(t, p, _mm512_max_ps(_mm512_setzero_ps(), x)); /* max gives its second when that is NaN */
}

/* R rows of 64 columns. */
PART void tile(const ay_gp *a, const uint16_t *src, const uint16_t *weight, const float *bias, uint16_t *dst, int R)
{
    __m512 sum[TALL][4];

#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        __m512 first = bias ? _mm512_loadu_ps(bias + 16 * j) : _mm512_setzero_ps();
#pragma GCC unroll 6
        for (int i = 0; i < R; i++)
            sum[i][j] = first;
    }
    for (int64_t k = 0; k < a->in; k += 2) {
        __m512bh w[4];
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++)
            w[j] = (__m512bh)_mm512_loadu_si512(weight + k * AY_GP_COLUMNS + 32 * j);
#pragma GCC unroll 6
        for (int i = 0; i < R; i++) {
            int pair;
            memcpy(&pair, src + i * a->in + k, sizeof pair);
            __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 4
            for (int j = 0; j < 4; j++)
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], x, w[j]);
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < R; i++)
#pragma GCC unroll 2
        for (int j = 0; j < 4; j += 2) {
            __m512bh y = _mm512_cvtne2ps_pbh(gelu(sum[i][j + 1]), gelu(sum[i][j]));
            _mm512_storeu_si512(dst + i * a->out + 16 * j, (__m512i)y);
        }
}

/* One function a height, so that the sums of each are in registers. */
typedef void tile_fn(const ay_gp *a, const uint16_t *src, const uint16_t *weight, const float *bias, uint16_t *dst);
#define TILE(R)                                                                                                   \
    WIDE static void tile_##R(const ay_gp *a, const uint16_t *src, const uint16_t *weight, const float *bias,    \
                              uint16_t *dst)                                                                      \
    {                                                                                                             \
        tile(a, src, weight, bias, dst, R);                                                                       \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

/* Unit u: a chunk of rows by 64 columns, in tiles of nearly the same height. */
static void unit(const ay_gp *a, int64_t u)
{
    static tile_fn *const of_height[TALL + 1] = {NULL, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
    int64_t across = a->out / AY_GP_COLUMNS, row = u / across * CHUNK, column = u % across * AY_GP_COLUMNS;
    int64_t rows = a->rows - row < CHUNK ? a->rows - row : CHUNK, tiles = (rows + TALL - 1) / TALL;

    for (int64_t i = 0; i < tiles; i++) {
        int64_t height = rows / tiles + (i < rows % tiles);
        of_height[height](a, a->src + row * a->in, a->weight + column * a->in, a->bias ? a->bias + column : NULL,
                          a->dst + row * a->out + column);
        row += height;
    }
}

void ay_gp_run(const ay_gp *a, int64_t begin, int64_t end)
{
    for (int64_t u = begin; u < end; u++)
        unit(a, u);
}

WIDE void ay_gp_gelu(const float *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += 16)
        _mm512_storeu_ps(y + i, gelu(_mm512_loadu_ps(x + i)));
}
#else
void ay_gp_run(const ay_gp *a, int64_t begin, int64_t end)
{
    (void)a, (void)begin, (void)end; /* no step is made for other processors */
}

void ay_gp_gelu(const float *x, float *y, int64_t n)
{
    (void)x, (void)y, (void)n;
}
#endif
