/* service/export/formats.c - the table of formats. */
#include "service/export/format.h"

#include <string.h>

static const ay_export_format *const formats[] = {&ay_export_folder, &ay_export_coco, &ay_export_csv, &ay_export_jsonl, &ay_export_croissant};

const ay_export_format *ay_export_format_at(size_t i)
{
    return i < sizeof formats / sizeof *formats ? formats[i] : NULL;
}

ay_status ay_export_format_find(const char *name, const ay_export_format **out, ay_err *err)
{
    ay_buf names = {0};
    ay_status status;

    for (size_t i = 0; (*out = ay_export_format_at(i)); i++)
        if (strcmp((*out)->name, name) == 0)
            return AY_OK;
    for (size_t i = 0; ay_export_format_at(i); i++)
        ay_buf_printf(&names, "%s%s", i ? ", " : "", ay_export_format_at(i)->name);
    status = ay_fail(err, AY_EINVAL, "there is no format '%.40s'; there are %s", name, names.data ? names.data : "some");
    ay_buf_fini(&names);
    return status;
}
