/* models/rewrite.h - the tensors of one tower as its architecture wants them: other publishers' names
 * translated, layers that training keeps apart put together.
 *
 * An architecture that needs this collects the tensors into a list, changes the list, and closes it
 * into a view that build() reads as if it were the file.  Values stay in the mapped file but for the
 * few that are computed, so rewriting costs neither memory nor time to speak of.  Rejected: asking
 * for every tensor under several names while building, which puts the publishers' histories into the
 * description of the network.
 *
 * Threads: one list on one thread; the view is immutable. */
#ifndef AY_MODELS_REWRITE_H
#define AY_MODELS_REWRITE_H

#include "models/arch.h"

#include <stddef.h>

/* Every occurrence of from becomes to, rule after rule; a table ends with from NULL. */
typedef struct {
    const char *from, *to;
} ay_rename;

typedef struct {
    ay_named_tensor *item; /* sorted by name, those read from the file */
    bool *gone;            /* taken out again */
    size_t count;
    ay_named_tensor *made; /* added */
    size_t made_count, made_cap;
    ay_arena *arena; /* names and computed values; outlives the view */
} ay_tensor_list;

/* All tensors whose names start with scope (BatchNorm's counters apart), renamed by the rules where
 * they start with prefix: only what follows the prefix is looked at.  rules may be NULL.  On failure
 * the list is empty. */
ay_status ay_list_read(ay_tensor_list *l, const ay_source *src, const char *scope,
                       const char *prefix, const ay_rename *rules, ay_arena *arena, ay_err *err);
void ay_list_fini(ay_tensor_list *l);
/* The tensor read under this name and not taken out, or NULL. */
const ay_tensor *ay_list_find(const ay_tensor_list *l, const char *name);
void ay_list_drop(ay_tensor_list *l, const char *name); /* what is not there stays away */
/* A new name for item i; the list is no longer sorted until ay_list_sort(). */
ay_status ay_list_rename(ay_tensor_list *l, size_t i, const char *name, ay_err *err);
void ay_list_sort(ay_tensor_list *l);
/* Room for count floats under a new name; *dst is zero and lives with the arena. */
ay_status ay_list_add(ay_tensor_list *l, const char *name, ay_shape shape, float **dst,
                      ay_err *err);
ay_status ay_list_close(const ay_tensor_list *l, ay_safetensors **view, ay_err *err);

#endif
