#include "inspect/rotate.h"

#include <string.h>

static const char *const names[] = {"Up", "Right", "Down", "Left"};

const char *ay_line_orientation_name(int o)
{
    return o >= 0 && o < AY_LINE_ORIENTATIONS ? names[o] : "";
}

int ay_line_orientation_find(const char *name)
{
    for (int o = 0; o < AY_LINE_ORIENTATIONS; o++)
        if (strcmp(name, names[o]) == 0)
            return o;
    return AY_LINE_UNKNOWN;
}

static int quarters(int degrees)
{
    return ((degrees / 90) % 4 + 4) % 4;
}

int ay_line_orientation_turned(int o, int degrees)
{
    return o < 0 ? o : (o + quarters(degrees)) % AY_LINE_ORIENTATIONS;
}

ay_status ay_line_rotate(ay_image *im, int degrees, ay_err *err)
{
    static const int exif[] = {1, 6, 3, 8}; /* what EXIF calls a picture that must be turned so far */

    if (degrees % 90 != 0)
        return ay_fail(err, AY_EINVAL, "a picture is turned by quarters, not by %d degrees", degrees);
    return ay_image_orient(im, exif[quarters(degrees)], err);
}
