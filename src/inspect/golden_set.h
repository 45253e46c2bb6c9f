/* inspect/golden_set.h - pictures of components with their vectors: what golden samples are chosen from and judged on.
 *
 * Three things have to be told apart, and folder names cannot do it ("_" is in products and components):
 *   class   what is inspected: a product's component under one light, mounted one way
 *   label   what the network was taught to tell apart: a class seen one way, a class, or only the way
 *           ("Up" of any component), as the setting data.label says
 *   item    a picture: of a class, with a label when it is a good one.  A bad one (NG) has no label; when its class is
 *           known it claims to be what that class should look like, else it claims nothing
 *
 * Ways are quarter turns clockwise from Up: Up 0, Right 1, Down 2, Left 3.
 *
 * Everything is borrowed: lists and strings must outlive what is made of them.
 * Threads: a set that nobody changes may be read from any. */
#ifndef AY_INSPECT_GOLDEN_SET_H
#define AY_INSPECT_GOLDEN_SET_H

#include "engine/engine.h"
#include "train/corpus.h"

#include <jansson.h>

enum { AY_TURN_NONE = -1, AY_TURNS = 4, AY_CLASS_NONE = -1, AY_LABEL_NONE = -1 };
/* "Up", "Right", "Down", "Left"; "" for AY_TURN_NONE; static. */
const char *ay_turn_name(int turn);
/* AY_TURN_NONE when text is none of the four. */
int ay_turn_read(const char *text);

typedef struct {
    const char *name; /* "P1_R3_top"; for people */
    const char *product, *component, *light;
    int turn; /* as it is mounted; AY_TURN_NONE: not said */
    int same; /* classes with the same number (from 1) hold the same part and may stand for each other; 0: no others.  Said
                 by a person, never guessed: a network that has learnt nothing finds all parts the same */
    int ways; /* quarter turns that look different: 4 (0 too), 2: a half turn changes nothing, 1: no turn does */
} ay_golden_class;

typedef struct {
    const char *name; /* "P1_R3_top/Up" */
    int class;        /* AY_CLASS_NONE: of all classes */
    int turn;         /* AY_TURN_NONE: any way */
} ay_golden_label;

typedef struct {
    const char *path;
    int rotate; /* degrees clockwise, done after reading: 0, 90, 180, 270 */
    int class;  /* AY_CLASS_NONE: not known */
    int label;  /* AY_LABEL_NONE: a bad picture */
    ay_split split;
    int group; /* one number for an original and its rotations: together they are one impostor */
    int board; /* from 1: pictures with the same number are in one half when thresholds are fitted on one and judged on the
                  other; 0: groups are dealt out one by one */
} ay_golden_item;

typedef struct {
    const ay_golden_class *classes;
    int nclasses;
    const ay_golden_label *labels;
    int nlabels;
    const ay_golden_item *items;
    size_t n;
    const float *vectors; /* n x dim; all zeros: this picture could not be read, and is left out everywhere */
    int dim;
} ay_golden_set;

/* AY_EINVAL names what does not fit: no items, an index out of range, a rotation that is none. */
ay_status ay_golden_set_check(const ay_golden_set *set, ay_err *err);
/* The label that a good picture of this class has as mounted; AY_LABEL_NONE when there is none or class is none. */
int ay_golden_wanted(const ay_golden_set *set, int class);
/* Is it the wanted label of any class? */
bool ay_golden_is_wanted(const ay_golden_set *set, int label);
/* Does the vector of item i have a direction? */
bool ay_golden_there(const ay_golden_set *set, size_t i);

/* torch.nn.functional.cosine_similarity(picture, golden, eps=1e-8) in double precision: a.b / (max(|a|, eps) max(|b|, eps)). */
double ay_golden_cosine(const float *picture, const float *golden, int dim);

/* Whatever makes n vectors of dim floats each from n pictures; called from several threads at once. */
typedef ay_status (*ay_golden_embedder)(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *err);
/* ctx is an ay_engine. */
ay_status ay_golden_by_engine(void *engine, const ay_image *const *images, int n, float *dst, ay_err *err);

typedef struct {
    ay_golden_embedder embed;
    void *ctx;
    int dim;
    int threads; /* that read; 0: one a processor */
    void (*progress)(void *user, size_t done, size_t n);          /* NULL: none; from the caller's thread */
    void (*lost)(void *user, const char *path, const char *why);  /* NULL: none; never two at a time */
    void *user;
    const atomic_bool *stop; /* NULL: never */
} ay_golden_embedding;

/* Read, turn and embed n items: vectors gets n x dim floats, zeros for pictures that cannot be read, of which *lost says
 * how many.  AY_ECANCELLED; else the embedder's own failure. */
ay_status ay_golden_embed(const ay_golden_item *items, size_t n, const ay_golden_embedding *how, float *vectors,
                          size_t *lost, ay_err *err);
/* Turn a picture by 0, 90, 180 or 270 degrees clockwise, in place. */
ay_status ay_golden_rotate(ay_image *im, int degrees, ay_err *err);

#endif
