/* http/assets.S - the files of assets/, inside the program, as src/web/assets.S does it. */
    .section .rodata
    .macro asset name, file
    .global ay_http_\name, ay_http_\name\()_end
    .balign 16
ay_http_\name:
    .incbin "src/http/assets/\file"
ay_http_\name\()_end:
    .byte 0
    .endm

    asset schemas, schemas.json
    asset docs_css, docs.css
    asset docs_js, docs.js
    asset plain_css, plain.css

    .section .note.GNU-stack,"",%progbits
