/* http/plain_words.h - sentences of the pages without script, in the application's four languages.
 *
 * The service says what it decided by a code and two names (service/scan.h); its English sentence is
 * for programs.  Here each code has a sentence a language, with the places of the names marked {a}
 * and {b}, because languages order them differently.  A code that has none gives the English one.
 * Threads: any. */
#ifndef AY_HTTP_PLAIN_WORDS_H
#define AY_HTTP_PLAIN_WORDS_H

#include "base/buf.h"
#include "service/scan.h"

/* lang: "en", "pt", "de", "zh".  Appends HTML text: names are escaped. */
void ay_plain_sentence(const ay_decision *d, const char *lang, ay_buf *out);
/* What is wrong with the picture, by the status of the answer; detail is the service's English. */
void ay_plain_problem(int status, const char *detail, const char *lang, ay_buf *out);

#endif
