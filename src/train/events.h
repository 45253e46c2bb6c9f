/* train/events.h - curves as TensorBoard reads them, without TensorBoard.
 *
 * A file "events.out.tfevents.*" is a row of TFRecords {length u64, masked CRC-32C of it, bytes,
 * masked CRC-32C of them}, each an Event message of protocol buffers; the first says
 * "brain.Event:2".  Only what curves need is written: wall time, step, scalars, and the mark of a
 * resumed run that makes a reader drop what an interrupted one had written beyond this step.
 * Layout: tensorflow/core/lib/io/record_writer, core/util/event.proto, core/framework/summary.proto.
 *
 * Each event is flushed, none is synced: curves are for looking at.  Threads: one. */
#ifndef AY_TRAIN_EVENTS_H
#define AY_TRAIN_EVENTS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ay_event_file ay_event_file;

typedef struct {
    const char *tag; /* "train/loss" */
    double value;
} ay_scalar;

/* A new file in folder, which exists.  step: of the first event that will follow. */
ay_status ay_event_file_open(ay_event_file **out, const char *folder, int64_t step, ay_err *err);
ay_status ay_event_file_add(ay_event_file *e, int64_t step, const ay_scalar *values, int n, ay_err *err);
void ay_event_file_close(ay_event_file *e); /* NULL is fine */

/* CRC-32C (Castagnoli), and as TFRecords mask it. */
uint32_t ay_crc32c(const void *p, size_t n);
uint32_t ay_crc32c_masked(const void *p, size_t n);

#endif
