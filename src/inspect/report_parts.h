/* inspect/report_parts.h - for the files of the report only. */
#ifndef AY_INSPECT_REPORT_PARTS_H
#define AY_INSPECT_REPORT_PARTS_H

#include "inspect/report.h"

/* The charts and confusion_matrix.csv into the folder results. */
ay_status ay_inspect_report_charts(const ay_inspect_report *r, const char *results, ay_err *err);

#endif
