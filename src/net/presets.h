/* net/presets.h - models by short names: "vit-b-32-openai" instead of a repository, its files and its terms.
 *
 * A name that is in the cache is as good as a path wherever a model is named, and asking for it never
 * touches the network; only "assay model pull" does.  Digests are those that the hub shows on its pages; where
 * none was known to us, sha256 is "" and what comes is checked against the hub's own word.
 * Threads: constant tables and questions about files, any. */
#ifndef AY_NET_PRESETS_H
#define AY_NET_PRESETS_H

#include "net/hub.h"

typedef struct {
    const char *name, *repo, *revision;
    const char *weights; /* the file */
    const char *sha256;  /* of the weights; "": not known */
    uint64_t bytes;      /* of the weights, about; 0: not known */
    const char *licence; /* as the repository names it */
    bool text;           /* has a text tower and its vocabulary, too */
    int dim;             /* numbers in a vector */
    const char *about;
} ay_preset;

extern const ay_preset ay_presets[];
extern const size_t ay_presets_count;

const ay_preset *ay_preset_find(const char *name); /* NULL: no such name */
/* Its files: weights, then what lies beside them (optional).  Returns how many were written to files. */
int ay_preset_files(const ay_preset *p, ay_hub_want files[AY_HUB_FILES]);
void ay_preset_ref(const ay_preset *p, ay_hub_ref *ref);

/* Is a licence by this name one that allows any use, as MIT does?  False for what we do not know. */
bool ay_licence_free(const char *licence);

/* What a person calls a model, as a path: a preset or "org/name[@revision]" becomes its place in the
 * cache, all else ("default", "", a path that exists) stays as it is.
 * AY_ENOTFOUND: a preset, or a repository's name and no path, that is not in the cache; the message says
 * how to pull it.  AY_EINVAL: the environment names no proper cache. */
ay_status ay_model_locate(const char *word, char path[AY_HUB_PATH], ay_err *err);

#endif
