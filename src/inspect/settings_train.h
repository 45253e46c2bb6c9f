/* inspect/settings_train.h - an inspection's settings as what each step of it takes.  Threads: any. */
#ifndef AY_INSPECT_SETTINGS_TRAIN_H
#define AY_INSPECT_SETTINGS_TRAIN_H

#include "inspect/prepare.h"
#include "inspect/settings.h"
#include "train/metric_settings.h"

/* Strings of the options point into s.  What s does not say keeps its default; input, product and its ctx are the caller's. */
void ay_inspect_settings_gather(const ay_inspect_settings *s, ay_line_gather_options *out);
void ay_inspect_settings_arrange(const ay_inspect_settings *s, ay_line_arrange_options *out);
void ay_inspect_settings_metric(const ay_inspect_settings *s, ay_metric_settings *out);

#endif
