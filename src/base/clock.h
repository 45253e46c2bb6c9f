/* base/clock.h - the two clocks.  Threads: any. */
#ifndef AY_BASE_CLOCK_H
#define AY_BASE_CLOCK_H

#include <stdint.h>

#define AY_RFC3339_SIZE 32

uint64_t ay_clock_mono(void); /* nanoseconds that only grow; for durations */
int64_t ay_clock_wall(void);  /* microseconds since 1970 UTC; for people and stores */
/* Write "2026-01-31T12:00:00Z" for wall microseconds into dst[AY_RFC3339_SIZE]. */
void ay_clock_rfc3339(char *dst, int64_t wall_us);

#endif
