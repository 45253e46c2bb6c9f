/* inspect/ask.h - many pictures with coded names, asked about as a line would: those of one component on one board at one moment are
 * one question, each under its own light.
 *
 * A name that is refused, and a question that cannot be asked (a light is missing, no such component), are told with the
 * reason and stop nothing else.
 *
 * Threads: any, on different lists. */
#ifndef AY_INSPECT_ASK_H
#define AY_INSPECT_ASK_H

#include "inspect/module.h"
#include "inspect/names.h"

typedef struct {
    const char *file;      /* its name, without folders */
    const ay_image *image; /* NULL: read() is asked for it when its turn comes */
    void *user;            /* the caller's */
} ay_ask_picture;

typedef struct {
    void *ctx;
    /* The picture, decoded, given back by ay_image_fini(); NULL: all have an image. */
    ay_status (*read)(void *ctx, const ay_ask_picture *p, ay_image *out, ay_err *err);
    /* A question was answered; pictures are its own, as d's sides.  Non-OK ends. */
    ay_status (*decided)(void *ctx, const ay_inspect_decision *d, const ay_ask_picture *const *pictures, int n, ay_err *err);
    /* Pictures that no answer was found for, and why. */
    void (*refused)(void *ctx, const ay_ask_picture *const *pictures, int n, ay_status why, const char *message);
} ay_asker;

/* pattern NULL: names.h's.  component NULL: as each name says.  Order: by board, moment, component.  AY_ENOMEM, AY_EINVAL (the pattern), AY_EBUSY. */
ay_status ay_inspect_ask(ay_inspect_module *m, const char *pattern, const char *product, const char *component, const ay_ask_picture *list,
                         int n, const ay_asker *asker, ay_err *err);

#endif
