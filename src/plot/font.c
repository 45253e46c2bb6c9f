/* plot/font.c - see font.h. */
#include "plot/font.h"

#include <fontconfig/fontconfig.h>
#include <stddef.h>

/* The best outline font; code 0: any. */
static FcPattern *match(uint32_t code)
{
    FcPattern *wanted = FcPatternCreate(), *found = NULL;
    FcCharSet *letters = FcCharSetCreate();
    FcResult result;

    if (wanted && letters) {
        FcPatternAddString(wanted, FC_FAMILY, (const FcChar8 *)"DejaVu Sans");
        FcPatternAddBool(wanted, FC_SCALABLE, FcTrue);
        if (code && FcCharSetAddChar(letters, code))
            FcPatternAddCharSet(wanted, FC_CHARSET, letters);
        FcConfigSubstitute(NULL, wanted, FcMatchPattern);
        FcDefaultSubstitute(wanted);
        found = FcFontMatch(NULL, wanted, &result);
    }
    if (letters)
        FcCharSetDestroy(letters);
    if (wanted)
        FcPatternDestroy(wanted);
    return found;
}

static bool has(const FcPattern *p, uint32_t code)
{
    FcCharSet *letters;

    return FcPatternGetCharSet(p, FC_CHARSET, 0, &letters) == FcResultMatch &&
           FcCharSetHasChar(letters, code);
}

static const char *family_of(const FcPattern *p)
{
    FcChar8 *name;

    return FcPatternGetString(p, FC_FAMILY, 0, &name) == FcResultMatch ? (const char *)name : NULL;
}

void ay_fonts_init(ay_fonts *f)
{
    *f = (ay_fonts){.known[0] = match(0)};
    f->count = f->known[0] != NULL;
}

void ay_fonts_fini(ay_fonts *f)
{
    while (f->count > 0)
        FcPatternDestroy(f->known[--f->count]);
}

const char *ay_fonts_family(ay_fonts *f, uint32_t code)
{
    FcPattern *found;

    for (f->used = 0; f->used < f->count; f->used++)
        if (has(f->known[f->used], code))
            return family_of(f->known[f->used]);
    found = match(code);
    if (!found || !has(found, code)) {
        if (found)
            FcPatternDestroy(found);
        f->missing = true;
        return NULL;
    }
    if (f->count == AY_FONTS_MOST) /* forget the newest: the oldest have most of the letters */
        FcPatternDestroy(f->known[--f->count]);
    f->used = f->count;
    f->known[f->count++] = found;
    return family_of(found);
}

bool ay_fonts_same(const ay_fonts *f, uint32_t code)
{
    for (int i = 0; i < f->used; i++)
        if (has(f->known[i], code) && code > 0x40)
            return false;
    return has(f->known[f->used], code);
}
