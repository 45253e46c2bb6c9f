/* The embedded default encoder: the files of models/default as they are.  Paths are from the root
 * of the source tree, where make runs. */
        .section .rodata
        .macro embed name, file
        .global \name
        .global \name\()_end
        .balign 64
\name:
        .incbin "\file"
\name\()_end:
        .byte 0
        .endm
        embed ay_default_weights, "models/default/model.safetensors"
        embed ay_default_config, "models/default/config.json"
        embed ay_default_golden, "models/default/golden.json"
        embed ay_default_words, "models/default/words.safetensors"
        embed ay_default_words_json, "models/default/words.json"
        .section .note.GNU-stack, "", @progbits
