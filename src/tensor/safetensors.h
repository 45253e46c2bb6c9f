/* tensor/safetensors.h - the weight file, read as if its writer were an enemy.
 *
 * Layout: u64 little-endian header length, that many bytes of JSON, then the data.  Each entry of
 * the JSON names a tensor: dtype, shape, data_offsets [begin, end) counted from the data's start.
 *
 * Guaranteed after a successful open, so that nobody checks again:
 *  1. the header fits the file and is at most AY_SAFETENSORS_HEADER_MAX bytes, is one JSON object
 *     in UTF-8 without duplicate keys;
 *  2. every dtype is known, rank <= AY_MAX_RANK, and dtype x shape equals end - begin exactly;
 *  3. the tensors tile the data: no overlap, no hole, nothing left over at the end;
 *  4. names are non-empty, and at most AY_SAFETENSORS_NAME_MAX bytes.
 * Alignment is NOT guaranteed: read elements through ay_to_f32() or memcpy.
 *
 * Threads: an open file is immutable, any number of threads may read it. */
#ifndef AY_TENSOR_SAFETENSORS_H
#define AY_TENSOR_SAFETENSORS_H

#include "base/err.h"
#include "tensor/tensor.h"

enum { AY_SAFETENSORS_NAME_MAX = 512 };
/* The format allows 100 MB.  Real headers take about 150 bytes a tensor, so 16 MB is a hundred
 * thousand tensors, and a header of nothing but brackets cannot make the parser take gigabytes. */
#define AY_SAFETENSORS_HEADER_MAX (16u * 1000 * 1000)

typedef struct ay_safetensors ay_safetensors;
typedef struct {
    const char *name;
    ay_tensor tensor;
} ay_named_tensor;

/* Map path.  AY_ENOTFOUND, AY_EIO; AY_ECORRUPT with what is wrong and where; AY_EUNSUPPORTED for a
 * dtype or rank we do not know. */
ay_status ay_safetensors_open(ay_safetensors **out, const char *path, ay_err *err);
/* As above over n bytes at p, which must stay unchanged and alive until close (embedded weights).
 */
ay_status ay_safetensors_from_memory(ay_safetensors **out, const void *p, size_t n, ay_err *err);
/* Tensors that lie elsewhere under names of our choice, n of them, in any order: a file rewritten in
 * memory.  Names are copied, data is not and must outlive st.  AY_ECORRUPT: two of the same name. */
ay_status ay_safetensors_from_list(ay_safetensors **out, const ay_named_tensor *list, size_t n,
                                   ay_err *err);
void ay_safetensors_close(ay_safetensors *st); /* NULL is fine; every view of it ends */
/* What was read of a mapped file need not stay in memory; views stay good.  From any thread. */
void ay_safetensors_forget(const ay_safetensors *st);

size_t ay_safetensors_count(const ay_safetensors *st);
/* Tensors in order of name (bytes).  Views and names live as long as st; data is read-only. */
const char *ay_safetensors_name(const ay_safetensors *st, size_t i);
const ay_tensor *ay_safetensors_at(const ay_safetensors *st, size_t i);
const ay_tensor *ay_safetensors_find(const ay_safetensors *st, const char *name); /* or NULL */
/* The value of key in "__metadata__", or NULL. */
const char *ay_safetensors_meta(const ay_safetensors *st, const char *key);

/* Write n tensors (unique names) and a NULL-ended list of metadata key, value, key, value ...
 * (meta may be NULL).  The file appears whole or not at all; data starts 64-byte aligned. */
ay_status ay_safetensors_write(const char *path, const ay_named_tensor *tensors, size_t n,
                               const char *const *meta, ay_err *err);

#endif
