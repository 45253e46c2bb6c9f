/* Notes: the sentence, its code, its arguments as values. */
#include "train/note.h"
#include "base/test.h"

#include <stdbool.h>
#include <string.h>

static void make(ay_note *n, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    ay_note_make(n, fmt, ap);
    va_end(ap);
}

static bool says(const ay_note *n, const char *code, const char *text, const char *args)
{
    json_t *want = json_loads(args, JSON_DECODE_ANY, NULL);
    bool same = strcmp(n->code, code) == 0 && strcmp(n->text, text) == 0 &&
                (n->args ? json_equal(n->args, want) : json_is_null(want));

    json_decref(want);
    return same;
}

static void a_note_is_a_sentence_and_what_it_is_made_of(void)
{
    ay_note n;

    make(&n, "left_out|left out %s: %s", "a|b.jpg", "cut short");
    CHECK(says(&n, "left_out", "left out a|b.jpg: cut short", "[\"a|b.jpg\", \"cut short\"]"));
    ay_note_fini(&n);
    make(&n, "split|%d of %ld and %zu, %.0f%% (%.2f million)%c", 3, 4L, (size_t)5, 15.4, 2.345, '!');
    CHECK(says(&n, "split", "3 of 4 and 5, 15% (2.35 million)!", "[3, 4, 5, 15.0, 2.35, \"!\"]") ||
          says(&n, "split", "3 of 4 and 5, 15% (2.35 million)!", "[3, 4, 5, 15.0, 2.34, \"!\"]"));
    ay_note_fini(&n);
    make(&n, "first|%.3s and %lld", "abcdef", 7000000000LL);
    CHECK(says(&n, "first", "abc and 7000000000", "[\"abc\", 7000000000]"));
    ay_note_fini(&n);
    make(&n, "no code %d | here", 1);
    CHECK(says(&n, "", "no code 1 | here", "null"));
    make(&n, "|%d", 1);
    CHECK(says(&n, "", "|1", "null"));
    make(&n, "alone|nothing to fill in");
    CHECK(says(&n, "alone", "nothing to fill in", "[]"));
    ay_note_fini(&n);
}

static void a_name_cut_in_a_character_is_still_text(void)
{
    ay_note n;

    make(&n, "x|%.2s", "a\xc3\xa4");
    CHECK(json_array_size(n.args) == 1 && strcmp(json_string_value(json_array_get(n.args, 0)), "a") == 0);
    ay_note_fini(&n);
}

TESTS({"a note is a sentence and what it is made of", a_note_is_a_sentence_and_what_it_is_made_of},
      {"a name cut in a character is still text", a_name_cut_in_a_character_is_still_text})
