/* http/qr.h - a QR code as SVG for pages and as text for terminals (libqrencode).  Threads: any. */
#ifndef AY_HTTP_QR_H
#define AY_HTTP_QR_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* Append an SVG picture of text, black on white with the 4-module quiet zone, without any style or
 * script, so that it obeys a strict Content-Security-Policy.  AY_ELIMIT: text is too long. */
ay_status ay_qr_svg(const char *text, ay_buf *out, ay_err *err);

/* Append lines of UTF-8 half blocks, two modules high a line.  dark_terminal: light characters make
 * the light modules (right on a dark background); else the reverse. */
ay_status ay_qr_text(const char *text, bool dark_terminal, ay_buf *out, ay_err *err);

#endif
