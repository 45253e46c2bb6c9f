#include "train/note.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long the code is; 0: there is none. */
static size_t code_length(const char *fmt)
{
    size_t n = strspn(fmt, "abcdefghijklmnopqrstuvwxyz_");

    return n > 0 && n < AY_NOTE_CODE && fmt[n] == '|' ? n : 0;
}

/* gcc may not know the format here; who calls ay_note_make() is checked where it is called. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* What one conversion would print, as a value: its letter says of what kind. */
static json_t *one(const char *spec, size_t n, va_list *ap)
{
    char letter = spec[n - 1], length = n > 2 ? spec[n - 2] : ' ', format[32], text[AY_NOTE_TEXT];
    const char *word;

    snprintf(format, sizeof format, "%.*s", (int)n, spec);
    switch (letter) {
    case 's':
        word = va_arg(*ap, const char *);
        snprintf(text, sizeof text, strchr(format, '.') ? format : "%s", word ? word : "");
        for (size_t k = strlen(text); k > 0 && !ay_utf8_valid(text, k);)
            text[--k] = '\0'; /* a character cut in two */
        return json_string(text);
    case 'f':
    case 'e':
    case 'g':
        snprintf(text, sizeof text, format, va_arg(*ap, double));
        return json_real(strtod(text, NULL));
    case 'c':
        snprintf(text, sizeof text, "%c", va_arg(*ap, int));
        return json_string(text);
    default:
        if (length == 'l' && n > 3 && spec[n - 3] == 'l')
            return json_integer(va_arg(*ap, long long));
        if (length == 'l')
            return json_integer(va_arg(*ap, long));
        if (length == 'z')
            return json_integer((json_int_t)va_arg(*ap, size_t));
        return json_integer(va_arg(*ap, int));
    }
}

static json_t *arguments(const char *fmt, va_list *ap)
{
    json_t *list = json_array();

    for (const char *p = strchr(fmt, '%'); p; p = strchr(p, '%')) {
        size_t n = 1 + strcspn(p + 1, "diuxfegsc%");
        if (!p[n])
            break;
        if (p[n] != '%')
            json_array_append_new(list, one(p, n + 1, ap));
        p += n + 1;
    }
    return list;
}

void ay_note_make(ay_note *n, const char *fmt, va_list ap)
{
    size_t code = code_length(fmt);
    va_list again;

    snprintf(n->code, sizeof n->code, "%.*s", (int)code, fmt);
    fmt += code ? code + 1 : 0;
    va_copy(again, ap);
    n->args = code ? arguments(fmt, &again) : NULL;
    va_end(again);
    vsnprintf(n->text, sizeof n->text, fmt, ap);
    for (size_t k = strlen(n->text); k > 0 && !ay_utf8_valid(n->text, k) && k > AY_NOTE_TEXT - 8;)
        n->text[--k] = '\0';
}

#pragma GCC diagnostic pop

void ay_note_fini(ay_note *n)
{
    json_decref(n->args);
    n->args = NULL;
}
