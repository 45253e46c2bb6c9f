/* store/folder_test.h - temporary folders for the store's tests, gone when the test ends. */
#ifndef AY_STORE_FOLDER_TEST_H
#define AY_STORE_FOLDER_TEST_H

#include "base/test.h"

static char folder_made[16][64];
static int folder_count;

static void folder_clean(void)
{
    for (int i = 0; i < folder_count; i++) {
        char command[96];
        snprintf(command, sizeof command, "rm -rf '%.63s'", folder_made[i]);
        if (system(command) != 0)
            printf("  could not remove %s\n", folder_made[i]);
    }
}

static const char *fresh_folder(void)
{
    char *dir = folder_made[folder_count];

    if (folder_count == 0)
        atexit(folder_clean);
    strcpy(dir, "/tmp/assay-store-XXXXXX");
    CHECK(folder_count < 15 && mkdtemp(dir));
    folder_count++;
    return dir;
}

#endif
