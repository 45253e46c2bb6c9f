/* text/entities.h - HTML's character references, as two Python programs read them.  Threads: any. */
#ifndef AY_TEXT_ENTITIES_H
#define AY_TEXT_ENTITIES_H

#include "text/unicode.h"

/* Python's html.unescape(): every reference, also without its semicolon ("&amp", "&notit;"), and the
 * repairs that HTML 5 asks for ("&#128;" is a euro sign).  Appended to out. */
void ay_entities_html(const uint32_t *c, size_t n, ay_points *out);
/* ftfy's unescape_html(): only what ends in a semicolon, and besides capital spellings of names that
 * have none of their own ("&EACUTE;").  Appended to out. */
void ay_entities_ftfy(const uint32_t *c, size_t n, ay_points *out);

/* What Windows-1252 has in the place of a C1 control (U+0080 .. U+009F; the control itself where it
 * has nothing). */
uint32_t ay_entities_windows(uint32_t c);

#endif
