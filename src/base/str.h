/* base/str.h - the few string questions that C leaves open.  Pure functions, any thread. */
#ifndef AY_BASE_STR_H
#define AY_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

/* Is s[0..n) well-formed UTF-8 (no overlong forms, no surrogates, nothing past U+10FFFF)? */
bool ay_utf8_valid(const char *s, size_t n);
/* Cut s (NUL-terminated, valid UTF-8) to at most max bytes without splitting a character. */
void ay_utf8_cut(char *s, size_t max);
bool ay_str_starts(const char *s, const char *prefix);
bool ay_str_ends_nocase(const char *s, const char *suffix);
/* Remove ASCII white space at both ends, in place; returns the new start. */
char *ay_str_trim(char *s);
/* Parse a whole string as a number; false when anything is left over or it is out of range. */
bool ay_str_to_long(const char *s, long lo, long hi, long *out);
bool ay_str_to_double(const char *s, double *out);
/* "20MB", "512 KiB", "1.5G", "1000" -> bytes.  K, M, G are powers of 1000, KiB... of 1024. */
bool ay_str_to_size(const char *s, size_t *out);
/* A URL with *** for its password, for people and logs: mysql://ada:***@host/db. */
void ay_url_hide_password(const char *url, char *dst, size_t cap);
/* "1.4 MB" and the like, for people. */
void ay_size_text(char *dst, size_t cap, unsigned long long bytes);

#endif
