/* http/guard.h - who may ask.  Pure questions about headers; any thread.
 *
 * Two attacks come through the browser of somebody who trusts this server.  DNS rebinding: a
 * foreign site's name is made to point here, so its scripts count as same-origin; the Host header
 * still carries the foreign name.  Cross-site request forgery: a foreign page sends a POST here;
 * the browser says so in Sec-Fetch-Site or Origin. */
#ifndef AY_HTTP_GUARD_H
#define AY_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* May a request with this Host header be answered?  An IP address (it cannot be rebound), localhost
 * and names below it, hostname, hostname.local, or one of the comma-separated allow list ("*":
 * any). host NULL (HTTP/1.0): yes. */
bool ay_guard_host(const char *host, const char *hostname, const char *allow);

/* Does host name this machine itself: localhost, 127.0.0.0/8, [::1]?  Browsers call that secure. */
bool ay_guard_loopback(const char *host);

/* May a request that changes something be obeyed?  site, origin: the headers' values or NULL; cors:
 * the configured foreign origin, "*", or NULL. */
bool ay_guard_origin(const char *site, const char *origin, const char *host, const char *cors);

/* Is origin the configured foreign one? */
bool ay_guard_cors(const char *origin, const char *cors);

/* Cut "host:port" or "[v6]:port" to its host without brackets, in lower case.  False: malformed. */
bool ay_guard_host_name(const char *host, char *dst, size_t cap);

#endif
