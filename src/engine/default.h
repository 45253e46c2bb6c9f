/* engine/default.h - where default.S put the embedded encoder.  Each ends at its _end and has a
 * zero byte behind it. */
#ifndef AY_ENGINE_DEFAULT_H
#define AY_ENGINE_DEFAULT_H

extern const unsigned char ay_default_weights[], ay_default_weights_end[];
extern const char ay_default_config[], ay_default_config_end[];
extern const char ay_default_golden[], ay_default_golden_end[];
extern const unsigned char ay_default_words[], ay_default_words_end[];
extern const char ay_default_words_json[], ay_default_words_json_end[];

#endif
