/* fuzz/manifest.c - any text as a manifest of pictures: a listing or an error with words, never a
 * bad access.  Nothing is opened but the text itself. */
#include "train/manifest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ay_arena arena;
    ay_listing list = {.arena = &arena};
    ay_err err = {""};
    char path[64];
    int fd = memfd_create("manifest", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        __builtin_trap();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ay_arena_init(&arena, 0);
    if (ay_manifest_read(&list, path, &err)) {
        if (!err.msg[0])
            __builtin_trap();
    } else {
        for (size_t i = 0; i < list.n; i++) {
            const ay_corpus_entry *e = &list.entries[i];
            if (!e->path[0] || !e->label[0] || strlen(e->label) > 120 ||
                (e->split == AY_SPLIT_NONE) == list.split_given)
                __builtin_trap();
        }
    }
    ay_listing_fini(&list);
    ay_arena_fini(&arena);
    close(fd);
    return 0;
}
