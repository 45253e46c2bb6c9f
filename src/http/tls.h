/* http/tls.h - certificates: the own local authority, or the ones the user brings (GnuTLS).
 *
 * The local authority lives in a folder: ca.key (mode 0600) and ca.crt, ten years, ECDSA P-256.  It
 * may vouch only for this host's names, .local names and private addresses (critical name
 * constraints), so that a phone that trusts it does not trust it for anybody's bank.  The server's
 * own certificate is made anew at each start and whenever an address changes, is valid for less
 * than 397 days (the most that browsers accept), and its key never touches the disk.
 *
 * Threads: create and destroy on one; the rest from any. */
#ifndef AY_HTTP_TLS_H
#define AY_HTTP_TLS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

typedef struct ay_tls ay_tls;
struct MHD_OptionItem;

/* Use, or make, the authority in dir.  AY_EIO, AY_ECORRUPT: a file there is not what it should be.
 */
ay_status ay_tls_create_local(ay_tls **out, const char *dir, ay_err *err);
/* A certificate chain and its key, PEM files. */
ay_status ay_tls_create_files(ay_tls **out, const char *cert, const char *key, ay_err *err);
void ay_tls_destroy(ay_tls *t); /* NULL is fine */

/* Fill items[0..2] for libmicrohttpd. */
void ay_tls_options(ay_tls *t, struct MHD_OptionItem *items);
/* Local: make a new certificate if names, addresses or the date ask for it.  Cheap when not. */
ay_status ay_tls_refresh(ay_tls *t, bool *renewed, ay_err *err);

/* Append the authority's certificate: PEM, or DER (what phones take).  AY_ENOTFOUND: none. */
ay_status ay_tls_authority(ay_tls *t, bool der, ay_buf *out, ay_err *err);
/* SHA-256 of it, "AB:CD..." (95 characters and a NUL); "" when none. */
void ay_tls_fingerprint(ay_tls *t, char dst[96]);
/* Append the server's present certificate chain in PEM (local only); for tests and doctors. */
ay_status ay_tls_chain(ay_tls *t, ay_buf *out, ay_err *err);

#endif
