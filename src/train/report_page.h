/* train/report_page.h - the parts of a report's page that never change, and its list of charts. */
#ifndef AY_TRAIN_REPORT_PAGE_H
#define AY_TRAIN_REPORT_PAGE_H

#include "train/report.h"

typedef enum {
    AY_REPORT_CONFUSION,
    AY_REPORT_CONFUSION_ROWS,
    AY_REPORT_RELIABILITY,
    AY_REPORT_CLASSES,
    AY_REPORT_RISK,
    AY_REPORT_CURVES,
    AY_REPORT_MISTAKES,
    AY_REPORT_CHARTS
} ay_report_chart_kind;

extern const char *const ay_report_chart_name[AY_REPORT_CHARTS]; /* of the files in plots/ */
/* *out is NULL where r does not hold what the chart shows. */
ay_status ay_report_chart(ay_canvas **out, const ay_report *r, ay_report_chart_kind kind,
                          ay_err *err);

extern const char ay_report_head[], ay_report_style[];

#endif
