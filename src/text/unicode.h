/* text/unicode.h - characters as numbers: what kind they are, small letters, composition.
 *
 * A text is worked on as an array of code points, since every rule of the tokenizers is written in
 * them.  Our own tables, not libutf8proc or ICU: what must be equal are two Python programs whose
 * letters, small letters and compositions come from three different versions of Unicode, and a
 * library has one (tools/make-text-tables reads the three).
 *
 * Pure functions, any thread; an ay_points belongs to one thread. */
#ifndef AY_TEXT_UNICODE_H
#define AY_TEXT_UNICODE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code points that grow.  After a refused allocation failed is set and additions are dropped, so a
 * long run of them is checked once at its end. */
typedef struct {
    uint32_t *c; /* owned */
    size_t n, cap;
    bool failed;
} ay_points;

void ay_points_fini(ay_points *p);
void ay_points_add(ay_points *p, uint32_t c);
void ay_points_append(ay_points *p, const uint32_t *c, size_t n);
void ay_points_swap(ay_points *a, ay_points *b);
/* AY_EINVAL names the byte where text is no UTF-8. */
ay_status ay_points_decode(ay_points *out, const char *text, size_t n, ay_err *err);
/* Appended to out; out->failed when memory is refused. */
void ay_points_encode(const uint32_t *c, size_t n, ay_buf *out);

bool ay_uni_is_letter(uint32_t c); /* \p{L} */
bool ay_uni_is_number(uint32_t c); /* \p{N} */
bool ay_uni_is_space(uint32_t c);  /* White_Space: \s of the HF tokenizer's expressions */
bool ay_uni_is_blank(uint32_t c);  /* Python's str.isspace(): the same and U+001C .. U+001F */

/* Small letters, appended to out.  context: a capital sigma at the end of a word becomes the final
 * one, as Python's str.lower() does it; else each character by itself. */
void ay_uni_lower(const uint32_t *c, size_t n, bool context, ay_points *out);

/* Canonical composition (NFC), in place. */
void ay_uni_nfc(ay_points *p);

#endif
