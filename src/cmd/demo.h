/* cmd/demo.h - the demonstration's data set, drawn by src/draw in the background while the server
 * already serves.
 *
 * Drawing takes most of a minute; a newcomer who waits for it sees nothing.  So the data set is there
 * at once and grows: it is called "demo (being drawn)" until its last picture is in, and only then
 * "demo".  The name is the whole bookkeeping: what was killed half-way keeps the first name, and the
 * next start draws what is missing.
 *
 * Rejected: drawing only as many pictures as one may wait for (12 a class; recognition is better with
 * 32), and shipping the pictures (20 MB that our own code makes).
 *
 * Threads: start and stop from one thread; drawing has its own, at low priority, and calls the service
 * like any client. */
#ifndef AY_CMD_DEMO_H
#define AY_CMD_DEMO_H

#include "service/service.h"

typedef struct ay_demo ay_demo;

/* Begin to draw `pictures` for each class, unless a data set "demo" is there: that one is left as it
 * is, whatever a person did to it, and *out is NULL.  Returns within milliseconds.  The data set
 * becomes the active one unless another one holds pictures.  Progress is a job of kind "demo". */
ay_status ay_demo_start(ay_demo **out, ay_service *s, int pictures, ay_err *err);
/* Stop between two pictures, wait for that, free.  Before the service closes.  NULL is fine. */
void ay_demo_stop(ay_demo *d);

#endif
