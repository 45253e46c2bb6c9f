/* http/range.h - the Range header of RFC 9110, one range.  Pure, any thread.
 *
 * Several ranges in one request are answered with the whole, which the standard allows: nobody
 * needs multipart/byteranges of a picture. */
#ifndef AY_HTTP_RANGE_H
#define AY_HTTP_RANGE_H

#include <stdint.h>

typedef enum { AY_RANGE_ALL, AY_RANGE_PART, AY_RANGE_UNSATISFIABLE } ay_range_kind;

/* What header ("bytes=0-99", "bytes=100-", "bytes=-20"; NULL: none) asks of size bytes.  A header
 * that is malformed or of another unit asks for all.  PART sets first and last, both inclusive. */
ay_range_kind ay_range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last);

#endif
