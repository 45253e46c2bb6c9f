/* image/foreign.c - names for files that are no picture of ours.
 *
 * "Unsupported" leaves a person guessing; "this is a PDF" tells what happened.  Only for the words
 * of a refusal: nothing is decided here. */
#include "image/codec.h"

#include <string.h>

typedef struct {
    size_t at;
    size_t n;
    const char *magic;
    const char *name; /* ends in "picture" when it is one */
} signature;

#define SIG(at, magic, name)                                                                       \
    {                                                                                              \
        at, sizeof magic - 1, magic, name                                                          \
    }

static const signature known[] = {
    SIG(1, "PNG", "a damaged PNG picture"),
    SIG(0, "%PDF", "a PDF"),
    SIG(4, "ftypheic", "an HEIC picture"),
    SIG(4, "ftypheix", "an HEIC picture"),
    SIG(4, "ftypmif1", "an HEIF picture"),
    SIG(4, "ftypmsf1", "an HEIF picture"),
    SIG(4, "ftypavif", "an AVIF picture"),
    SIG(4, "ftypavis", "an AVIF picture"),
    SIG(4, "ftyp", "a video"),
    SIG(0, "\xff\x0a", "a JPEG XL picture"),
    SIG(0, "\0\0\0\x0cJXL ", "a JPEG XL picture"),
    SIG(0, "\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    SIG(0, "\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    SIG(0, "\0\0\1\0", "an ICO picture"),
    SIG(0, "\0\0\2\0", "a CUR picture"),
    SIG(0, "8BPS", "a Photoshop picture"),
    SIG(0, "qoif", "a QOI picture"),
    SIG(0, "DDS ", "a DDS picture"),
    SIG(0, "\x76\x2f\x31\x01", "an OpenEXR picture"),
    SIG(0, "#?RADIANCE", "a Radiance HDR picture"),
    SIG(0, "SIMPLE  =", "a FITS picture"),
    SIG(0, "gimp xcf", "a GIMP picture"),
    SIG(0, "<svg", "an SVG picture"),
    SIG(0, "<?xml", "an XML file"),
    SIG(0, "<!DOCTYPE html", "a web page"),
    SIG(0, "<!doctype html", "a web page"),
    SIG(0, "<html", "a web page"),
    SIG(0, "{", "a JSON text"),
    SIG(0, "PK\3\4", "a ZIP archive (or an office document)"),
    SIG(0, "\x1f\x8b", "a gzip file"),
    SIG(0, "\x28\xb5\x2f\xfd", "a zstd file"),
    SIG(0,
        "\xfd"
        "7zXZ",
        "an xz file"),
    SIG(0, "7z\xbc\xaf", "a 7-Zip archive"),
    SIG(0, "Rar!", "a RAR archive"),
    SIG(0,
        "\x7f"
        "ELF",
        "a program"),
    SIG(0, "MZ", "a Windows program"),
    SIG(0, "\x1a\x45\xdf\xa3", "a video"),
    SIG(8, "AVI ", "a video"),
    SIG(8, "WAVE", "a sound file"),
    SIG(0, "OggS", "a sound file"),
    SIG(0, "ID3", "a sound file"),
    SIG(0, "fLaC", "a sound file"),
    SIG(0, "P1", "a PBM picture"),
    SIG(0, "P2", "a PGM picture"),
    SIG(0, "P3", "a PPM picture"),
    SIG(0, "P4", "a PBM picture"),
    SIG(0, "P5", "a PGM picture"),
    SIG(0, "P6", "a PPM picture"),
};

static bool is_text(const uint8_t *p, size_t n)
{
    if (n > 512)
        n = 512;
    for (size_t i = 0; i < n; i++)
        if (p[i] < 32 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r')
            return false;
    return true;
}

const char *ay_foreign_name(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].at + known[i].n && !memcmp(p + known[i].at, known[i].magic, known[i].n))
            return known[i].name;
    return is_text(p, n) ? "text" : NULL;
}
