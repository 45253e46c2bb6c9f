/* text/clean.h - what open_clip does to a text before it looks for words.  Threads: any.
 *
 * SimpleTokenizer's default is ftfy.fix_text, html.unescape twice, white space to single spaces,
 * str.lower.  Of ftfy 6.3 this is all but its guess that a text was once decoded with the wrong
 * encoding ("mojibake": "sÃ³" for "só").  That guess is a statistical model of 400 characters and ten
 * encodings which somebody else tuned; a text that was typed never meets it.  The golden file counts
 * how many of its strings ftfy would have repaired so (test/vectors/make_tokenizer.py).
 *
 * Done, line by line and again until nothing changes, as ftfy does it: entities that end in a
 * semicolon (until a line has a '<'), C1 controls as Windows-1252, Latin ligatures, wide and narrow
 * forms, curly quotes, line ends, terminal escapes (with ASCII digits), control characters, NFC.
 * Surrogates cannot occur in UTF-8. */
#ifndef AY_TEXT_CLEAN_H
#define AY_TEXT_CLEAN_H

#include "text/unicode.h"

/* In place.  lower false: open_clip's clean "whitespace", which keeps capitals. */
ay_status ay_clean_openclip(ay_points *p, bool lower, ay_err *err);
/* The normalizer of Hugging Face's CLIPTokenizer: NFC, runs of white space to one space, small
 * letters each by itself (no final sigma). */
ay_status ay_clean_hugging(ay_points *p, ay_err *err);

#endif
