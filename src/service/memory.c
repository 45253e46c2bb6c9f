#include "service/memory.h"
#include "service/learn/serving.h"
#include "service/words/wordy.h"

#include "base/log.h"
#include "base/str.h"

/* Under ay_encoder_enter(). */
static size_t of_words(const ay_service *s)
{
    const ay_word_reader *r = &s->words->reader;

    return r->memory ? r->memory(r->ctx) : 0;
}

static uint64_t sum(ay_service *s)
{
    const ay_embedder *e = &s->embedder;

    return (e->memory ? e->memory(e->ctx) : 0) + of_words(s) + ay_serving_memory(s);
}

void ay_memory_look(ay_service *s, ay_memory_use *out)
{
    ay_encoder_enter(s);
    *out = (ay_memory_use){s->memory_budget, sum(s)};
    ay_encoder_leave(s);
}

static bool unload_words(ay_service *s)
{
    const ay_word_reader *r = &s->words->reader;

    return r->unload && r->unload(r->ctx);
}

/* Put out what was not used for longest; false: nothing is left that may go. */
static bool put_one_out(ay_service *s)
{
    if (ay_serving_close_oldest(s, s->words->used)) {
        ay_log(AY_LOG_INFO, "memory", "a trained model that nobody asks for was closed");
        return true;
    }
    if (unload_words(s)) {
        ay_log(AY_LOG_INFO, "memory", "the text tower was put out of memory until words are asked for");
        return true;
    }
    return ay_serving_close_oldest(s, UINT64_MAX);
}

void ay_memory_trim(ay_service *s)
{
    char have[40], most[40];
    uint64_t used;

    if (!s->memory_budget || pthread_mutex_trylock(&s->trimming) != 0)
        return;
    ay_encoder_enter(s);
    while ((used = sum(s)) > s->memory_budget && put_one_out(s))
        ;
    ay_encoder_leave(s);
    if (used > s->memory_budget && !s->over_told) {
        s->over_told = true;
        ay_size_text(have, sizeof have, used);
        ay_size_text(most, sizeof most, s->memory_budget);
        ay_log(AY_LOG_WARN, "memory", "%s are in use and nothing more can go; memory-budget is %s", have, most);
    }
    pthread_mutex_unlock(&s->trimming);
}
