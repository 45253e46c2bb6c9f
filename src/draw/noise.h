/* draw/noise.h - the usual procedural noises.  All are pure functions of place and seed.
 * Threads: any. */
#ifndef AY_DRAW_NOISE_H
#define AY_DRAW_NOISE_H

#include "draw/math.h"

/* Gradient noise (Perlin 2002's quintic fade), about -1..1, one feature a unit. */
float ay_noise2(float x, float y, uint32_t seed);
float ay_noise3(ay_v3 p, uint32_t seed);
/* Sum of octaves, each half as strong and twice as fine; about -1..1. */
float ay_fbm2(float x, float y, int octaves, uint32_t seed);
float ay_fbm3(ay_v3 p, int octaves, uint32_t seed);
/* Sharp crests: 1 - |noise|, octaves summed; 0..1. */
float ay_ridge2(float x, float y, int octaves, uint32_t seed);
/* Worley 1996: distances to the nearest and second nearest of one point a cell, and the nearest
 * cell's number in 0..1.  jitter 0 gives a grid, 1 full disorder. */
typedef struct {
    float f1, f2, id;
} ay_cell;
ay_cell ay_worley2(float x, float y, float jitter, uint32_t seed);

#endif
