/* assay.h - the public C library of Assay: a picture in, a vector out.
 *
 *     assay *a;
 *     assay_error e;
 *     if (assay_open(&a, NULL, &e) != ASSAY_OK)
 *         return fprintf(stderr, "%s\n", e.message), 1;
 *     float *v = malloc(assay_dim(a) * sizeof *v);
 *     if (assay_embed(a, jpeg_bytes, jpeg_size, v, &e) != ASSAY_OK) ...
 *     assay_close(a);
 *
 * Vectors have unit length: the cosine of two is their dot product.  Compare two vectors only when
 * both came from models with the same assay_digest().
 *
 * Threads: open and close on one thread at a time; everything else from any thread on one handle, and
 * calls from many threads are batched together.  Nothing is printed, nothing exits, no signal is
 * handled, no environment variable is read.
 *
 * Stability: within one major version functions are only added, and structures grow only at their
 * end, told apart by their first member. */
#ifndef ASSAY_H
#define ASSAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_OK = 0,
    ASSAY_EINVAL = 1,      /* an argument breaks this contract */
    ASSAY_ENOMEM = 2,      /* memory was refused */
    ASSAY_EIO = 3,         /* a file could not be read */
    ASSAY_ENOTFOUND = 4,   /* no such file, or the model lacks a tensor */
    ASSAY_ECORRUPT = 6,    /* the picture or the model file is damaged */
    ASSAY_EUNSUPPORTED = 7, /* not a picture, or not a model, that we know */
    ASSAY_ELIMIT = 8,      /* the picture is too large */
    ASSAY_EBUSY = 9        /* too many pictures wait; try later */
} assay_status;

typedef struct {
    char message[512]; /* in English, always terminated */
} assay_error;

typedef struct assay assay;

typedef struct {
    size_t size;           /* sizeof(assay_options), so that it can grow */
    const char *model;     /* NULL: the embedded encoder; else a folder or a .safetensors file */
    const char *precision; /* NULL or "auto", "f32", "bf16" */
    int threads;           /* 0: one a processor */
} assay_options;

/* "1.2.3" of the library in use. */
const char *assay_version(void);

/* options NULL: defaults.  error may be NULL.  On failure *out is NULL. */
assay_status assay_open(assay **out, const assay_options *options, assay_error *error);
/* No other call may be under way; NULL is fine. */
void assay_close(assay *a);

int assay_dim(const assay *a);             /* floats in a vector */
const char *assay_model_name(const assay *a); /* lives as long as a */
/* 64 hex digits that name the weights and 64 that name the preprocessing, with a colon between. */
const char *assay_digest(const assay *a);

/* An encoded picture (JPEG, PNG, WebP, GIF, BMP, TIFF; told by its content; turned upright by EXIF)
 * of size bytes -> dst[assay_dim()]. */
assay_status assay_embed(assay *a, const void *bytes, size_t size, float *dst, assay_error *error);
/* As above from 8-bit RGB pixels in memory, rows stride bytes apart (0: width * 3). */
assay_status assay_embed_rgb(assay *a, const uint8_t *pixels, int width, int height, size_t stride,
                             float *dst, assay_error *error);

#ifdef __cplusplus
}
#endif
#endif
