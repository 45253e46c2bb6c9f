/* inspect/flow_parts.h - what the files of the flow share: flow.c drives it and has the network learn, flow_judge.c does what comes after. */
#ifndef AY_INSPECT_FLOW_PARTS_H
#define AY_INSPECT_FLOW_PARTS_H

#include "inspect/flow.h"
#include "inspect/prepare.h"

enum { AY_FLOW_PATH = 4096 };

/* Progress at the ends of the steps, as the old system had them. */
#define AY_FLOW_NAMES 0.05
#define AY_FLOW_GATHERED 0.2
#define AY_FLOW_TURN 0.35
#define AY_FLOW_ARRANGED 0.55
#define AY_FLOW_TRAIN 0.6
#define AY_FLOW_TRAINED 0.85
#define AY_FLOW_JUDGED 0.9
#define AY_FLOW_REPORTED 0.95

void ay_flow_step(const ay_flow *f, double progress, const char *step);
void ay_flow_note(const ay_flow *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ay_flow_tell(const ay_flow *f, const char *key, json_t *value);
/* path: f->out + "/" + name, AY_FLOW_PATH bytes. */
void ay_flow_path(const ay_flow *f, const char *name, char *path);
/* Embed what was held back and what was learnt from; golden samples, thresholds, judgement, report, module. */
ay_status ay_flow_judge(const ay_flow *f, const ay_line_set *set, const ay_line_items *items, const json_t *training, json_t **summary,
                        ay_err *err);

#endif
