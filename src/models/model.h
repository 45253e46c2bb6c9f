/* models/model.h - a weight file becomes a graph: which network, of what shape, fed how.
 *
 * A model is a folder (or one .safetensors file).  Which architecture it is, and its depth, width
 * and patch size, are read from the names and shapes of the tensors; the JSON files that publishers
 * put beside the weights add what tensors cannot say (GELU or QuickGELU, heads, preprocessing).
 *
 *   folder/model.safetensors | open_clip_model.safetensors | best_model.safetensors | the only *.safetensors
 *          config.json               ours, timm's or Hugging Face's
 *          open_clip_config.json     open_clip's
 *          preprocessor_config.json  Hugging Face's
 *
 * A single file under another name is taken without the JSON files: what lies beside a download is
 * often not its own.
 *
 * A file is refused, with the names, when a tensor of the network is missing, has another shape, or
 * is left over: a network that almost fits gives vectors that are almost right, the worst kind.
 *
 * Threads: open and close on one thread; an open model is immutable. */
#ifndef AY_MODELS_MODEL_H
#define AY_MODELS_MODEL_H

#include "base/err.h"
#include "base/hash.h"
#include "nn/graph.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum { AY_RECIPE_SHORTEST_CROP, AY_RECIPE_SQUASH, AY_RECIPE_PAD_WHITE } ay_recipe_fit;
typedef enum {
    AY_RECIPE_BILINEAR,
    AY_RECIPE_BICUBIC,
    AY_RECIPE_LANCZOS,
    AY_RECIPE_BOX,
    AY_RECIPE_NEAREST
} ay_recipe_filter;

/* How a picture becomes the network's input. */
typedef struct {
    int size;   /* the input is size x size pixels */
    int resize; /* shortest side before the crop (AY_RECIPE_SHORTEST_CROP) */
    ay_recipe_fit fit;
    ay_recipe_filter filter;
    float mean[3], std[3]; /* of values in 0..1 */
    bool as_stored; /* transparency is dropped, not laid over white (models/recipe.c) */
} ay_recipe;

/* A CLIP model is two networks in one file: pictures to vectors, and texts to vectors of the same
 * space.  Each is opened by itself and is a model by itself. */
typedef enum { AY_TOWER_IMAGE, AY_TOWER_TEXT } ay_tower;

/* The same proportions at another size; nothing when size is 0. */
void ay_recipe_resize(ay_recipe *r, int size);

typedef struct {
    char name[64], licence[64], version[32];
    char arch[32];   /* "resnet", "clip-vit", "clip-text", "efficientnetv2", "tf_efficientnetv2", "hoamv2" */
    char shape[192]; /* the configuration in words, e.g. "depths=2,2,2,2 block=basic ..." */
    char digest[AY_SHA256_HEX]; /* of arch, shape and every tensor used */
    ay_recipe recipe;
    int dim;     /* numbers in the vector */
    int classes; /* numbers in the logits; 0: the network has no classifier */
    int hidden;  /* of our own head ("head.fc1"); 0: it has one layer, or is another's */
    bool cosine; /* our own head compares directions */
    float dropout; /* of our own head, in training */
    uint64_t parameters;
    double gflops; /* 2 x multiply-adds / 1e9 for one picture */
    ay_tower tower;
    float logit_scale; /* exp of the file's: what a cosine of picture and text is multiplied by before
                          the softmax.  0: the file has none */
    /* Text towers only. */
    int context;    /* longest text, in tokens, with its two ends */
    int vocabulary; /* tokens are 0 .. vocabulary - 1 */
    bool causal; /* no token reads a later one: what stands behind the end of a text changes nothing,
                    and the graph takes shorter inputs */
} ay_model_info;

typedef struct ay_model ay_model;

/* A classifier to be put on a body in place of what the file has:
 *   dropout p, linear "head.fc1" to hidden, ReLU, dropout p / 2, linear "head.fc2" to classes
 *   with hidden 0: dropout p, linear "head.fc" to classes
 *   cosine: batch norm "head.fc_norm", L2 norm, linear "head.fc" without bias: when its rows have
 *   length s, the logits are s times the cosine to one direction a class.  The trainer keeps the
 *   length (train/fit.c) */
