/* train/note.h - what a person should read about a training, in words that can be said in any language.
 *
 * A note is written as a format with its code before it: "left_out|left out %s: %s".  What comes out is
 * the sentence in English, the code, and the arguments in order, so that a page has the sentence in its
 * reader's language and falls back to the English one where it has none.  A format without a code is
 * fine: such a note has only its text.
 *
 * Rejected: a table of messages beside the code that says them, which goes stale; and recognising
 * sentences where they are shown.  Threads: any. */
#ifndef AY_TRAIN_NOTE_H
#define AY_TRAIN_NOTE_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>

enum { AY_NOTE_TEXT = 1024, AY_NOTE_CODE = 32 };

typedef struct {
    char text[AY_NOTE_TEXT]; /* English; cut where it is too long */
    char code[AY_NOTE_CODE]; /* lower-case letters and '_'; "" for none */
    json_t *args;            /* array of strings and numbers; NULL without a code or without memory */
} ay_note;

/* The format after its code: conversions d i u x f e g s c with l, ll, z, flags, width and precision. */
void ay_note_make(ay_note *n, const char *fmt, va_list ap);
void ay_note_fini(ay_note *n);

#endif
