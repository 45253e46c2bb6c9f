#include "http/qr.h"

#include <qrencode.h>
#include <string.h>

enum { QUIET = 4 }; /* light modules around the code, ISO/IEC 18004 */

static QRcode *encode(const char *text, ay_status *status, ay_err *err)
{
    QRcode *qr = strlen(text) > 2000 ? NULL : QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    *status = qr ? AY_OK : ay_fail(err, AY_ELIMIT, "QR code: text of %zu bytes", strlen(text));
    return qr;
}

/* Is the module dark?  Outside the code everything is light. */
static bool dark(const QRcode *qr, int x, int y)
{
    if (x < 0 || y < 0 || x >= qr->width || y >= qr->width)
        return false;
    return qr->data[y * qr->width + x] & 1;
}

ay_status ay_qr_svg(const char *text, ay_buf *out, ay_err *err)
{
    ay_status status;
    QRcode *qr = encode(text, &status, err);

    if (!qr)
        return status;
    int side = qr->width + 2 * QUIET;
    ay_buf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                  "height=\"%d\" shape-rendering=\"crispEdges\" role=\"img\">"
                  "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path fill=\"#000\" d=\"",
                  side, side, side * 8, side * 8, side, side);
    for (int y = 0; y < qr->width; y++)
        for (int x = 0, run; x < qr->width; x += run) {
            for (run = 1; x + run < qr->width && dark(qr, x + run, y) == dark(qr, x, y); run++)
                ;
            if (dark(qr, x, y))
                ay_buf_printf(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
        }
    ay_buf_puts(out, "\"/></svg>\n");
    QRcode_free(qr);
    return out->failed ? ay_fail(err, AY_ENOMEM, "QR code") : AY_OK;
}

ay_status ay_qr_text(const char *text, bool dark_terminal, ay_buf *out, ay_err *err)
{
    static const char *const cell[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};
    ay_status status;
    QRcode *qr = encode(text, &status, err);

    if (!qr)
        return status;
    for (int y = -QUIET; y < qr->width + QUIET; y += 2) {
        for (int x = -QUIET; x < qr->width + QUIET; x++) {
            bool top = dark(qr, x, y) != dark_terminal, low = dark(qr, x, y + 1) != dark_terminal;
            ay_buf_puts(out, cell[top | low << 1]);
        }
        ay_buf_putc(out, '\n');
    }
    QRcode_free(qr);
    return out->failed ? ay_fail(err, AY_ENOMEM, "QR code") : AY_OK;
}
