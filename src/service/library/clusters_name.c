/* service/library/clusters_name.c - names for groups: their class, else words of the encoder, else the file that stands for the group. */
#include "service/library/clusters_parts.h"

#include "base/mem.h"
#include "base/str.h"
#include "service/find/learn_chance.h"
#include "service/words/wordy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MOST_WORDS = 20000, NAME_BYTES = 100, LETTERS = 3 };

/* ---- classes */

const char **ay_cluster_class_names(const ay_gallery *g, ay_arena *a)
{
    const char **names = ay_arena_alloc(a, ((size_t)g->nclasses + 1) * sizeof *names);

    for (int i = 0; i < g->nclasses && names; i++) {
        names[i] = g->classes[i].kind == AY_KIND_UNSORTED ? "" : ay_arena_strdup(a, g->classes[i].name);
        if (!names[i])
            return NULL;
    }
    return names;
}

/* The class of more than half of group k, or NULL: a majority survives when unlike pairs cancel (Boyer and Moore, 1981). */
static const char *class_of(const ay_groups *g, int k, const ay_cluster_told *told, size_t n)
{
    const char *best = NULL;
    size_t lead = 0, of_best = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        if (g->label[i] != k)
            continue;
        if (!lead)
            best = told[i].klass;
        lead += told[i].klass == best ? 1 : (size_t)-1;
    }
    for (size_t i = 0; i < n && best; i++) {
        all += g->label[i] == k;
        of_best += g->label[i] == k && told[i].klass == best;
    }
    return best && *best && 2 * of_best > all ? best : NULL;
}

/* ---- words */

/* The words that the encoder knows; everyday words for one that reads any. */
static int candidates(const ay_service *s, const char **list)
{
    const ay_word_reader *r = &s->words->reader;
    int n = 0;

    if (!s->words->closed)
        for (; n < ay_bank_word_count && n < MOST_WORDS; n++)
            list[n] = ay_bank_words[n];
    else if (r->name)
        for (const char *name; n < MOST_WORDS && (name = r->name(r->ctx, n)); n++)
            list[n] = name;
    return n;
}

/* An encoder without words gives no names, and that is no failure. */
static ay_status by_words(ay_service *s, const ay_rows *rows, ay_groups *g, ay_arena *a, ay_err *err)
{
    const char **list = ay_arena_alloc(a, MOST_WORDS * sizeof *list);
    float *vectors;
    int n;
    ay_status status;

    if (!list)
        return ay_fail(err, AY_ENOMEM, "names for groups");
    if (ay_wordy_pair(s, NULL) != AY_OK || (n = candidates(s, list)) == 0)
        return AY_OK;
    vectors = ay_alloc((size_t)n * (size_t)rows->dim, sizeof *vectors);
    if (!vectors)
        return ay_fail(err, AY_ENOMEM, "names for groups");
    status = ay_wordy_embed(s, list, n, vectors, err);
    if (status == AY_OK)
        status = ay_groups_name(rows, g, list, vectors, n, a, err);
    ay_free(vectors);
    return status;
}

/* ---- files */

static int letters(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += isalpha((unsigned char)*s) || ((unsigned char)*s & 0xC0) == 0xC0;
    return n;
}

/* "old_keyboard-0012.jpg" says "old keyboard"; "IMG_0012.jpg" and "0012.jpg" stay as they are but for the ending. */
static const char *after_file(const char *file, ay_arena *a)
{
    char text[AY_FILE_MAX + 1], plain[AY_FILE_MAX + 1], *dot, *name;
    size_t n;

    snprintf(text, sizeof text, "%s", file);
    if ((dot = strrchr(text, '.')) && dot != text)
        *dot = '\0';
    ay_utf8_cut(text, NAME_BYTES);
    snprintf(plain, sizeof plain, "%s", text);
    for (char *p = plain; *p; p++)
        if (*p == '_' || *p == '-' || (unsigned char)*p < 0x20)
            *p = ' ';
    name = ay_str_trim(plain);
    for (n = strlen(name); n && (isdigit((unsigned char)name[n - 1]) || strchr(" ().", name[n - 1]));)
        name[--n] = '\0';
    if (letters(name) <= LETTERS)
        name = ay_str_trim(text);
    return ay_arena_strdup(a, *name ? name : "group");
}

ay_status ay_clusters_name(ay_service *s, const ay_rows *rows, const ay_cluster_told *told, ay_groups *g, int *by, ay_arena *a, ay_err *err)
{
    ay_status status = g->n ? by_words(s, rows, g, a, err) : AY_OK;

    for (int k = 0; k < g->n && status == AY_OK; k++) {
        const char *klass = class_of(g, k, told, rows->n);
        by[k] = klass ? AY_NAMED_BY_CLASS : *g->group[k].name ? AY_NAMED_BY_WORDS : AY_NAMED_BY_MEDOID;
        if (klass)
            g->group[k].name = klass;
        if (!*g->group[k].name && !(g->group[k].name = after_file(told[g->group[k].medoid].file, a)))
            status = ay_fail(err, AY_ENOMEM, "names for groups");
    }
    return status;
}

/* "cup 2" is "cup": its number was one among other groups. */
static void drop_number(char *name)
{
    size_t n = strlen(name), end = n;

    while (end && isdigit((unsigned char)name[end - 1]))
        end--;
    if (end < n && n - end < 4 && end > 1 && name[end - 1] == ' ')
        name[end - 1] = '\0';
}

bool ay_cluster_name_stays(const ay_store_cluster *old, int by, const char *name)
{
    char was[AY_NAME_MAX + 1];

    if (old->named_by == AY_NAMED_BY_PERSON || by != AY_NAMED_BY_CLASS)
        return true;
    snprintf(was, sizeof was, "%s", old->name);
    if (old->named_by == AY_NAMED_BY_CLASS && strcmp(was, name) != 0)
        drop_number(was);
    return old->named_by == AY_NAMED_BY_CLASS && strcmp(was, name) == 0;
}

const char *ay_cluster_name_free(const char *wanted, const char *const *others, size_t n, ay_arena *a)
{
    char text[AY_NAME_MAX + 1], name[AY_NAME_MAX + 1];

    snprintf(name, sizeof name, "%.120s", wanted);
    drop_number(name);
    snprintf(text, sizeof text, "%s", name);
    for (int i = 2;; i++) {
        bool taken = false;
        for (size_t k = 0; k < n && !taken; k++)
            taken = strcmp(others[k], text) == 0;
        if (!taken)
            return ay_arena_strdup(a, text);
        snprintf(text, sizeof text, "%.105s %d", name, i);
    }
}
