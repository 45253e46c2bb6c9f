/* image/hostile.h - for tests: the corpus of odd and broken files, unpacked once below build/. */
#ifndef AY_IMAGE_HOSTILE_H
#define AY_IMAGE_HOSTILE_H

#include "base/file.h"
#include "base/test.h"

#define HOSTILE_ROOT "build/hostile"

/* Ends the case as skipped where the shared data is absent. */
static inline void hostile_unpack(void)
{
    char command[2048];
    const char *tar = test_shared("hostile.tar.zst");

    if (ay_file_exists(HOSTILE_ROOT "/.whole"))
        return;
    snprintf(command, sizeof command,
             "mkdir -p " HOSTILE_ROOT " && zstd -dqc '%s' | tar -xf - -C " HOSTILE_ROOT
             " && touch " HOSTILE_ROOT "/.whole",
             tar);
    CHECK(system(command) == 0);
}

#endif
