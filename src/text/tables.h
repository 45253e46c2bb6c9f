/* text/tables.h - the tables that tools/make-text-tables writes.  For src/text only.
 *
 * Constants, any thread.  A set is pairs of first and last, in order; _count counts pairs. */
#ifndef AY_TEXT_TABLES_H
#define AY_TEXT_TABLES_H

#include <stddef.h>
#include <stdint.h>

extern const uint32_t ay_uni_letters[], ay_uni_numbers[], ay_uni_cased[], ay_uni_ignorable[];
extern const size_t ay_uni_letters_count, ay_uni_numbers_count, ay_uni_cased_count,
    ay_uni_ignorable_count;

typedef struct {
    uint32_t first, last, step; /* every step-th character of first .. last */
    int32_t add;
} ay_uni_run;
extern const ay_uni_run ay_uni_lower_runs[];
extern const size_t ay_uni_lower_count;

/* Pairs: a wide or narrow form and the usual one. */
extern const uint32_t ay_uni_widths[];
extern const size_t ay_uni_widths_count;

/* Canonical decomposition in one step, and what joins again; norm_table.c says how they lie. */
extern const uint32_t ay_uni_singles[], ay_uni_pairs[], ay_uni_marks[];
extern const uint16_t ay_uni_joins[];
extern const size_t ay_uni_singles_count, ay_uni_pairs_count, ay_uni_marks_count,
    ay_uni_joins_count;

extern const char ay_entity_text[]; /* entity_table.c says how it is written */

#endif
