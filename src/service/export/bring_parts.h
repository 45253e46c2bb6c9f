/* service/export/bring_parts.h - what bring*.c share; for these only. */
#ifndef AY_SERVICE_EXPORT_BRING_PARTS_H
#define AY_SERVICE_EXPORT_BRING_PARTS_H

#include "service/export/bring.h"
#include "service/export/crate.h"
#include "service/internal.h"

struct ay_bring {
    ay_service *s;
    ay_arena arena;
    ay_bring_wish w; /* strings in the arena */
    ay_crate source;
    ay_catalog catalog;
    bool listed; /* catalog was begun */
    uint32_t *record; /* of a member: its record's number + 1; 0: none */
    char (*sha256)[AY_SHA256_HEX]; /* of a record, once it is known to be here or in the queue; "" before */
    ay_bring_state now;
    char note[4096]; /* path of the file that says this is under way; "": none yet */
};

/* bring_find.c: which document, which pictures. */
ay_status ay_bring_find(ay_bring *b, ay_err *err);
/* bring_note.c */
ay_status ay_bring_note(ay_bring *b, ay_err *err);
void ay_bring_unnote(ay_bring *b);

#endif
