#include "base/log.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ay_log_level threshold = AY_LOG_INFO;
static int as_json;

static const char *const names[] = {"debug", "info", "warn", "error", "off"};

void ay_log_setup(ay_log_level least, int json)
{
    pthread_mutex_lock(&lock);
    threshold = least;
    as_json = json;
    pthread_mutex_unlock(&lock);
}

int ay_log_level_parse(const char *word)
{
    for (int i = 0; i <= AY_LOG_OFF; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return -1;
}

/* Control characters become \xNN (JSON: \u00NN); quotes and backslashes are escaped in JSON. */
static void escape(char *dst, size_t cap, const char *src, int json)
{
    size_t n = 0;

    for (; *src && n + 8 < cap; src++) {
        unsigned char c = (unsigned char)*src;
        if (c < 0x20 || c == 0x7f)
            n += (size_t)snprintf(dst + n, cap - n, json ? "\\u%04x" : "\\x%02x", c);
        else {
            if (json && (c == '"' || c == '\\'))
                dst[n++] = '\\';
            dst[n++] = (char)c;
        }
    }
    dst[n] = '\0';
}

void ay_log(ay_log_level level, const char *part, const char *fmt, ...)
{
    char text[1024], safe[2048], when[32];
    va_list ap;

    pthread_mutex_lock(&lock);
    if (level >= threshold) {
        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        escape(safe, sizeof safe, text, as_json);
        ay_clock_rfc3339(when, ay_clock_wall());
        if (as_json)
            fprintf(stderr, "{\"time\":\"%s\",\"level\":\"%s\",\"part\":\"%s\",\"text\":\"%s\"}\n",
                    when, names[level], part, safe);
        else
            fprintf(stderr, "%s %-5s %s: %s\n", when, names[level], part, safe);
    }
    pthread_mutex_unlock(&lock);
}
