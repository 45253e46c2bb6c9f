/* http/assets.h - files of this folder that are built into the program (assets.S).  They live as
 * long as the program and are not NUL-terminated. */
#ifndef AY_HTTP_ASSETS_H
#define AY_HTTP_ASSETS_H

#define AY_HTTP_ASSET(name) extern const char ay_http_##name[], ay_http_##name##_end[]

AY_HTTP_ASSET(schemas);
AY_HTTP_ASSET(docs_css);
AY_HTTP_ASSET(docs_js);
AY_HTTP_ASSET(plain_css);

#endif
