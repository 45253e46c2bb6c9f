#include "base/test.h"
#include "http/gate.h"

#include <stdatomic.h>

/* A BMP header of w by h: all that probing reads. */
static size_t header(unsigned char *p, int w, int h)
{
    memset(p, 0, 58);
    memcpy(p, "BM", 2);
    p[10] = 54;
    p[14] = 40;
    p[18] = (unsigned char)w, p[19] = (unsigned char)(w >> 8);
    p[22] = (unsigned char)h, p[23] = (unsigned char)(h >> 8);
    p[26] = 1;
    p[28] = 24;
    return 58;
}

static ay_gate gate;
static atomic_int inside, most, entered;

static void *enter(void *arg)
{
    unsigned char bmp[58];
    size_t n = header(bmp, 100, 100);

    (void)arg;
    for (int i = 0; i < 200; i++) {
        uint64_t got = ay_gate_enter(&gate, bmp, n);
        int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
        while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
            ;
        atomic_fetch_add(&entered, got == 10000);
        usleep(10);
        atomic_fetch_sub(&inside, 1);
        ay_gate_leave(&gate, got);
    }
    return NULL;
}

static void no_more_than_fit(void)
{
    pthread_t t[8];

    ay_gate_init(&gate, 30000);
    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&t[i], NULL, enter, NULL) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
    CHECK(entered == 8 * 200 && most <= 3 && most >= 1);
    CHECK(gate.free == 30000);
    ay_gate_fini(&gate);
}

static void larger_than_all(void)
{
    unsigned char bmp[58];
    size_t n = header(bmp, 1000, 1000);

    ay_gate_init(&gate, 30000);
    CHECK(ay_gate_enter(&gate, bmp, n) == 30000 && gate.free == 0);
    ay_gate_leave(&gate, 30000);
    CHECK(ay_gate_enter(&gate, "no picture", 10) == 0 && gate.free == 30000);
    ay_gate_fini(&gate);
}

TESTS({"no more than fit pass at a time", no_more_than_fit},
      {"a picture larger than the limit passes alone", larger_than_all})
