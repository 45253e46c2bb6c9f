#include "models/digest.h"
#include "base/clock.h"
#include "base/file.h"

#include <inttypes.h>
#include <pthread.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HERE = 32, LINES = 64, LINE = 320, SETTLED_S = 3, FILE_MOST = LINES * LINE * 2 };

static const char heading[] = "assay digests 1\n"; /* another number when folding or naming of weights changes */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char here[HERE][LINE];
static unsigned turn;

static int64_t ns(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool ay_digest_look(const char *path, ay_digest_file *out)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return false;
    *out = (ay_digest_file){(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size, ns(st.st_mtim),
                            ns(st.st_ctim)};
    return true;
}

bool ay_digest_same(const char *path, const ay_digest_file *file)
{
    ay_digest_file now;

    return ay_digest_look(path, &now) && now.device == file->device && now.inode == file->inode &&
           now.size == file->size && now.modified_ns == file->modified_ns && now.changed_ns == file->changed_ns;
}

bool ay_digest_beside(const char *weights, char path[AY_DIGEST_PATH])
{
    char real[PATH_MAX];

    return realpath(weights, real) && snprintf(path, AY_DIGEST_PATH, "%s.digests", real) < AY_DIGEST_PATH;
}

static bool settled(const ay_digest_file *file)
{
    return ay_clock_wall() * 1000 - file->changed_ns >= SETTLED_S * INT64_C(1000000000);
}

void ay_digest_settle(const ay_digest_file *file)
{
    for (int i = 0; i <= SETTLED_S * 20 && !settled(file); i++) /* and no longer, whatever the clock does */
        usleep(50000);
}

/* All of a line but the digest; its length. */
static size_t write_key(const ay_digest_file *f, const char *names, char line[LINE])
{
    return (size_t)snprintf(line, LINE, "%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %.64s ", f->device,
                            f->inode, f->size, (uint64_t)f->modified_ns, (uint64_t)f->changed_ns, names);
}

static bool take(const char *line, const char *key, size_t n, char hex[AY_SHA256_HEX])
{
    if (strncmp(line, key, n) != 0)
        return false;
    snprintf(hex, AY_SHA256_HEX, "%.64s", line + n);
    return ay_sha256_valid(hex);
}

static void keep_here(const char *line)
{
    pthread_mutex_lock(&lock);
    snprintf(here[turn++ % HERE], LINE, "%s", line);
    pthread_mutex_unlock(&lock);
}

static bool recall_here(const char *key, size_t n, char hex[AY_SHA256_HEX])
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < HERE && !found; i++)
        found = take(here[i], key, n, hex);
    pthread_mutex_unlock(&lock);
    return found;
}

/* Its lines behind the heading; NULL: there are none.  text is the caller's to end. */
static const char *read_memory(const char *path, ay_buf *text)
{
    size_t n = sizeof heading - 1;

    if (!path || !ay_file_exists(path) || ay_file_read(path, FILE_MOST, text, NULL) != AY_OK || !text->data)
        return NULL;
    return strncmp(text->data, heading, n) == 0 ? text->data + n : NULL;
}

static const char *next_line(const char *s)
{
    s = strchr(s, '\n');
    return s && s[1] ? s + 1 : NULL;
}

bool ay_digest_recall(const char *memory, const ay_digest_file *file, const char *names, char hex[AY_SHA256_HEX])
{
    char line[LINE];
    size_t n = write_key(file, names, line);
    ay_buf text = {0};
    bool found = recall_here(line, n, hex);

    if (!found) {
        for (const char *s = read_memory(memory, &text); s && *s && !found; s = next_line(s))
            found = take(s, line, n, hex);
        ay_buf_fini(&text);
        if (found) {
            snprintf(line + n, sizeof line - n, "%.64s", hex);
            keep_here(line);
        }
    }
    return found;
}

/* The new line first, then the others but for one about the same, as many as there is room for. */
static void write_memory(const char *path, const char *line, size_t key)
{
    ay_buf old = {0}, text = {0};
    int lines = 1;

    ay_buf_printf(&text, "%s%s\n", heading, line);
    for (const char *s = read_memory(path, &old); s && *s && lines < LINES; s = next_line(s))
        if (strncmp(s, line, key) != 0) {
            ay_buf_printf(&text, "%.*s\n", (int)strcspn(s, "\n"), s);
            lines++;
        }
    if (!text.failed)
        ay_file_write(path, text.data, text.len, NULL);
    ay_buf_fini(&old);
    ay_buf_fini(&text);
}

void ay_digest_keep(const char *memory, const ay_digest_file *file, const char *names, const char *hex)
{
    char line[LINE];
    size_t n = write_key(file, names, line);

    if (!settled(file))
        return;
    snprintf(line + n, sizeof line - n, "%.64s", hex);
    keep_here(line);
    if (memory) {
        pthread_mutex_lock(&lock);
        write_memory(memory, line, n);
        pthread_mutex_unlock(&lock);
    }
}
