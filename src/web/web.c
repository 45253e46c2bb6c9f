/* web/web.c - find a file of the page by its path.
 *
 * A few dozen names: a loop with strcmp is faster than anything cleverer is to read.  The ETag is
 * the start of the content's SHA-256, worked out once on the first call, so that a rebuilt program
 * with the same page still answers 304. */
#include "web/web.h"

#include "base/hash.h"

#include <pthread.h>
#include <string.h>

#define ROOT "src/web/ui"

#define AY_WEB_FILE(name, file) extern const char ay_web_##name[], ay_web_##name##_end[];
#include "web/files.def"
#undef AY_WEB_FILE

static const struct {
    const char *path, *begin, *end;
} files[] = {
#define AY_WEB_FILE(name, file) {&(file)[sizeof ROOT - 1], ay_web_##name, ay_web_##name##_end},
#include "web/files.def"
#undef AY_WEB_FILE
};

#define COUNT       (sizeof files / sizeof *files)
#define ETAG_DIGITS 20

static char etags[COUNT][ETAG_DIGITS + 3];
static pthread_once_t etags_once = PTHREAD_ONCE_INIT;

static void make_etags(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        char hex[AY_SHA256_HEX];

        ay_sha256_bytes(files[i].begin, (size_t)(files[i].end - files[i].begin), hex);
        etags[i][0] = etags[i][ETAG_DIGITS + 1] = '"';
        memcpy(etags[i] + 1, hex, ETAG_DIGITS);
    }
}

static const char *mime_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".webmanifest", "application/manifest+json"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

const ay_web_file *ay_web_at(size_t i, ay_web_file *out)
{
    if (i >= COUNT)
        return NULL;
    pthread_once(&etags_once, make_etags);
    *out = (ay_web_file){
        .path = strcmp(files[i].path, "/index.html") == 0 ? "/" : files[i].path,
        .mime = mime_of(files[i].path),
        .data = files[i].begin,
        .size = (size_t)(files[i].end - files[i].begin),
        .etag = etags[i],
    };
    return out;
}

const ay_web_file *ay_web_find(const char *path, ay_web_file *out)
{
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(files[i].path, path) == 0)
            return ay_web_at(i, out);
    return NULL;
}
