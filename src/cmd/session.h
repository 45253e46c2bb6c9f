/* cmd/session.h - the engine and the service as the settings describe them, opened together. */
#ifndef AY_CMD_SESSION_H
#define AY_CMD_SESSION_H

#include "base/arena.h"
#include "cmd/args.h"
#include "engine/classify.h"
#include "engine/engine.h"
#include "engine/words.h"
#include "service/service.h"

/* The settings that ay_session_open() reads, for a subcommand's list. */
#define AY_ENGINE_SETTINGS "model precision backend workers max-batch max-queue log-level log-format"
#define AY_SESSION_SETTINGS "data store set max-upload max-pixels memory-budget index-memory " AY_ENGINE_SETTINGS

typedef struct {
    ay_engine *engine; /* by ay_session_engine() */
    ay_service *service;
    struct ay_line_flow *line; /* of a server: how inspection trainings are done */
    ay_encoder first; /* of the service, until another takes its place */
    const ay_args *args; /* borrowed; must outlive the session */
    char encoder[4096]; /* the name of the first */
    ay_arena arena; /* for results; lives as long as the session */
    char data[4096], digests[4200]; /* digests: what is remembered of weights (models/digest.h) */
} ay_session;

/* Which encoder: the setting "model" when it was set; else what was chosen on the page (service/encoders/encoders.h), when a data
 * folder is opened; else the embedded one. */
/* Open the encoder alone, the one of the setting. */
ay_status ay_session_engine(ay_session *s, const ay_args *a, ay_err *err);
/* Open the text side of the setting "model", which must name a CLIP model's folder. */
ay_status ay_session_words(ay_words **out, const ay_args *a, ay_err *err);
/* Open a trained model's folder with the settings "precision", "backend", "workers" and "max-batch". */
ay_status ay_session_classifier(ay_classifier **out, const ay_args *a, const char *model, ay_err *err);
/* Open the encoder and the data folder.  wait: come back only when every stored picture has a vector
 * of this encoder.  share: where a server has the data folder open, open it for reading, as it is
 * now. */
ay_status ay_session_open(ay_session *s, const ay_args *a, bool wait, bool share, ay_err *err);
/* To look at what is stored: nothing is cleared away before it was told.  repair: for writing, and every picture has its vector. */
ay_status ay_session_examine(ay_session *s, const ay_args *a, bool repair, ay_err *err);
/* Folders that a server's interface may be asked to read, ':' between them; NULL: none. */
typedef struct {
    const char *train;   /* by a training */
    const char *all;     /* by imports, watches and every training */
    const char *inspect; /* by an inspection training, which may write there too */
    const char *inspect_config; /* a file: its settings and the plant's database (service/inspect/line_flow.h) */
} ay_session_folders;
/* For a server: the active trained model opens too, and trainings and imports that wait go on. */
ay_status ay_session_serve(ay_session *s, const ay_args *a, const ay_session_folders *f, ay_err *err);
void ay_session_close(ay_session *s);
/* The upload limits as the settings say. */
ay_image_limits ay_session_limits(const ay_args *a);

#endif
