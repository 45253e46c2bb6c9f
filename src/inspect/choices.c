/* How each component is turned, as a person says it: complete and of the four words, or refused by name. */
#include "base/file.h"
#include "inspect/prepare_parts.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { NAMED = 8 }; /* so many names in a message, then a count */

typedef struct {
    char text[360];
    int n;
} names;

static void add(names *l, const char *name)
{
    size_t used = strlen(l->text);

    if (l->n++ < NAMED)
        snprintf(l->text + used, sizeof l->text - used, "%s%.80s", used ? ", " : "", name);
}

static const char *more(const names *l, char dst[40])
{
    *dst = '\0';
    if (l->n > NAMED)
        snprintf(dst, 40, " and %d more", l->n - NAMED);
    return dst;
}

static int class_called(const ay_line_set *set, const char *name)
{
    for (int i = 0; i < set->nclasses; i++)
        if (strcmp(set->classes[i].name, name) == 0)
            return i;
    return AY_LINE_UNKNOWN;
}

static ay_status take(const ay_line_set *set, const json_t *doc, int *orientation, ay_err *err)
{
    names unknown = {0}, wrong = {0}, missing = {0};
    const char *key;
    json_t *value;
    char rest[40];

    for (int i = 0; i < set->nclasses; i++)
        orientation[i] = AY_LINE_UNKNOWN;
    json_object_foreach((json_t *)doc, key, value)
    {
        int c = class_called(set, key), o = json_is_string(value) ? ay_line_orientation_find(json_string_value(value))
                                                                  : AY_LINE_UNKNOWN;
        if (c < 0)
            add(&unknown, key);
        else if (o < 0)
            add(&wrong, key);
        else
            orientation[c] = o;
    }
    if (unknown.n)
        return ay_fail(err, AY_EINVAL, "orientations: there is no class %s%s", unknown.text, more(&unknown, rest));
    if (wrong.n)
        return ay_fail(err, AY_EINVAL, "orientations: %s%s must be \"Up\", \"Right\", \"Down\" or \"Left\"", wrong.text,
                       more(&wrong, rest));
    for (int i = 0; i < set->nclasses; i++)
        if (orientation[i] < 0)
            add(&missing, set->classes[i].name);
    if (missing.n)
        return ay_fail(err, AY_EINVAL, "orientations: %d of %d classes have none: %s%s", missing.n, set->nclasses,
                       missing.text, more(&missing, rest));
    return AY_OK;
}

ay_status ay_line_choices_check(const ay_line_set *set, const char *choices, size_t n, int *orientation, ay_err *err)
{
    json_error_t je;
    json_t *doc = json_loadb(choices ? choices : "", n, JSON_REJECT_DUPLICATES, &je);
    ay_status status;

    if (!json_is_object(doc))
        status = ay_fail(err, AY_EINVAL, "orientations: a JSON object {\"<class>\": \"Up\", ...} is expected%s%s",
                         doc ? "" : ": ", doc ? "" : je.text);
    else
        status = take(set, doc, orientation, err);
    json_decref(doc);
    return status;
}

ay_status ay_line_choose(const char *dir, const char *choices, size_t n, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_line_set set;
    int *orientation;
    ay_status status = ay_line_set_read(dir, &set, err);

    if (status != AY_OK)
        return status == AY_ENOTFOUND ? ay_fail(err, AY_ECONFLICT, "%s: no pictures have been gathered yet", dir)
                                      : status;
    orientation = ay_arena_alloc(&set.arena, ((size_t)set.nclasses + 1) * sizeof *orientation);
    if (set.stage == AY_LINE_TRAINING)
        status = ay_fail(err, AY_ECONFLICT,
                         "%s: training has begun, orientations stay as they are; begin another training to change them",
                         dir);
    else if (!orientation)
        status = ay_fail(err, AY_ENOMEM, "reading orientations");
    else
        status = ay_line_choices_check(&set, choices, n, orientation, err);
    if (status == AY_OK)
        status = ay_line_path(path, err, dir, "orientations.json");
    if (status == AY_OK)
        status = ay_file_write(path, choices, n, err);
    ay_line_set_fini(&set);
    return status;
}
