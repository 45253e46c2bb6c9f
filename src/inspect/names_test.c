/* The default grammar against what the system before it made of the same names, patterns of one's own, and a
 * reason for every name that is refused. */
#include "inspect/names.h"

#include "base/mem.h"
#include "base/test.h"

#define T "20260314093015_"

static ay_arena arena;
static ay_line_grammar grammar;
static ay_err err;

static void start(const char *pattern)
{
    ay_arena_fini(&arena);
    ay_arena_init(&arena, 0);
    CHECK_OK(ay_line_grammar_init(&grammar, pattern, &err), err);
}

static void is(const char *file, const char *board, const char *component, const char *id, const char *light)
{
    ay_line_name n;

    CHECK_OK(ay_line_name_read(&grammar, file, &arena, &n, &err), err);
    CHECK(strcmp(n.file, file) == 0);
    CHECK(strcmp(n.part[AY_LINE_BOARD], board) == 0);
    CHECK(strcmp(n.part[AY_LINE_COMPONENT], component) == 0);
    CHECK(strcmp(n.part[AY_LINE_COMPONENT_ID], id) == 0);
    CHECK(strcmp(n.part[AY_LINE_LIGHT], light) == 0);
}

/* The reason is as expected, and nothing is given out. */
static void refused(const char *file, const char *reason)
{
    ay_line_name n;
    ay_status status = ay_line_name_read(&grammar, file, &arena, &n, &err);

    CHECK(status == AY_EINVAL && !n.file && !n.part[AY_LINE_LIGHT]);
    if (!strstr(err.msg, reason))
        printf("  %s: \"%s\" lacks \"%s\"\n", file, err.msg, reason);
    CHECK(strstr(err.msg, reason));
}

static void names_of_the_line(void)
{
    start(NULL);
    is(T "board123@COMP1_001_R.jpg", "board123", "COMP1", "001", "R");
    is(T "b@U6_04_12_top.jpg", "b", "U6_04", "12", "top");
    is(T "b@C1_1_2_side_3.jpg", "b", "C1_1", "2", "side_3");
    is(T "b@C1_7_top_white.jpg", "b", "C1", "7", "top_white");
    is(T "b@C1_7_top.JPEG", "b", "C1", "7", "top");
    is(T "b@C1_7_top.Png", "b", "C1", "7", "top");
    is(T "SN_00_12@R_1_5_side.jpg", "SN_00_12", "R_1", "5", "side"); /* underscores in a board */
    is(T "b@A@B_1_top.jpg", "b", "A@B", "1", "top");                 /* the first @ ends the board */
    is(T "b@W1 x.y_1_top.jpg", "b", "W1 x.y", "1", "top");
    is(T "b@\xc3\x9c"
         "1_1_oben_\xc3\xbc.jpg",
       "b", "\xc3\x9c" "1", "1", "oben_\xc3\xbc");
}

static void refusals_say_why(void)
{
    char longest[300];

    start(NULL);
    refused(T "b@C1_R.jpg", "at \"R\" the component_id is expected, digits");
    refused("x.jpg.bak", "ends in \".bak\"");
    refused(T "b@C1_1_top.jpg.bak", "ends in \".bak\"");
    refused(T "b@C1_1_top", "not in .jpg");
    refused("x" T "b@C1_1_top.jpg", "the timestamp is expected, 14 digits");
    refused("2026031409301_b@C1_1_top.jpg", "the timestamp is expected, 14 digits");
    refused("202603140930155_b@C1_1_top.jpg", "at \"5_b@C1_1_top\" \"_\" is expected");
    refused(T "C1_1_top.jpg", "\"@\" is expected");
    refused(T "@C1_1_top.jpg", "the board is expected");
    refused(T "b@C1_1_top view.jpg", "at \" view\" the name should end");
    refused(T "b@C1_1_.jpg", "at its end the light is expected");
    refused("20260230093015_b@C1_1_top.jpg", "no date and time");
    refused("20260314253015_b@C1_1_top.jpg", "no date and time");
    refused("../" T "b@C1_1_top.jpg", "'/'");
    refused(T "b@C1\\..\\x_1_top.jpg", "'\\'");
    refused(T "b@C1\n_1_top.jpg", "control character");
    refused(T "b@C\xff_1_top.jpg", "not UTF-8");
    refused(T "b@.._1_top.jpg", "begins with '.'");
    refused("", "not in .jpg");
    memset(longest, '1', sizeof longest - 1);
    strcpy(longest + sizeof longest - 5, ".jpg");
    refused(longest, "more than 255 bytes");
}

