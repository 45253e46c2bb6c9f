/* bench/decision.c - which rule should decide, and what may be promised about it.
 *
 *     build/release/bench/decision [--repeats N] [--model PATH] [--data FOLDER] [--choose] [FOLDER...]
 *
 * A FOLDER holds a sub-folder of pictures a class.  Without one: e-waste, NEU-DET and six of the packs in
 * train/research of the data folder (default ../shared/data; unpacked once below build/sets).  All are
 * embedded with the embedded encoder, or another one with --model.
 *
 * Table 1  accuracy, mean over classes, of five rules; in brackets how often the rule's class is not
 *          that of the most similar picture.  "vote" is what ships (service/calibrate.c).
 * Table 2  what ships, with two classes kept out of the gallery: what it answers to known things, to
 *          near strangers (the kept out classes) and to far ones (pictures of the other sources), how
 *          far its probability is from the truth (expected calibration error, ten bins), and how well the
 *          similarity tells known from unknown (area under the ROC curve).
 * Table 3  suspects: 5 % of the labels swapped, or 5 % of the pictures replaced by strangers.
 * --choose instead: the constants of the decision, chosen on all sources but one, judged on that one.
 * doc/decision.md tells what was learnt. */
#include "decision/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const packs[] = {"electronics6", "magnetic_tile", "elpv_solar_cells",
                                    "coil100",      "gtsrb_signs",   "pacs_styles"};

static void add(bench *b, const char *folder, const char *model)
{
    if (b->n == MOST_SOURCES)
        die("too many folders:", folder);
    source_read(&b->list[b->n++], folder, model);
}

static void add_usual(bench *b, const char *data, const char *model)
{
    static const char *const folders[] = {"ewaste", "neu-det"};
    char path[512], unpacked[256];

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", data, folders[i]);
        if (access(path, F_OK) == 0)
            add(b, path, model);
    }
    snprintf(path, sizeof path, "%s/train/research", data);
    for (size_t i = 0; i < sizeof packs / sizeof *packs; i++)
        if (source_unpack(path, packs[i], unpacked))
            add(b, unpacked, model);
}

int main(int argc, char **argv)
{
    static bench b = {.repeats = 10};
    const char *model = NULL, *data = "../shared/data";
    bool choose = false;
    int i = 1;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--choose") == 0)
            choose = true;
        else if (strcmp(argv[i], "--repeats") == 0 && i + 1 < argc)
            b.repeats = atoi(argv[++i]);
        else if (strcmp(argv[i], "--model") == 0 && i + 1 < argc)
            model = argv[++i];
        else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
            data = argv[++i];
        else
            return fprintf(stderr, "decision: what is %s?\n", argv[i]), 2;
    }
    if (i == argc)
        add_usual(&b, data, model);
    for (; i < argc; i++)
        add(&b, argv[i], model);
    if (b.n == 0)
        return printf("skipped: no %s\n", data), 0;
    if (b.repeats < 1)
        return fprintf(stderr, "decision: --repeats wants a number above 0\n"), 2;
    if (choose) {
        table_choice(&b);
        return 0;
    }
    table_accuracy(&b);
    table_outcome(&b);
    table_planted(&b);
    return 0;
}
