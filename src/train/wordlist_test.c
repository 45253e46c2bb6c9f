#include "base/test.h"
#include "train/wordlist.h"

#include <stdbool.h>

static ay_err err;
static ay_wordlist list;

static const char *const classes[] = {"pack/fruit--apple--granny-smith", "device/dip", "texture/17", "Hot_Dog",
                                      "flag/chad", "pack/apple", "dog"};
enum { CLASSES = 7 };

static ay_status parse(const char *text)
{
    static char copy[2000];

    snprintf(copy, sizeof copy, "%s", text);
    return ay_wordlist_parse(&list, copy, classes, CLASSES, &err);
}

static const char *name(int class)
{
    return list.of_class[class] < 0 ? "" : list.entry[list.of_class[class]].name;
}

static bool is(const char *below, const char *above)
{
    const ay_word_entry *e = &list.entry[ay_wordlist_find(&list, below)];

    for (int i = 0; i < e->nall; i++)
        if (strcmp(list.entry[e->all[i]].name, above) == 0)
            return true;
    return false;
}

static const char whole[] = "# remark\n"
                            "device/dip => integrated circuit; ic\n"
                            "texture/* => -\n"
                            "pack/*granny* => * Apple\n"
                            "flag/* => * flag; flag of *\n"
                            "\n"
                            "integrated circuit = microchip, chip   # more\n"
                            "apple < fruit\n"
                            "fruit < food\n"
                            "puppy < dog\n"
                            "say: of, the\n"
                            "whole: hot dog\r\n";

static void classes_get_names(void)
{
    CHECK_OK(parse(whole), err);
    CHECK(strcmp(name(0), "granny smith apple") == 0 && strcmp(name(1), "integrated circuit") == 0);
    CHECK(list.of_class[2] == -1 && strcmp(name(3), "hot dog") == 0 && strcmp(name(4), "chad flag") == 0);
    CHECK(ay_wordlist_find(&list, "flag chad") == list.of_class[4]); /* "of" says nothing */
    CHECK(ay_wordlist_find(&list, "chip") == list.of_class[1] && ay_wordlist_find(&list, "ic") == list.of_class[1]);
    CHECK(ay_wordlist_find(&list, "nothing") == -1 && list.nsay == 2);
    ay_wordlist_fini(&list);
}

static void kinds_reach_upwards(void)
{
    CHECK_OK(parse(whole), err);
    CHECK(is("granny smith apple", "apple") && is("granny smith apple", "food") && !is("apple", "granny smith apple"));
    CHECK(is("puppy", "dog") && !is("hot dog", "dog"));
    CHECK(list.entry[ay_wordlist_find(&list, "puppy")].all[0] == ay_wordlist_find(&list, "puppy"));
    ay_wordlist_fini(&list);
}

static void circles_end(void)
{
    CHECK_OK(parse("a < b\nb < c\nc < a\ndog < dog\n"), err);
    CHECK(is("a", "c") && is("c", "b") && list.entry[ay_wordlist_find(&list, "a")].nall == 3);
    CHECK(list.entry[ay_wordlist_find(&list, "dog")].nall == 1);
    ay_wordlist_fini(&list);
}

static void what_is_wrong_names_its_line(void)
{
    CHECK(parse("a = b\nnonsense\n") == AY_EINVAL && strstr(err.msg, "line 2"));
    CHECK(parse("say: the\nthe = b\n") == AY_EINVAL && strstr(err.msg, "\"the"));
    CHECK(ay_wordlist_open(&list, "build/nowhere.txt", classes, CLASSES, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_wordlist_open(&list, "tools/train-default/words.txt", classes, CLASSES, &err), err);
    CHECK(is("lemon", "food") && is("granny smith", "granny smith") && !is("hot dog", "dog"));
    ay_wordlist_fini(&list);
}

TESTS({"classes get names", classes_get_names}, {"kinds reach upwards", kinds_reach_upwards},
      {"circles end", circles_end}, {"what is wrong names its line", what_is_wrong_names_its_line})