/* Names made to be hard: the number of ways to read them is enormous, the work is not. */
static void no_name_takes_long(void)
{
    char hard[256] = T "b@";

    start("{timestamp:digits}_{ignore}_{ignore}_{ignore}_{board:any}@{ignore}_{ignore}_{component}_{light}x");
    while (strlen(hard) < 245)
        strcat(hard, "_1");
    strcat(hard, ".jpg");
    refused(hard, "expected");
}

static void patterns_of_ones_own(void)
{
    ay_line_name n;

    start("{component}-{light}");
    is("U1-top.jpg", "", "U1", "", "top");
    is("U1-2-top.png", "", "U1-2", "", "top");
    refused("U1_top.png", "\"-\" is expected");
    start("AOI_{light:word}.{board:digits}.{ignore:3 digits}.{component:not .}");
    is("aoi_side.0012.123.R12.jpg", "0012", "R12", "", "side");
    refused("aoi_side.0012.12.R12.jpg", "the ignore is expected, 3 digits");
    CHECK_OK(ay_line_name_read(&grammar, "AOI_top.1.123.C.jpg", &arena, &n, &err), err);
    CHECK(!ay_line_name_day(&n, (char[11]){0}));
    CHECK(ay_line_name_plant_path(&n, (char[100]){0}, 100, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "no timestamp"));
}

static void wrong_patterns(void)
{
    static const char *const wrong[][2] = {
        {"{timestamp}_{component}", "{light} is missing"},
        {"{light}", "{component} is missing"},
        {"{component}_{light}_{light}", "{light} is in it 2 times"},
        {"{component}_{light", "no closing brace"},
        {"{component}_{lamp}", "no part \"lamp\""},
        {"{component:letters}_{light}", "\"letters\" is no kind"},
        {"{component:0 digits}_{light}", "\"0 digits\" is no kind"},
        {"{component:not }_{light}", "\"not \" is no kind"},
        {"{component}/{light}", "folders have no place"},
        {"{component}_{light}\xff", "UTF-8"},
    };
    char many[600] = "{component}_{light}";

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(ay_line_grammar_init(&grammar, wrong[i][0], &err) == AY_EINVAL);
        if (!strstr(err.msg, wrong[i][1]))
            printf("  \"%s\" lacks \"%s\"\n", err.msg, wrong[i][1]);
        CHECK(strstr(err.msg, wrong[i][1]));
    }
    for (int i = 0; i < 30; i++)
        strcat(many, "_{ignore}");
    CHECK(ay_line_grammar_init(&grammar, many, &err) == AY_EINVAL && strstr(err.msg, "more than 32 parts"));
}

static void days_and_paths(void)
{
    char day[11], path[300];
    ay_line_name n;

    start(NULL);
    CHECK_OK(ay_line_name_read(&grammar, T "b@C1_1_top.jpg", &arena, &n, &err), err);
    CHECK(ay_line_name_day(&n, day) && strcmp(day, "2026-03-14") == 0);
    CHECK_OK(ay_line_name_plant_path(&n, path, sizeof path, &err), err);
    CHECK(strcmp(path, "2026-03-14/20260314093015/" T "b@C1_1_top.jpg") == 0);
    CHECK(ay_line_name_plant_path(&n, path, 30, &err) == AY_EINVAL);
    CHECK_OK(ay_line_name_read(&grammar, "20240229235960_b@C1_1_top.jpg", &arena, &n, &err), err);
}

static void names_of_folders(void)
{
    static const char *const wrong[] = {"", "..", ".", "a/b", "a\\b", "../x", ".hidden", "-rf", " a", "a ", "a\nb",
                                        "\xff"};

    CHECK_OK(ay_line_safe("product name", "Board X_1 (rev. B)", &err), err);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(ay_line_safe("product name", wrong[i], &err) == AY_EINVAL && strstr(err.msg, "product name"));
}

static void refused_memory_is_an_error(void)
{
    ay_line_name n;
    long live = ay_mem_live();

    start(NULL);
    ay_arena_fini(&arena);
    ay_mem_fail_after(0);
    CHECK(ay_line_name_read(&grammar, T "b@C1_1_top.jpg", &arena, &n, &err) == AY_ENOMEM && !n.file);
    ay_mem_fail_after(-1);
    ay_arena_fini(&arena);
    CHECK(ay_mem_live() <= live);
}

TESTS({"names_of_the_line", names_of_the_line}, {"refusals_say_why", refusals_say_why},
      {"no_name_takes_long", no_name_takes_long}, {"patterns_of_ones_own", patterns_of_ones_own},
      {"wrong_patterns", wrong_patterns}, {"days_and_paths", days_and_paths},
      {"names_of_folders", names_of_folders}, {"refused_memory_is_an_error", refused_memory_is_an_error})
