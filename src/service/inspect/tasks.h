/* service/inspect/tasks.h - inspection trainings: from a folder of coded names to golden samples, with a person in the middle.
 *
 *   start --> pending --> running --> pending_orientation --confirm--> running --> completed
 *                            |                 |                          |--> failed, and why
 *                            '-----------------'--------- cancel ---------'--> cancelled
 *
 * A task is a job of kind "inspect" (service/service.h), so that it is in the store, is told to pages and survives the program: what
 * ran goes on where its files are, what waits for a person waits on.  Its files are in one folder, of its own: two tasks cannot
 * meet.  Orientation choices are a file in it, written whole; they may be changed until the network begins to learn, and a
 * change while pictures are being turned starts that part again.
 *
 * Preparing takes seconds and learning takes the processors: AY_TASK_WORKERS tasks can be prepared beside each other, but only
 * one thing of this program learns at a time (ay_turn_take(), which a training of service/learn takes too).
 *
 * How the work is done is the caller's of ay_service_open() (inspect/flow.h; tests give a quick one): this file keeps the
 * states, the choices and the folders.
 *
 * The names of states, fields and steps are those of the system that this replaces.  Not repeated from it: a cancel that only
 * changed a word, a failed training that was called completed, progress that ran backwards, choices that nobody checked,
 * any path of the server as input, task ids that could meet.
 *
 * Threads: any. */
#ifndef AY_SERVICE_TASKS_H
#define AY_SERVICE_TASKS_H

#include "base/buf.h"
#include "service/service.h"

#include <jansson.h>

enum { AY_TASK_ID = 48, AY_TASK_WORKERS = 2, AY_TASKS_LISTED = 1000 };

typedef struct {
    char id[AY_TASK_ID]; /* task_20261122_180000_9f86d081 */
    int64_t job;
    const char *status; /* as above; static */
    const char *input, *output, *site, *line; /* output: the task's folder */
    const char *step;                         /* what is being done, in words */
    double progress;                          /* 0..1, never less than before */
    const char *error;                        /* NULL: none */
    const char *detail;                       /* JSON object: all that is known (service/inspect/tasks.c) */
    const char *points;                       /* JSON array: the curve; only from ay_task_get() */
    char created[AY_RFC3339_SIZE], started[AY_RFC3339_SIZE], ended[AY_RFC3339_SIZE];
} ay_task;

/* request: {"input_dir", "output_dir"?, "site"?, "line_id"?, "settings"?: {key: value}, "orientations"?: {class: choice}} and what else the
 * driver's check() knows.  AY_EINVAL: a setting, or a folder that this server may not read; AY_EUNSUPPORTED: this program does
 * not train. */
ay_status ay_task_start(ay_service *s, const json_t *request, char id[AY_TASK_ID], ay_err *err);
/* Folders that may be named as input_dir: those with OK/ in them, the allowed ones and what lies one level below, in byte order. */
ay_status ay_task_sources(ay_service *s, ay_arena *a, const char ***out, size_t *n, ay_err *err);
/* Newest first, at most AY_TASKS_LISTED. */
ay_status ay_task_list(ay_service *s, ay_arena *a, ay_task **out, size_t *n, ay_err *err);
ay_status ay_task_get(ay_service *s, const char *id, ay_arena *a, ay_task *out, ay_err *err); /* AY_ENOTFOUND */
/* AY_ECONFLICT: it is over. */
ay_status ay_task_cancel(ay_service *s, const char *id, ay_err *err);
/* Out of the list, with its files when asked for.  AY_ECONFLICT: it is not over. */
ay_status ay_task_delete(ay_service *s, const char *id, bool files, ay_err *err);

/* What a person has to say of it: [{"class", "samples": [file names], "choice": "Up" ... or null}], in order of class.
 * AY_ECONFLICT: it does not wait for that, or no longer. */
ay_status ay_task_samples(ay_service *s, const char *id, json_t **out, ay_err *err);
/* choices: {class: "Up" | "Down" | "Left" | "Right"}, of every class.  AY_EINVAL names what is missing, wrong or not known.
 * AY_ECONFLICT: too late, or too early. */
ay_status ay_task_confirm(ay_service *s, const char *id, const json_t *choices, ay_err *err);

/* A file of the task, by names that its own documents give: nothing of these becomes a path unchecked.  AY_ENOTFOUND. */
ay_status ay_task_sample(ay_service *s, const char *id, const char *klass, const char *file, char *dst, size_t cap, ay_err *err);
/* what: "model", "module", "evaluation_csv" ... (the table in tasks_files.c).  AY_EINVAL lists the words; AY_ECONFLICT: not yet. */
ay_status ay_task_file(ay_service *s, const char *id, const char *what, char *dst, size_t cap, ay_err *err);
/* The picture of golden sample number n (from 1, text) as report.h names it. */
ay_status ay_task_golden(ay_service *s, const char *id, const char *n, char *dst, size_t cap, ay_err *err);
/* A document of the task's folder, JSON; NULL when it is not there. */
json_t *ay_task_document(const ay_task *t, const char *name);

#endif
