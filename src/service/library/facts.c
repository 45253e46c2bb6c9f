#include "service/library/facts.h"

#include "image/exif.h"
#include "store/facts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { GROUP = 16, PAUSE_MS = 20 };

static bool stopping(ay_service *s)
{
    bool stop;

    pthread_mutex_lock(&s->jobs_lock);
    stop = s->stop;
    pthread_mutex_unlock(&s->jobs_lock);
    return stop;
}

/* In every data set that has the picture. */
static void tell_galleries(ay_service *s, const ay_store_fact *facts, size_t n)
{
    pthread_rwlock_wrlock(&s->lock);
    for (int g = 0; g < s->ngalleries; g++)
        for (size_t i = 0; i < n; i++) {
            ay_gallery_item *item = ay_gallery_find(s->galleries[g], facts[i].sha256);
            if (!item)
                continue;
            item->taken_us = facts[i].taken_us;
            snprintf(item->camera, sizeof item->camera, "%s", facts[i].camera);
            ay_gallery_touch(s->galleries[g]);
        }
    pthread_rwlock_unlock(&s->lock);
}

/* One group behind *after; false: there is none, or the store is away. */
static bool fill_group(ay_service *s, char after[AY_SHA256_HEX])
{
    ay_exif_facts found[GROUP];
    ay_store_fact facts[GROUP];
    const char **list = NULL;
    size_t n = 0;
    ay_arena a;
    bool go;

    ay_arena_init(&a, 0);
    go = ay_store_facts_missing(s->store, after, GROUP, &a, &list, &n, NULL) == AY_OK && n > 0;
    for (size_t i = 0; i < n && go; i++) {
        ay_buf bytes = {0};
        found[i] = (ay_exif_facts){0};
        if (ay_blobs_get(s->blobs, list[i], false, &bytes, NULL) == AY_OK)
            ay_exif_read(bytes.data, bytes.len, &found[i]);
        ay_buf_fini(&bytes);
        facts[i] = (ay_store_fact){list[i], found[i].taken_us, found[i].camera};
    }
    if (go) {
        snprintf(after, AY_SHA256_HEX, "%s", list[n - 1]);
        pthread_mutex_lock(&s->writing);
        go = ay_store_facts_put(s->store, facts, n, NULL) == AY_OK;
        if (go)
            tell_galleries(s, facts, n);
        pthread_mutex_unlock(&s->writing);
    }
    ay_arena_fini(&a);
    return go;
}

void ay_facts_fill(ay_service *s)
{
    char after[AY_SHA256_HEX] = "";

    while (!stopping(s) && fill_group(s, after))
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
}
