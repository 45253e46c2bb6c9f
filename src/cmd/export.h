/* cmd/export.h - what "assay export" and "assay dataset export" share. */
#ifndef AY_CMD_EXPORT_H
#define AY_CMD_EXPORT_H

#include "service/export/export.h"

#include <stdbool.h>

typedef struct {
    ay_export_wish wish;
    const char *to; /* a path, or "-" */
    bool quiet, json, dry;
} ay_export_order;

/* Export with a bar and say what was done (on standard error when the pictures go to standard output); an exit status. */
int ay_export_run(ay_service *s, const ay_export_order *o);

#endif
