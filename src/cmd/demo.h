/* cmd/demo.h - the demonstration's data set, drawn by src/draw. */
#ifndef AY_CMD_DEMO_H
#define AY_CMD_DEMO_H

#include "service/service.h"

/* Make data set "demo" with `pictures` drawings a class, and make it the active one unless another
 * data set holds pictures.  A demo that is there is left as it is, whatever a person did to it; one
 * that was interrupted is completed. */
ay_status ay_demo_fill(ay_service *s, int pictures, ay_err *err);

#endif
