#include "http/gate.h"

#include "service/service.h"

void ay_gate_init(ay_gate *g, uint64_t pixels)
{
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->more, NULL);
    g->limit = g->free = pixels;
}

void ay_gate_fini(ay_gate *g)
{
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->more);
}

uint64_t ay_gate_enter(ay_gate *g, const void *bytes, size_t n)
{
    ay_image_info info;
    uint64_t pixels;

    if (ay_image_probe(bytes, n, NULL, &info, NULL))
        return 0;
    pixels = (uint64_t)info.width * (uint64_t)info.height;
    if (pixels > g->limit)
        pixels = g->limit;
    pthread_mutex_lock(&g->lock);
    while (g->free < pixels)
        pthread_cond_wait(&g->more, &g->lock);
    g->free -= pixels;
    pthread_mutex_unlock(&g->lock);
    return pixels;
}

void ay_gate_leave(ay_gate *g, uint64_t pixels)
{
    pthread_mutex_lock(&g->lock);
    g->free += pixels;
    pthread_cond_broadcast(&g->more);
    pthread_mutex_unlock(&g->lock);
}