typedef struct {
    int classes, hidden;
    float dropout;
    bool cosine;
} ay_model_head;

/* The layers above on a value; what a model with such a head computes from its vector. */
ay_val ay_head_build(ay_graph *g, ay_val vector, const ay_model_head *h);

typedef struct {
    bool logits; /* also compute the classifier, where there is one */
    bool taps; /* also give out maps within, "stride16" and "stride32" (EfficientNetV2 only) */
    const ay_model_head *head; /* a new one with values by seed; there are logits then */
    bool bare; /* the vector is what the body's own last layer reads (ResNets with a "head" only) */
    bool auxiliary; /* also logits of the last stage alone, "auxiliary" (ResNets, with head only) */
    bool fresh;                /* all values new: the shapes of the file, nothing it learnt */
    uint64_t seed;
    int size; /* pixels a side, for networks that take any; 0: the recipe's */
    const char *digests; /* a file that remembers digests (models/digest.h); NULL: within this process only */
    ay_tower tower;
    /* "hoam" and "hoamv2" from nothing only (models/hoam.c). */
    const char *backbone; /* NULL: "efficientnetv2_rw_s" for hoamv2, "efficientnetv2_s" for hoam */
    int embedding;        /* numbers in the vector; 0: 512 */
    const char *backbone_weights; /* a timm file or folder that the backbone starts with; NULL: all new */
} ay_model_options;

/* path: a folder or a file.  AY_ENOTFOUND: no such file, or tensors are missing; AY_ECORRUPT: the
 * file or its shapes do not fit; AY_EUNSUPPORTED: no architecture knows these tensors, or there
 * is no such tower. */
ay_status ay_model_open(ay_model **out, const char *path, const ay_model_options *opt, ay_err *err);
/* Do the names in the file at path (as for ay_model_open()) tell of a text tower?  Reads its header only; false also
 * when it cannot be read. */
bool ay_model_has_text(const char *path);
/* Compute the digests of a folder's towers now and leave them beside the weights, for whoever opens it next
 * (models/digest.h).  For a model that has just come and been checked; takes up to 3 s longer than reading it.
 * Nothing happens where there is no model or nothing can be written: then the digest is computed at the start. */
void ay_model_remember(const char *folder);
/* Weights (and configuration, config_size bytes of JSON, may be 0) that lie in memory and outlive
 * the model: the embedded default. */
ay_status ay_model_from_memory(ay_model **out, const void *weights, size_t size, const char *config,
                               size_t config_size, const ay_model_options *opt, ay_err *err);
/* An architecture by name ("resnet18", "resnet34", "resnet50", "ayresnet", "efficientnetv2_rw_s",
 * "efficientnetv2_s", "tf_efficientnetv2_s", "efficientnetv2_tiny", "hoam", "hoamv2") with new values by opt->seed (nn/graph.h, ay_graph_bind_init).  AY_EUNSUPPORTED lists the names. */
ay_status ay_model_blueprint(ay_model **out, const char *architecture, const ay_model_options *opt,
                             ay_err *err);
/* The pages of the file need not stay in memory: plans have packed what they need.  Later plans read it again.  From
 * any thread. */
void ay_model_forget(const ay_model *m);
/* After every plan on its graph; NULL is fine. */
void ay_model_close(ay_model *m);

const ay_model_info *ay_model_get_info(const ay_model *m); /* lives as long as m */
/* The JSON files it was read from, for a copy beside other weights; NULL: there was none. */
const json_t *ay_model_config(const ay_model *m);
const json_t *ay_model_openclip(const ay_model *m);
/* One input "image" [1, 3, size, size]; outputs "vector" [1, dim] (not normalised) and, when asked
 * for and present, "logits" [1, classes].
 * A text tower: one input "tokens" [1, context], whole numbers as floats (text/tokenizer.h), for a
 * causal one also fewer (nn/plan.h, input_shapes); output "vector" [1, dim]. */
ay_graph *ay_model_graph(ay_model *m);

#endif
