/* cmd/shelf.h - what "assay pictures", "assay tag" and "assay album" share: the library's shelf from the command line.
 *
 * They take the filter that the page's bar takes, a word an operand: tag:blue -tag:old camera:Pixel since:2026-01-01 yard.  A word with a
 * '-' in front is no option here, so these commands have long options only. */
#ifndef AY_CMD_SHELF_H
#define AY_CMD_SHELF_H

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "service/library/filter.h"

#include <jansson.h>

#define AY_SHELF_FILTERS                                                                                                                    \
    "FILTER: words, all of which must hold (of several classes, cameras, formats or albums one of them):\n"                        \
    "  tag:blue  -tag:old  class:Boards  album:\"Best of\"  cluster:12  camera:Pixel  format:jpeg,png  yard (in the file's name)\n"  \
    "  since:2026-01-31 until:2026-02 taken:2025 taken-since:7d  min-side:800 max-side:4000 min-bytes:2MB  is:untagged is:unsorted\n" \
    "  predicted:Boards min-score:90% max-score:0.5 max-margin:0.2 is:disputed model:parts-1 (what a trained model says; see --look)\n"  \
    "  order:newest|oldest|name|largest|taken|album|score|doubt; a '-' before a word excludes what it names."

typedef struct {
    ay_args args;
    ay_session session;
    ay_arena arena;
    ay_picture_filter filter;
    char **word; /* operands, also those with a '-' in front */
    int n;
    ay_err err;
} ay_shelf_words;

/* Options and operands; -1: go on, else the exit code.  ay_shelf_end() in every case. */
int ay_shelf_begin(ay_shelf_words *s, const ay_usage *usage, int argc, char **argv);
void ay_shelf_end(ay_shelf_words *s);
const char *ay_shelf_dataset(const ay_shelf_words *s);
/* One line of JSON; o is given away. */
void ay_shelf_print(json_t *o);
/* Take back what a token stands for, and say so; the exit code. */
int ay_shelf_undo(ay_shelf_words *s, const char *token);

#endif
