#include "train/corpus.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "train/manifest.h"
#include "train/scan.h"
#include "train/snapshot.h"
#include "train/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A corpus on its way.  build() goes through the stages in order; each may end it. */
typedef struct {
    ay_corpus *c;
    const ay_corpus_options *o;
    const char *what; /* root, for messages */
    ay_listing list;
    ay_scanned *scanned; /* [list.n] */
    ay_corpus_item *items;
    int *from; /* item -> entry */
    ay_corpus_pair *edges;
    int nedges, edges_room;
    int notes_room;
} builder;

const char *ay_split_name(ay_split split)
{
    static const char *const names[] = {"train", "val", "test"};

    return (unsigned)split < AY_SPLIT_COUNT ? names[split] : "none";
}

void ay_corpus_defaults(ay_corpus_options *o)
{
    *o = (ay_corpus_options){
        .val_fraction = 0.15, .test_fraction = 0.15, .seed = 42, .near_copies = true};
}

static ay_status no_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "no memory for the data set");
}

static ay_status note(builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static ay_status note(builder *b, const char *fmt, ...)
{
    va_list ap;

    if (b->c->nnotes == b->notes_room) {
        int room = b->notes_room ? 2 * b->notes_room : 16;
        ay_note *more = ay_realloc(b->c->notes, (size_t)room, sizeof *more);
        if (!more)
            return AY_ENOMEM;
        b->c->notes = more;
        b->notes_room = room;
    }
    va_start(ap, fmt);
    ay_note_make(&b->c->notes[b->c->nnotes++], fmt, ap);
    va_end(ap);
    return AY_OK;
}

static int by_path(const void *a, const void *b)
{
    const ay_corpus_entry *x = a, *y = b;
    int c = strcmp(x->path, y->path);

    return c ? c : strcmp(x->label, y->label);
}

/* In byte order of paths; a path that is there twice is once too often. */
static ay_status sort_entries(builder *b, ay_err *err)
{
    ay_listing *l = &b->list;
    size_t n = 0;

    if (l->n == 0)
        return AY_OK;
    qsort(l->entries, l->n, sizeof *l->entries, by_path);
    for (size_t i = 0; i < l->n; i++) {
        if (n > 0 && strcmp(l->entries[n - 1].path, l->entries[i].path) == 0) {
            const ay_corpus_entry *had = &l->entries[n - 1];
            if (strcmp(had->label, l->entries[i].label) != 0)
                return ay_fail(err, AY_EINVAL, "%s: %.200s is listed as \"%s\" and as \"%s\"",
                               b->what, had->path, had->label, l->entries[i].label);
            if (had->split != l->entries[i].split)
                return ay_fail(err, AY_EINVAL, "%s: %.200s is listed on two sides", b->what,
                               had->path);
            if (note(b, "listed_twice|listed twice, used once: %.400s", had->path))
                return no_memory(err);
            continue;
        }
        l->entries[n++] = l->entries[i];
    }
    l->n = n;
    return AY_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ay_status same_but_case(const char *const *names, int n, ay_err *err)
{
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (strcasecmp(names[i], names[j]) == 0)
                return ay_fail(err, AY_EINVAL,
                               "classes \"%s\" and \"%s\" differ only in capital letters; give them "
                               "one name",
                               names[i], names[j]);
    return AY_OK;
}

/* classes: the distinct names, sorted. */
static ay_status name_classes(builder *b, ay_err *err)
{
    ay_listing *l = &b->list;
    size_t all = l->n + l->nclasses, n = 0;
    const char **names = ay_arena_alloc(&b->c->arena, (all + 1) * sizeof *names);

    if (!names)
        return no_memory(err);
    for (size_t i = 0; i < l->nclasses; i++)
        names[n++] = l->classes[i].name;
    for (size_t i = 0; i < l->n; i++)
        if (n == 0 || names[n - 1] != l->entries[i].label)
            names[n++] = l->entries[i].label;
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    all = n;
    n = 0;
    for (size_t i = 0; i < all; i++)
        if (n == 0 || strcmp(names[n - 1], names[i]) != 0)
            names[n++] = names[i];
    b->c->classes = names;
    b->c->nclasses = (int)n;
    return same_but_case(names, (int)n, err);
}

static int class_of(const ay_corpus *c, const char *label)
{
    const char *const *at =
        bsearch(&label, c->classes, (size_t)c->nclasses, sizeof *c->classes, by_name);

    return at ? (int)(at - c->classes) : -1;
}

/* Good results become items, bad ones are named. */
static ay_status sort_out(builder *b, ay_err *err)
{
    ay_corpus *c = b->c;
    ay_corpus_skip *skips = ay_arena_alloc(&c->arena, (b->list.n + 1) * sizeof *skips);

    b->items = ay_arena_alloc(&c->arena, (b->list.n + 1) * sizeof *b->items);
    b->from = ay_alloc(b->list.n + 1, sizeof *b->from);
    if (!skips || !b->items || !b->from)
        return no_memory(err);
    for (size_t i = 0; i < b->list.n; i++) {
        const ay_corpus_entry *e = &b->list.entries[i];
        const ay_scanned *r = &b->scanned[i];
        if (r->verdict == AY_SCAN_OTHER) {
            c->other++;
        } else if (r->verdict == AY_SCAN_BAD) {
            const char *reason = ay_arena_strdup(&c->arena, r->reason);
            if (!reason)
                return no_memory(err);
            skips[c->nskipped++] = (ay_corpus_skip){e->path, reason};
        } else {
            ay_corpus_item *it = &b->items[c->nitems];
            *it = (ay_corpus_item){.path = e->path, .label = class_of(c, e->label),
                                   .width = r->width, .height = r->height, .phash = r->phash};
            it->split = e->split == AY_SPLIT_NONE ? AY_SPLIT_TRAIN : (ay_split)e->split;
            memcpy(it->digest, r->digest, sizeof it->digest);
            b->from[c->nitems++] = (int)i;
        }
    }
    c->items = b->items;
    c->skipped = skips;
    return AY_OK;
}

static ay_status add_edge(builder *b, int x, int y, bool exact)
{
    if (b->nedges == b->edges_room) {
        int room = b->edges_room ? 2 * b->edges_room : 64;
        ay_corpus_pair *more = ay_realloc(b->edges, (size_t)room, sizeof *more);
        if (!more)
            return AY_ENOMEM;
        b->edges = more;
        b->edges_room = room;
    }
    b->edges[b->nedges++] = (ay_corpus_pair){x < y ? x : y, x < y ? y : x, exact};
    return AY_OK;
}

static int by_digest(const void *x, const void *y, void *items)
{
    const ay_corpus_item *all = items;
    int a = *(const int *)x, b = *(const int *)y, c = strcmp(all[a].digest, all[b].digest);

    return c ? c : a - b;
}

/* Equal bytes: each is tied to the first of its kind, and to the one before, so that of three copies
 * on three sides every leak has a pair.  Only the first keeps its print. */
static ay_status exact_edges(builder *b, ay_err *err)
{
    int n = b->c->nitems, *order = ay_alloc((size_t)n + 1, sizeof *order);
    ay_status st = AY_OK;

    if (!order)
        return no_memory(err);
    for (int i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, (size_t)n, sizeof *order, by_digest, b->items);
    for (int i = 1, first = 0; !st && i < n; i++) {
        if (strcmp(b->items[order[first]].digest, b->items[order[i]].digest) != 0) {
            first = i;
            continue;
        }
        ay_scanned *r = &b->scanned[b->from[order[i]]];
        ay_free(r->print);
        r->print = NULL;
        st = add_edge(b, order[i - 1], order[i], true);
        if (!st && first < i - 1)
            st = add_edge(b, order[first], order[i], true);
    }
    ay_free(order);
    return st ? no_memory(err) : AY_OK;
}

static ay_status near_edges(builder *b, ay_err *err)
{
    int n = b->c->nitems, npairs = 0;
    const ay_print **prints = ay_alloc((size_t)n + 1, sizeof *prints);
    ay_print_pair *pairs = NULL;
    ay_status st;

    if (!prints)
        return no_memory(err);
    for (int i = 0; i < n; i++)
        prints[i] = b->scanned[b->from[i]].print;
    st = ay_print_pairs(prints, n, b->o->threads > 0 ? b->o->threads : ay_cpu_count(), b->o->cancel,
                        &pairs, &npairs, err);
    for (int i = 0; !st && i < npairs; i++)
        if (add_edge(b, pairs[i].a, pairs[i].b, false))
            st = no_memory(err);
    ay_free(pairs);
    ay_free(prints);
    return st;
}

/* Copies under two names, and copies on two sides. */
static ay_status sort_edges(builder *b, ay_err *err)
{
    ay_corpus *c = b->c;
    size_t room = ((size_t)b->nedges + 1) * sizeof(ay_corpus_pair);
    ay_corpus_pair *leaks = ay_arena_alloc(&c->arena, room);
    ay_corpus_pair *clashes = ay_arena_alloc(&c->arena, room);

    if (!leaks || !clashes)
        return no_memory(err);
    for (int i = 0; i < b->nedges; i++) {
        const ay_corpus_item *x = &b->items[b->edges[i].a], *y = &b->items[b->edges[i].b];
        if (x->label != y->label)
            clashes[c->nclashes++] = b->edges[i];
        if (b->list.split_given && x->split != y->split)
            leaks[c->nleaks++] = b->edges[i];
    }
    c->leaks = leaks;
    c->clashes = clashes;
    return AY_OK;
}

static ay_status find_copies(builder *b, ay_err *err)
{
    ay_status st = exact_edges(b, err);

    if (!st && b->o->near_copies)
        st = near_edges(b, err);
    if (!st)
        st = ay_split_groups(b->items, b->c->nitems, b->edges, b->nedges, err);
    for (int i = 0; !st && i < b->c->nitems; i++)
        if (b->items[i].group >= b->c->ngroups)
            b->c->ngroups = b->items[i].group + 1;
    return st ? st : sort_edges(b, err);
}

/* "a.jpg: the file is empty", the first file of a class that was left out; "" when there is none. */
static void first_skip(const builder *b, const char *label, char *dst, size_t cap)
{
    dst[0] = '\0';
    for (size_t i = 0; i < b->list.n; i++)
        if (b->scanned[i].verdict == AY_SCAN_BAD &&
            strcmp(b->list.entries[i].label, label) == 0) {
            snprintf(dst, cap, "; the first file in it, %.150s: %.100s", b->list.entries[i].path,
                     b->scanned[i].reason);
            return;
        }
}

static ay_status empty_class(const builder *b, const char *label, const char *where, ay_err *err)
{
    char why[300];

    first_skip(b, label, why, sizeof why);
    return ay_fail(err, AY_EINVAL,
                   "class \"%s\" has no picture that can be read (%.150s)%s. Add pictures or remove "
                   "the class",
                   label, where ? where : b->what, why);
}

/* Every folder that stands for a class has something in it. */
static ay_status check_folders(builder *b, ay_err *err)
{
    for (size_t i = 0; i < b->list.nclasses; i++) {
        const ay_found_class *f = &b->list.classes[i];
        int label = class_of(b->c, f->name), found = 0;
        for (int k = 0; k < b->c->nitems && !found; k++)
            found = b->items[k].label == label &&
                    (f->split == AY_SPLIT_NONE || (int)b->items[k].split == f->split);
        if (!found)
            return empty_class(b, f->name, f->where, err);
    }
    return AY_OK;
}

/* A class that only validation or test knows can never be answered. */
static ay_status unknown_to_train(const builder *b, int label, ay_err *err)
{
    const ay_corpus *c = b->c;
    bool held = ay_corpus_count(c, AY_SPLIT_VAL, label) || ay_corpus_count(c, AY_SPLIT_TEST, label);

    if (!held)
        return empty_class(b, c->classes[label], NULL, err);
    return ay_fail(err, AY_EINVAL,
                   "class \"%s\" has pictures to validate or test with but none to train on; add "
                   "some or remove the class",
                   c->classes[label]);
}

static ay_status check_counts(const builder *b, ay_err *err)
{
    const ay_corpus *c = b->c;

    if (c->nclasses < 2)
        return ay_fail(err, AY_EINVAL,
                       "%s has only the class \"%s\"; a classifier needs at least two (a folder of "
                       "pictures for each)",
                       b->what, c->classes[0]);
    for (int k = 0; k < c->nclasses; k++) {
        if (ay_corpus_count(c, AY_SPLIT_TRAIN, k) == 0)
            return unknown_to_train(b, k, err);
        if (!b->list.split_given && ay_corpus_count(c, AY_SPLIT_TRAIN, k) == 1 &&
            b->o->val_fraction + b->o->test_fraction > 0)
            return ay_fail(err, AY_EINVAL,
                           "class \"%s\" has one picture that can be read; it cannot be both "
                           "learned and checked. Add at least one more, better twenty",
                           c->classes[k]);
    }
    return AY_OK;
}

static ay_status nothing_there(const builder *b, ay_err *err)
{
    const ay_corpus *c = b->c;

    if (b->list.n == 0 && b->list.nclasses == 0)
        return ay_fail(err, AY_ENOTFOUND,
                       "%s has no folders with pictures in it; put a folder for each class there, "
                       "or train/, val/ and test/ with those",
                       b->what);
    if (c->nskipped == 0)
        return ay_fail(err, AY_ENOTFOUND, "%s: there is no picture in any of the %d classes",
                       b->what, c->nclasses);
    return ay_fail(err, AY_ENOTFOUND,
                   "%s: none of the %d pictures can be read; the first, %.150s: %.150s", b->what,
                   c->nskipped, c->skipped[0].path, c->skipped[0].reason);
}

static ay_status count(builder *b, ay_err *err)
{
    ay_corpus *c = b->c;
    size_t cells = (size_t)AY_SPLIT_COUNT * (size_t)c->nclasses;

    if (!c->counts)
        c->counts = ay_arena_alloc(&c->arena, cells * sizeof *c->counts);
    if (!c->counts)
        return no_memory(err);
    memset(c->counts, 0, cells * sizeof *c->counts);
    for (int i = 0; i < c->nitems; i++)
        c->counts[(int)b->items[i].split * c->nclasses + b->items[i].label]++;
    return AY_OK;
}

static ay_status refuse_leaks(const builder *b, ay_err *err)
{
    const ay_corpus_pair *p = &b->c->leaks[0];
    const ay_corpus_item *x = &b->items[p->a], *y = &b->items[p->b];

    return ay_fail(err, AY_ECONFLICT,
                   "%d pairs of copies are on two sides of the split; the first: %.150s (%s) and %.150s "
                   "(%s)",
                   b->c->nleaks, x->path, ay_split_name(x->split), y->path,
                   ay_split_name(y->split));
}

/* Sides that the user gave are checked; those that are missing are cut from train. */
static ay_status settle_split(builder *b, ay_err *err)
{
    ay_corpus *c = b->c;
    double val = b->o->val_fraction, test = b->o->test_fraction;
    ay_status st;

    c->split_here = !b->list.split_given;
    if (c->split_here)
        return ay_split_assign(b->items, c->nitems, val, test, b->o->seed, err);
    if (c->nleaks && b->o->leaks == AY_LEAKS_REFUSE)
        return refuse_leaks(b, err);
    if (c->nleaks && b->o->leaks == AY_LEAKS_MOVE) {
        st = ay_split_mend(b->items, c->nitems, err);
        if (st)
            return st;
    }
    if (ay_corpus_count(c, AY_SPLIT_VAL, -1) == 0 && val > 0) {
        st = ay_split_carve(b->items, c->nitems, val, b->o->seed, err);
        if (!st && note(b, "no_validation|there are no validation pictures; %.0f%% of the training pictures serve",
                        100 * val))
            st = no_memory(err);
        return st;
    }
    return AY_OK;
}

static ay_status make_notes(builder *b, ay_err *err)
{
    const ay_corpus *c = b->c;
    int bad = 0;

    for (int s = AY_SPLIT_VAL; s < AY_SPLIT_COUNT; s++)
        for (int k = 0; k < c->nclasses; k++)
            if (ay_corpus_count(c, (ay_split)s, -1) > 0 && ay_corpus_count(c, (ay_split)s, k) == 0)
                bad |= note(b, s == AY_SPLIT_VAL ? "class_no_validation|class \"%s\" has no validation pictures"
                                                 : "class_no_test|class \"%s\" has no test pictures",
                            c->classes[k]);
    for (int k = 0; k < c->nclasses; k++)
        if (ay_corpus_count(c, AY_SPLIT_TRAIN, k) == 0)
            return ay_fail(err, AY_EINVAL, "class \"%s\" has nothing left to train on",
                           c->classes[k]);
    if (c->nleaks)
        bad |= note(b, b->o->leaks == AY_LEAKS_MOVE
                           ? "copies_moved|%d pairs of copies were (and were moved together) on two sides of "
                             "the split; the first: %.200s and %.200s"
                           : "copies_across|%d pairs of copies are on two sides of the split; the first: "
                             "%.200s and %.200s",
                    c->nleaks,
                    b->items[c->leaks[0].a].path, b->items[c->leaks[0].b].path);
    if (c->nclashes)
        bad |= note(b, "copies_clash|%d pairs of copies have two different labels; the first: %.200s and %.200s",
                    c->nclashes, b->items[c->clashes[0].a].path, b->items[c->clashes[0].b].path);
    return bad ? no_memory(err) : AY_OK;
}

/* From the listing to the corpus. */
static ay_status build(builder *b, ay_err *err)
{
    ay_corpus *c = b->c;
    ay_status st = sort_entries(b, err);

    c->hidden = b->list.hidden;
    c->other = b->list.other;
    if (!st)
        st = name_classes(b, err);
    b->scanned = ay_calloc(b->list.n + 1, sizeof *b->scanned);
    if (!st && !b->scanned)
        st = no_memory(err);
    if (!st)
        st = ay_scan_files(b->list.entries, b->list.n, b->o, b->scanned, err);
    if (!st)
        st = sort_out(b, err);
    if (!st && c->nitems == 0)
        st = nothing_there(b, err);
    if (!st)
        st = count(b, err);
    if (!st)
        st = check_folders(b, err);
    if (!st)
        st = check_counts(b, err);
    if (!st)
        st = find_copies(b, err);
    if (!st)
        st = settle_split(b, err);
    if (!st)
        st = count(b, err);
    if (!st)
        st = make_notes(b, err);
    return st ? st : ay_snapshot_of(b->items, c->nitems, c->classes, c->snapshot, err);
}

static ay_status finish(builder *b, ay_status st)
{
    ay_scan_fini(b->scanned, b->scanned ? b->list.n : 0);
    ay_listing_fini(&b->list);
    ay_free(b->from);
    ay_free(b->edges);
    if (st)
        ay_corpus_fini(b->c);
    return st;
}

static ay_status check_options(const ay_corpus_options *o, ay_err *err)
{
    double v = o->val_fraction, t = o->test_fraction;

    if (!(v >= 0 && v <= 0.9) || !(t >= 0 && t <= 0.9) || !(v + t <= 0.9))
        return ay_fail(err, AY_EINVAL,
                       "parts for validation (%g) and test (%g) have to be 0 to 0.9 together", v,
                       t);
    return AY_OK;
}

ay_status ay_corpus_open(ay_corpus *out, const char *root, const ay_corpus_options *o, ay_err *err)
{
    builder b = {.c = out, .o = o, .what = root};
    ay_status st = check_options(o, err);

    *out = (ay_corpus){0};
    ay_arena_init(&out->arena, 0);
    b.list.arena = &out->arena;
    if (!st && !ay_file_exists(root))
        st = ay_fail(err, AY_ENOTFOUND, "there is no folder or manifest %s", root);
    if (!st && ay_file_is_dir(root))
        st = ay_find_folder(&b.list, root, o, err);
    else if (!st && ay_str_ends_nocase(root, ".csv"))
        st = ay_manifest_read(&b.list, root, err);
    else if (!st)
        st = ay_fail(err, AY_EINVAL, "%s is neither a folder nor a .csv file", root);
    if (!st)
        st = build(&b, err);
    return finish(&b, st);
}

ay_status ay_corpus_open_list(ay_corpus *out, const ay_corpus_entry *entries, size_t n,
                              const ay_corpus_options *o, ay_err *err)
{
    builder b = {.c = out, .o = o, .what = "the list"};
    ay_status st = check_options(o, err);

    *out = (ay_corpus){0};
    ay_arena_init(&out->arena, 0);
    b.list.arena = &out->arena;
    for (size_t i = 0; !st && i < n; i++) {
        const char *label = ay_arena_strdup(&out->arena, entries[i].label);
        if ((entries[i].split == AY_SPLIT_NONE) != (entries[0].split == AY_SPLIT_NONE))
            st = ay_fail(err, AY_EINVAL, "some of the pictures have a split and some have none");
        else if (!label)
            st = no_memory(err);
        else
            st = ay_class_name_check(label, entries[i].path, err);
        if (!st)
            st = ay_listing_add(&b.list, entries[i].path, label, entries[i].split, err);
    }
    b.list.split_given = n > 0 && entries[0].split != AY_SPLIT_NONE;
    if (!st)
        st = build(&b, err);
    return finish(&b, st);
}

void ay_corpus_fini(ay_corpus *c)
{
    for (int i = 0; i < c->nnotes; i++)
        ay_note_fini(&c->notes[i]);
    ay_free(c->notes);
    ay_arena_fini(&c->arena);
    *c = (ay_corpus){0};
}

int ay_corpus_count(const ay_corpus *c, ay_split split, int label)
{
    int sum = 0;

    for (int k = 0; k < c->nclasses; k++)
        if (label < 0 || label == k)
            sum += c->counts[(int)split * c->nclasses + k];
    return sum;
}

void ay_corpus_class_weights(const ay_corpus *c, float *dst)
{
    int all = ay_corpus_count(c, AY_SPLIT_TRAIN, -1);

    for (int k = 0; k < c->nclasses; k++) {
        int n = ay_corpus_count(c, AY_SPLIT_TRAIN, k);
        dst[k] = n ? (float)((double)all / ((double)c->nclasses * n)) : 1;
    }
}
