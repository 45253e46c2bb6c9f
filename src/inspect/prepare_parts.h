/* inspect/prepare_parts.h - what the parts of preparing share.
 *
 *   manifest.c   the set as manifest.json
 *   gather.c     the input folder becomes raw_data/
 *   choices.c    a person's orientations
 *   sides.c      which side of the split each original is on
 *   arrange.c    oriented_data/ and dataset/
 *   items.c      the list for training
 *   tree.c       files in the tree: copies, links, folders that appear whole */
#ifndef AY_INSPECT_PREPARE_PARTS_H
#define AY_INSPECT_PREPARE_PARTS_H

#include "inspect/prepare.h"

enum { AY_LINE_PATH = 4096 };

/* ---- manifest.c -------------------------------------------------------------------------------- */

ay_status ay_line_set_write(const char *dir, const ay_line_set *set, ay_err *err);

/* ---- tree.c ------------------------------------------------------------------------------------ */

/* dir/name, or with folder dir/folder/name.  AY_EINVAL when it is too long. */
ay_status ay_line_path(char dst[AY_LINE_PATH], ay_err *err, const char *dir, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* n bytes as a new file with times and permissions of like (a struct stat), owner's bits at least rw.  Not synced. */
struct stat;
ay_status ay_line_put(const char *path, const void *bytes, size_t n, const struct stat *like, ay_err *err);
/* A second name for a file, or a copy where the file system knows no links. */
ay_status ay_line_link(const char *from, const char *to, ay_err *err);
/* dir/name.tmp, empty.  What a crash left there is removed. */
ay_status ay_line_begin_folder(const char *dir, const char *name, ay_err *err);
/* dir/name.tmp becomes dir/name, durably; what is there is removed. */
ay_status ay_line_end_folder(const char *dir, const char *name, ay_err *err);

/* ---- telling ----------------------------------------------------------------------------------- */

void ay_line_note(const ay_line_observer *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool ay_line_cancelled(const ay_line_observer *o);

/* Do something for 0..n-1 on several threads; the first failure ends it and is given. */
typedef struct {
    size_t n;
    int threads; /* 0: one a processor */
    const ay_line_observer *observer;
    ay_line_phase phase;
    ay_status (*one)(void *ctx, size_t i, ay_err *err);
    void *ctx;
} ay_line_work;
ay_status ay_line_each(const ay_line_work *w, ay_err *err);

/* ---- names ------------------------------------------------------------------------------------- */

/* What the picture of original i, turned, is called below oriented_data/<orientation>/ and dataset/<side>/<label>/. */
ay_status ay_line_turned_name(const ay_line_set *set, int i, int degrees, char dst[256], ay_err *err);
/* "Up", "HX26_D5_top/Up", "NG", ... in dst; "" when it has none. */
void ay_line_label_of(const ay_line_set *set, int i, int degrees, char dst[512]);
/* How often the set turns an original: 4, or 1. */
int ay_line_turns(const ay_line_set *set, int i);

/* ---- sides.c ----------------------------------------------------------------------------------- */

/* originals[].split and group. */
ay_status ay_line_split_sides(ay_line_original *originals, int n, int nclasses, double share, uint64_t seed,
                              const ay_line_observer *observer, ay_err *err);

#endif
