/* engine/engine.h - THE BOUNDARY: pictures in, vectors out.
 *
 * Layers above see pictures, vectors and digests; never a tensor or a graph.  An engine owns one
 * loaded encoder, its worker threads and their sessions (one single-threaded session a core, weights
 * shared).  Callers from any thread queue pictures; workers batch what is waiting, so sixteen
 * requests in flight cost about what one batch of sixteen costs.
 *
 * Vectors are unit length.  Two vectors may be compared only when both digests are equal. */
#ifndef AY_ENGINE_ENGINE_H
#define AY_ENGINE_ENGINE_H

#include "base/err.h"
#include "base/hash.h"
#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { AY_PRECISION_AUTO, AY_PRECISION_F32, AY_PRECISION_BF16 } ay_precision;

typedef struct {
    const char *model;      /* NULL or "default": the embedded one; else a folder or .safetensors file */
    ay_precision precision; /* AUTO: bf16 where the processor has it, else f32 */
    const char *backend;    /* NULL: "dnnl"; "ref": plain loops */
    int workers;            /* 0: one a processor */
    int max_batch;          /* 0: 16 */
    int max_queue;          /* pictures waiting before AY_EBUSY; 0: 256 */
    int input_size;         /* pixels a side, for networks that take any; 0: the model's own */
    bool raw;               /* vectors as the network gives them, not scaled: what a head reads */
    bool bare;              /* with raw: what the network's own last layer reads (models/model.h) */
    bool logits;            /* with raw: behind each vector the logits, where the model has any */
    const char *digests;    /* a file that remembers digests of weights (models/digest.h); NULL: none */
} ay_engine_options;

typedef struct {
    char name[64];          /* "assay-default" */
    char arch[32];          /* "resnet", "clip-vit" ... */
    char shape[192];        /* what the file told of it: "width=768 layers=12 ... act=gelu" */
    char licence[64];
    char version[32];
    char digest[AY_SHA256_HEX];            /* of weights and architecture */
    char preprocess_digest[AY_SHA256_HEX]; /* of every preprocessing parameter */
    int dim;                /* floats in a vector */
    int classes;            /* logits behind it; 0 unless asked for */
    int row;                /* floats that a picture gives: dim + classes */
    int input_size;         /* pixels a side */
    uint64_t parameters;
    double gflops;          /* multiply-adds * 2 / 1e9, one picture */
    ay_precision precision; /* the one in force: F32 or BF16 */
    char backend[16];
    int workers, max_batch;
} ay_engine_info;

typedef struct ay_engine ay_engine;

ay_status ay_engine_open(ay_engine **out, const ay_engine_options *options, ay_err *err);
void ay_engine_close(ay_engine *e); /* waits for work under way; NULL is fine */
const ay_engine_info *ay_engine_get_info(const ay_engine *e); /* lives as long as e */

/* Embed n pictures: dst gets n * row floats, row i for images[i], unit length unless raw.  Blocks until done.
 * AY_EBUSY when the queue is full: nothing was queued.  A picture's vector does not depend on what it
 * was batched with. */
ay_status ay_engine_embed(ay_engine *e, const ay_image *const *images, int n, float *dst,
                          ay_err *err);

/* Make the first opening of a model that has just been pulled as fast as later ones (models/model.h,
 * ay_model_remember).  Seconds; any thread. */
void ay_engine_remember(const char *folder);
/* The same for work that nobody waits for: it is done when nothing else is asked (engine/batcher.h). */
ay_status ay_engine_embed_later(ay_engine *e, const ay_image *const *images, int n, float *dst, ay_err *err);

typedef struct {
    uint64_t pictures, batches; /* since open */
    uint64_t busy_ns;           /* summed over workers */
    int queued;                 /* now */
} ay_engine_stats;
void ay_engine_get_stats(ay_engine *e, ay_engine_stats *out);
/* Bytes of packed weights and buffers, all workers'; grows as larger batches come. */
size_t ay_engine_memory(const ay_engine *e);

#endif
