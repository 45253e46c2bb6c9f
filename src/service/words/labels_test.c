/* Lists of labels: the built-in one, every way to write one, and what is refused. */
#include "service/words/labels.h"
#include "base/file.h"
#include "base/test.h"

static ay_arena arena;
static ay_err err;

static ay_labels parse(const char *text, int most)
{
    ay_labels l;

    CHECK_OK(ay_labels_parse(&l, text, most, NULL, &arena, &err), err);
    return l;
}

static void expect(const ay_labels *l, const char *joined)
{
    char text[512] = "";

    for (int i = 0; i < l->n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "|" : "", l->item[i]);
    if (strcmp(text, joined) != 0)
        printf("  %s and not %s\n", text, joined);
    CHECK(strcmp(text, joined) == 0);
}

static void built_in(void)
{
    ay_labels l;
    int sensitive = 0;

    CHECK(ay_labels_builtin_count == 121);
    CHECK(strcmp(ay_labels_builtin[0], "anime illustration") == 0);
    CHECK(strcmp(ay_labels_builtin[119], "nsfw content") == 0);
    CHECK(strcmp(ay_labels_builtin[120], "adult explicit content") == 0);
    for (int i = 0; i < 121; i++)
        sensitive += ay_label_sensitive(ay_labels_builtin[i]);
    CHECK(sensitive == 2 && ay_label_sensitive("Softporn") && !ay_label_sensitive("a dog"));
    CHECK_OK(ay_labels_defaults(&l, "", "", AY_LABELS_USUAL, &arena, &err), err);
    CHECK(l.n == 121 && l.dropped == 0); /* no two are the same */
    CHECK_OK(ay_labels_defaults(&l, NULL, NULL, 5, &arena, &err), err);
    CHECK(l.n == 5 && l.dropped == 116 && strcmp(l.item[4], "chibi character") == 0);
}

static void normalised(void)
{
    ay_labels l = parse(" a Dog ,, A DOG,\ta cat\t, a dog ,", 9), raw;

    expect(&l, "a Dog|a cat");
    l = parse("[\" a, b \", \"A, B\", \"\", \"c\"]", 9);
    expect(&l, "a, b|c");
    l = parse("one, two\nthree\r\n\nONE, two", 9);
    expect(&l, "one, two|three");
    l = parse("\xc3\x84rger,\xc3\xa4rger,\xe3\x80\x80stra\xc3\x9f""e\xe3\x80\x80", 9);
    expect(&l, "\xc3\x84rger|stra\xc3\x9f""e");
    l = parse("a,b,a,c,d", 2);
    expect(&l, "a|b");
    CHECK(l.dropped == 2);
    CHECK_OK(ay_labels_parse(&l, "[\" x \",\"X\"]", 9, &raw, &arena, &err), err);
    CHECK(l.n == 1 && raw.n == 2 && strcmp(raw.item[0], " x ") == 0);
}

static void refuse(const char *text, const char *why)
{
    ay_labels l;
    ay_status status = ay_labels_parse(&l, text, 9, NULL, &arena, &err);

    if (status != AY_EINVAL || !strstr(err.msg, why))
        printf("  %d: %s\n", status, status ? err.msg : "");
    CHECK(status == AY_EINVAL && strstr(err.msg, why));
}

static void refused(void)
{
    char big[700];

    refuse("", "no label");
    refuse(" , ,", "no label");
    refuse("[]", "no label");
    refuse("[\"a\", 1]", "label 2 is not a string");
    refuse("[\"a\"", "not JSON");
    refuse("[{}]", "label 1 is not a string");
    refuse("a,\xff\xfe", "label 2");
    refuse("a,b\x01" "c", "label 2: there is a control character");
    memset(big, 'x', sizeof big);
    big[600] = '\0';
    refuse(big, "600 bytes");
}

static void from_files(void)
{
    const char *path = "build/labels_test.txt";
    ay_labels l;

    CHECK_OK(ay_file_write(path, "x\ny\n", 4, &err), err);
    CHECK_OK(ay_labels_defaults(&l, "", path, 9, &arena, &err), err);
    expect(&l, "x|y");
    CHECK_OK(ay_labels_defaults(&l, "[\"z\"]", path, 9, &arena, &err), err);
    expect(&l, "z"); /* the text goes before the file */
    unlink(path);
    CHECK(ay_labels_defaults(&l, "", path, 9, &arena, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, path));
}

static void themes(void)
{
    char many[400];
    const char *t;

    CHECK_OK(ay_theme_normal("  \xc3\x84nime Art ", &arena, &t, &err), err);
    CHECK(strcmp(t, "\xc3\xa4nime art") == 0);
    CHECK_OK(ay_theme_normal(" \t", &arena, &t, &err), err);
    CHECK(*t == '\0');
    memset(many, 0, sizeof many);
    for (int i = 0; i < 130; i++)
        strcat(many, "\xc3\xa4");
    CHECK_OK(ay_theme_normal(many, &arena, &t, &err), err);
    CHECK(strlen(t) == 2 * AY_THEME_CHARS);
    CHECK(ay_theme_normal("a\x02", &arena, &t, &err) == AY_EINVAL);
    CHECK(ay_theme_normal("\xff", &arena, &t, &err) == AY_EINVAL);
}

TESTS({"the built-in list", built_in}, {"one normalisation", normalised}, {"refused", refused},
      {"from a text, a file, the program", from_files}, {"themes", themes})
