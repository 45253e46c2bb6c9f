/* net/parts.h - what the files of net/fetch share: reading the headers of one answer. */
#ifndef AY_NET_PARTS_H
#define AY_NET_PARTS_H

#include "net/fetch.h"

/* A reply as before the first line of an answer; url stays. */
void ay_fetch_reply_clear(ay_fetch_reply *reply);
/* One header line as it came, with its line end.  A status line starts the reply anew.
 * AY_ECORRUPT: a length or a range that is none. */
ay_status ay_fetch_reply_line(ay_fetch_reply *reply, const ay_fetch_request *request, const char *line,
                        size_t n, ay_err *err);
/* Keep the start of a refusal's body. */
void ay_fetch_reply_words(ay_fetch_reply *reply, const char *p, size_t n);
/* Make what was kept fit to be shown: the message of a JSON error, no mark-up, no control characters. */
void ay_fetch_reply_words_end(ay_fetch_reply *reply);

#endif
