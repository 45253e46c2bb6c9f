/* service/library/watch_parts.h - what the two files of watching share.
 *
 *   watch.c       wishes, their list, the thread and its inotify     watch_read.c   walking folders, reading files
 *
 * The folders belong to the thread; `lock` guards the list of them and what others may see (state, counters) or set
 * (removed), and nothing is taken inside it. */
#ifndef AY_SERVICE_WATCH_PARTS_H
#define AY_SERVICE_WATCH_PARTS_H

#include "service/library/intake_parts.h"
#include "service/library/watch.h"

#include <sys/stat.h>

enum { AY_WATCH_PATH = 4096, AY_WATCH_LOAD = 64, AY_WATCH_PENDING = 4096 };

typedef enum { AY_WATCH_READING, AY_WATCH_WATCHING, AY_WATCH_MISSING, AY_WATCH_FAILED } ay_watch_state;

typedef struct ay_watch_folder {
    int64_t id, dataset, class_id, batch, at_us;
    char *path;
    bool classes, once, removed;
    bool trusted;  /* its files' times come from this machine's clock */
    bool blind;    /* inotify does not tell of all of it: another machine writes there, or there was no room */
    bool again;    /* more was seen than could be remembered: look soon */
    const char *why_blind;
    int unread;    /* files and folders of this look that may not be read, and the first */
    char first_unread[160];
    bool feeding;  /* ay_intake_run_feed() was told so */
    ay_watch_state state;
    char message[512];
    int64_t files, passed, counted;
    uint64_t next; /* when it is looked through again, ay_clock_mono() */
    struct ay_watch_folder *following;
} ay_watch_folder;

/* A file that was seen and is not known to be whole. */
typedef struct {
    char *path;
    int64_t folder, bytes, changed_us;
    uint64_t due;
    uint32_t hash; /* of path */
    bool open;     /* a program writes to it: its closing will be told */
} ay_watch_pending;

/* Files that are read and not handed over. */
typedef struct {
    ay_watch_folder *folder;
    char klass[AY_NAME_MAX + 1]; /* "": the folder's own */
    char *paths[AY_WATCH_LOAD];
    int why[AY_WATCH_LOAD]; /* errno of one that could not be read, and is told as a failure; 0: it was read */
    ay_buf bytes[AY_WATCH_LOAD];
    ay_store_watched seen[AY_WATCH_LOAD];
    char names[AY_WATCH_LOAD][AY_SHA256_HEX];
    int n;
    size_t size;
} ay_watch_load;

struct ay_watcher {
    ay_service *s;
    pthread_mutex_t lock;
    ay_watch_folder *first;    /* the thread's; changed under lock, so that others may read it */
    ay_watch_folder *incoming; /* new ones, which the thread takes over */
    bool stop;
    int inotify, wake; /* wake: an eventfd */
    char **dirs;       /* by inotify's number */
    int ndirs;
    bool full;         /* inotify takes no more folders, as the log has been told */
    ay_watch_pending pending[AY_WATCH_PENDING];
    int npending;
    ay_watch_load load;
    pthread_t thread;
    bool started;
};

bool ay_watch_ended(ay_watcher *w, ay_watch_folder *f); /* removed, or the service closes */
/* Set what others see. */
void ay_watch_tell(ay_watcher *w, ay_watch_folder *f, ay_watch_state state, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Let inotify tell of a folder (a part of f). */
void ay_watch_dir(ay_watcher *w, ay_watch_folder *f, const char *path);
/* Look through what is at path (a folder or a file) and below it. */
void ay_watch_walk(ay_watcher *w, ay_watch_folder *f, const char *path);
/* One file: read it now, later (unless it is known to be whole), or not. */
void ay_watch_file(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st, bool whole);
/* Seen again after ms when it has not changed. */
void ay_watch_later(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st, int ms);
/* A program writes to it: it is not whole before that program has closed it, however long it pauses. */
void ay_watch_open(ay_watcher *w, ay_watch_folder *f, const char *path, const struct stat *st);
/* What waits under this path; NULL: nothing. */
ay_watch_pending *ay_watch_find(ay_watcher *w, const ay_watch_folder *f, const char *path);
/* Hand what was read to the intake. */
void ay_watch_flush(ay_watcher *w);
/* How many files an import has to read. */
int64_t ay_watch_count(ay_watcher *w, ay_watch_folder *f);
bool ay_watch_name_ignored(const char *name);

#endif
