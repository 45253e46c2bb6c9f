/* base/log.h - lines for the operator, on standard error.
 *
 * Only http/, service/ and cmd/ log; the library folders return errors instead.  One line a call,
 * "2026-01-31T12:00:00Z info http: text", or one JSON object a line with format=json.  What a user
 * sent is escaped, so that a log line is always one line.  Threads: any. */
#ifndef AY_BASE_LOG_H
#define AY_BASE_LOG_H

typedef enum { AY_LOG_DEBUG, AY_LOG_INFO, AY_LOG_WARN, AY_LOG_ERROR, AY_LOG_OFF } ay_log_level;

void ay_log_setup(ay_log_level least, int json);
/* "debug", "info", "warn", "error", "off" -> level; -1 for another word. */
int ay_log_level_parse(const char *word);
void ay_log(ay_log_level level, const char *part, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
