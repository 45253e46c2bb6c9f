/* inspect/names.h - what a file's name says about a picture of a component on a board.
 *
 *   20260314093015_B0042@U6_04_12_top.jpg
 *   timestamp      board component component_id light
 *
 * A grammar is a pattern of literal characters and parts in braces; this is the default:
 *
 *   {timestamp:14 digits}_{board:not @}@{component:any}_{component_id:digits}_{light:word}
 *
 * A part is {name:kind}; without a kind it has the one that the default gives it.
 *   names  timestamp board component component_id light, each once; ignore, as often as is needed.
 *          component and light must be there: they and the product make a class.
 *   kinds  digits, N digits, word (letters, digits, _; bytes of other scripts count as letters),
 *          "not X" (any characters but those of X), any
 * Behind the pattern stands .jpg, .jpeg or .png in any case, and then the name ends.
 *
 * Where a name can be read in several ways, earlier parts are as long as they can be: U6_04_12_top is
 * component U6_04 with the number 12.  Both ends are anchored (the system this replaces took
 * "x.jpg.bak"), a timestamp must be a date and a time, and a name that is refused has a reason
 * that says which part was expected where.
 *
 * Rejected: regular expressions (POSIX ones have no named parts, and who writes one wrongly learns
 * "no match" and nothing else), and splitting at "_": components and lights contain it.
 *
 * Invariants: a name that was read is valid UTF-8 of at most 255 bytes without '/', '\' and control
 * characters; so none of its parts can lead out of a folder, but "." and ".." could, and are refused.
 * Threads: a compiled grammar never changes; all functions from any thread. */
#ifndef AY_INSPECT_NAMES_H
#define AY_INSPECT_NAMES_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AY_LINE_PATTERN                                                                            \
    "{timestamp:14 digits}_{board:not @}@{component:any}_{component_id:digits}_{light:word}"

typedef enum {
    AY_LINE_TIMESTAMP,
    AY_LINE_BOARD,
    AY_LINE_COMPONENT,
    AY_LINE_COMPONENT_ID,
    AY_LINE_LIGHT,
    AY_LINE_PARTS,
    AY_LINE_IGNORE = AY_LINE_PARTS
} ay_line_part;
const char *ay_line_part_name(ay_line_part part); /* "timestamp" ...; static */

typedef enum { AY_LINE_LITERAL, AY_LINE_DIGITS, AY_LINE_WORD, AY_LINE_NOT, AY_LINE_ANY } ay_line_kind;

enum { AY_LINE_ELEMENTS = 32, AY_LINE_NAME_MAX = 255 };

typedef struct {
    ay_line_kind kind;
    ay_line_part part;
    int count;          /* DIGITS: exactly so many; 0: one or more */
    const char *text;   /* LITERAL: these characters; NOT: but these.  In the grammar's pattern */
    int length;
} ay_line_element;

typedef struct {
    char pattern[512];
    ay_line_element element[AY_LINE_ELEMENTS];
    int n;
} ay_line_grammar;

/* A name in its parts.  A part that the pattern does not have is "". */
typedef struct {
    const char *file; /* the whole name */
    const char *part[AY_LINE_PARTS];
} ay_line_name;

/* pattern NULL or "": the default.  *g is where it is, it must not be copied.  AY_EINVAL names what
 * is wrong with the pattern and where. */
ay_status ay_line_grammar_init(ay_line_grammar *g, const char *pattern, ay_err *err);
/* file: a name without folders.  Strings come from arena.  AY_EINVAL: refused, the message is the
 * reason and does not repeat the name; *out is zeroed then.  AY_ENOMEM */
ay_status ay_line_name_read(const ay_line_grammar *g, const char *file, ay_arena *arena, ay_line_name *out,
                            ay_err *err);
/* Is this a name with one of the three extensions?  Others in a folder are not meant. */
bool ay_line_is_picture(const char *file);

/* "2026-03-14", the day of the timestamp; false and "" when there is no timestamp. */
bool ay_line_name_day(const ay_line_name *name, char day[11]);
/* Where the plant's database says that the picture is: <day>/<timestamp>/<file>.  AY_EINVAL when
 * there is no timestamp or dst is too small. */
ay_status ay_line_name_plant_path(const ay_line_name *name, char *dst, size_t cap, ay_err *err);

/* May this be (part of) the name of a folder: valid UTF-8, not empty, no '/', '\' or control character,
 * no leading '.' or '-', no white space at its ends, at most 200 bytes?  AY_EINVAL says why not;
 * what: "product name", for the message. */
ay_status ay_line_safe(const char *what, const char *text, ay_err *err);

#endif
