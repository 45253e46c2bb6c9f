/* image/exif.h - what a camera wrote into a picture: when it was taken, and with what.
 *
 * Read from the file's bytes without decoding it: the EXIF block of a JPEG, PNG or WebP, or a TIFF file itself.
 * Everything in it is the file's claim: offsets are checked before use, two directories at most are looked at (the
 * first, and the one it names as EXIF), each once, so no file can make this loop.  What makes no sense counts as
 * absent; a picture is never refused for its metadata.
 *
 * Rejected: libexif, a library for thirty lines of directory walking with a history of its own.
 *
 * Threads: any; no state. */
#ifndef AY_IMAGE_EXIF_H
#define AY_IMAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

#define AY_CAMERA_SIZE 96 /* bytes of a camera's name with its NUL */

typedef struct {
    /* Microseconds since 1970; 0: not told.  UTC when the camera wrote its offset (OffsetTimeOriginal); else the
     * camera's own clock taken for UTC, since nobody knows where it was. */
    int64_t taken_us;
    char camera[AY_CAMERA_SIZE]; /* "Canon EOS 5D": maker and model; valid UTF-8, "" when not told */
} ay_exif_facts;

/* Fill *out from a whole picture file, or as much of its beginning as there is (EXIF lies before the pixels in all but
 * odd files). */
void ay_exif_read(const void *file, size_t n, ay_exif_facts *out);
/* The same from the TIFF structure alone ("II*" or "MM*" first, or after "Exif\0\0"). */
void ay_exif_read_tiff(const uint8_t *tiff, size_t n, ay_exif_facts *out);

#endif
