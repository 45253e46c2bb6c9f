#include "base/clock.h"

#include <time.h>

uint64_t ay_clock_mono(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t ay_clock_wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void ay_clock_rfc3339(char *dst, int64_t wall_us)
{
    time_t s = (time_t)(wall_us / 1000000);
    struct tm tm;

    gmtime_r(&s, &tm);
    strftime(dst, AY_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
