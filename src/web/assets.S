/* web/assets.S - the page's files, inside the program.
 *
 * The assembler reads each file as it is when the program is built: no generator, nothing to keep
 * in step.  Rejected: a zip appended to the program (needs a reader), C arrays (a generator, and
 * megabytes for the compiler to parse).  The list is files.def. */
    .section .rodata
    .macro asset name, file
    .global ay_web_\name, ay_web_\name\()_end
    .balign 16
ay_web_\name:
    .incbin "\file"
ay_web_\name\()_end:
    .byte 0
    .endm

#define AY_WEB_FILE(name, file) asset name, file
#include "files.def"

    .section .note.GNU-stack,"",%progbits
