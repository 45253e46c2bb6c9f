#include "cmd/model_words.h"

#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "train/words.h"

#include <jansson.h>
#include <stdio.h>

static json_t *score_json(const ay_words_score *s)
{
    return json_pack("{s:i, s:i, s:f, s:f}", "pictures", s->pictures, "labels", s->labels, "among_all", s->all,
                     "among_ten", s->ten);
}

static void print_json(const ay_words_result *r)
{
    json_t *o = json_pack("{s:i, s:i, s:i, s:i, s:I, s:o, s:o, s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:f}",
                          "pictures", r->pictures, "classes", r->classes, "rows", r->rows, "names", r->names,
                          "bytes", (json_int_t)r->bytes, "seen", score_json(&r->seen), "unseen",
                          score_json(&r->unseen), "unseen_readable", r->readable, "coloured", r->coloured,
                          "colour", r->colour, "scale", r->scale, "log_loss", r->loss, "ece", r->ece,
                          "none_auroc", r->none_auroc, "none_ece", r->none_ece);

    json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(o);
}

static void print_score(const char *what, const ay_words_score *s)
{
    printf("%s %.3f among %d labels (chance %.4f), %.3f among ten (chance 0.100); %d pictures\n", what, s->all,
           s->labels, s->labels ? 1.0 / s->labels : 0, s->ten, s->pictures);
}

static void print_text(const char *folder, const ay_words_result *r)
{
    printf("%s: %d names in %d rows, %zu bytes, from %d pictures of %d classes\n", folder, r->names, r->rows,
           r->bytes, r->pictures, r->classes);
    print_score("seen names     ", &r->seen);
    print_score("left-out names ", &r->unseen);
    printf("                their kind is known for %.3f of the pictures\n", r->readable);
    printf("colours         %.3f of %d pictures (chance 0.125)\n", r->colour, r->coloured);
    printf("probabilities   scale %.2f, log loss %.4f, calibration error %.4f\n", r->scale, r->loss, r->ece);
    printf("none of these   AUROC %.4f, calibration error %.4f\n", r->none_auroc, r->none_ece);
}

int ay_model_words(const ay_args *a)
{
    const char *list = ay_args_get(a, "list");
    long each = 0;
    ay_words_result r;
    ay_progress bar;
    ay_err err;
    ay_status status;

    if (a->n_rest != 3 || !list)
        return ay_args_wrong(a, "model words: wants FOLDER PICTURES.csv --list FILE%s", "");
    if (ay_args_get(a, "each") && !ay_args_number(a, "each", 2, 100000, &each))
        return AY_EXIT_USAGE;
    ay_words_make_options o = {.each = (int)each, .progress = ay_progress_files, .note = ay_progress_left_out, .ctx = &bar};
    ay_progress_start(&bar, "looking", 0, 0);
    status = ay_words_make(a->rest[1], a->rest[2], list, &o, &r, &err);
    ay_progress_end(&bar);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    if (ay_args_get(a, "json"))
        print_json(&r);
    else
        print_text(a->rest[1], &r);
    return AY_EXIT_OK;
}
