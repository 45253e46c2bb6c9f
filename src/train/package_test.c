/* Names of models from names of folders.  What a whole folder holds is checked by run_test.c. */
#include "train/package.h"
#include "base/test.h"

static bool is(const char *folder, size_t cap, const char *want)
{
    char name[64];

    ay_package_name(folder, strlen(folder), name, cap);
    if (strcmp(name, want) != 0)
        printf("  \"%s\", wanted \"%s\"\n", name, want);
    return strcmp(name, want) == 0;
}

static void names_are_utf8(void)
{
    CHECK(is("bolts-1", 64, "bolts-1"));
    CHECK(is("", 64, ""));
    CHECK(is("bolts-1", 6, "bolts"));
    CHECK(is("sch\xc3\xa4", 64, "sch\xc3\xa4"));
    CHECK(is("sch\xc3\xa4", 5, "sch")); /* not half a letter */
    CHECK(is("sch\xe4" "den", 64, "sch\xef\xbf\xbd" "den")); /* Latin-1 */
    CHECK(is("a\nb", 64, "a b"));
}

TESTS({"names are UTF-8", names_are_utf8})
