/* cmd/main.c - find the subcommand and run it. */
#include "cmd/cmd.h"
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

static int run_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("assay " AY_VERSION);
    return AY_EXIT_OK;
}

/* Every subcommand in the program.  A plain table: one can read what the program can do. */
static const ay_command commands[] = {
    {"serve", "the scanner's page and the HTTP interface", ay_cmd_serve},
    {"demo", "serve, with a data set of drawn parts", ay_cmd_demo},
    {"scan", "tell what pictures show", ay_cmd_scan},
    {"dataset", "teach: data sets, classes, reference pictures", ay_cmd_dataset},
    {"train", "learn a classifier from a folder of classes", ay_cmd_train},
    {"inspect", "learn golden samples from OK/NG folders, and hold pictures against them", ay_cmd_inspect},
    {"eval", "judge a trained model on labelled pictures", ay_cmd_eval},
    {"predict", "what a trained model says of pictures", ay_cmd_predict},
    {"report", "figures and curves of a trained model", ay_cmd_report},
    {"classify", "tell which of the given words fits a picture", ay_cmd_classify},
    {"search", "find pictures by words or by a picture", ay_cmd_search},
    {"pictures", "list the library's pictures, filtered and ordered", ay_cmd_pictures},
    {"tag", "put tags on pictures, or take them off", ay_cmd_tag},
    {"album", "albums, and the order of their pictures", ay_cmd_album},
    {"cluster", "sort pictures into groups of what looks alike", ay_cmd_cluster},
    {"import", "bring pictures of files and folders in; take over what OmniZap has kept", ay_cmd_import},
    {"export", "write pictures with their classes and tags: folders, COCO, CSV, JSON Lines, Croissant", ay_cmd_export},
    {"watch", "bring in what is put into a folder", ay_cmd_watch},
    {"dups", "pictures that are there more than once", ay_cmd_dups},
    {"plant", "ask a plant's database for products; an inspection's settings", ay_cmd_plant},
    {"embed", "turn pictures or texts into vectors", ay_cmd_embed},
    {"model", "list, show and verify encoders", ay_cmd_model},
    {"review", "what a person should look at next, and why", ay_cmd_review},
    {"backup", "copy the data folder as it is now, also while it is served", ay_cmd_backup},
    {"restore", "bring a backup back", ay_cmd_restore},
    {"check", "are files, digests, references and vectors as they should be?", ay_cmd_check},
    {"doctor", "what this machine can do, and what is in the way", ay_cmd_doctor},
    {"config", "show the settings and where they come from", ay_cmd_config},
    {"version", "print the version", run_version},
};

static int usage(FILE *to)
{
    fputs("usage: assay COMMAND [OPTION ...]\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    return to == stdout ? AY_EXIT_OK : AY_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    fprintf(stderr, "assay: no command '%s'\n", argv[1]);
    return usage(stderr);
}
