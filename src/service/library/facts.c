#include "service/library/facts.h"
#include "service/internal.h"

#include "image/exif.h"
#include "store/facts.h"

#include <stdio.h>
#include <string.h>

enum { GROUP = 16 };

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

static void read_group(ay_service *s, const char *const *list, size_t n, ay_store_fact *facts, ay_exif_facts *found)
{
    for (size_t i = 0; i < n; i++) {
        ay_buf bytes = {0};
        found[i] = (ay_exif_facts){0};
        if (ay_blobs_get(s->blobs, list[i], false, &bytes, NULL) == AY_OK)
            ay_exif_read(bytes.data, bytes.len, &found[i]);
        ay_buf_fini(&bytes);
        facts[i] = (ay_store_fact){list[i], found[i].taken_us, found[i].camera};
    }
}

ay_facts_left ay_facts_step(ay_service *s, char after[AY_SHA256_HEX])
{
    ay_exif_facts found[GROUP];
    ay_store_fact facts[GROUP];
    const char **list = NULL;
    ay_facts_left left = AY_FACTS_AWAY;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    if (ay_store_facts_missing(s->store, after, GROUP, &a, &list, &n, NULL) == AY_OK)
        left = n > 0 ? AY_FACTS_MORE : AY_FACTS_DONE;
    if (left == AY_FACTS_MORE) {
        read_group(s, list, n, facts, found);
        pthread_mutex_lock(&s->writing);
        if (ay_store_facts_put(s->store, facts, n, NULL) == AY_OK)
            tell_galleries(s, facts, n);
        else
            left = AY_FACTS_AWAY;
        pthread_mutex_unlock(&s->writing);
    }
    if (left == AY_FACTS_MORE)
        snprintf(after, AY_SHA256_HEX, "%s", list[n - 1]);
    ay_arena_fini(&a);
    return left;
}

static bool asks(const ay_picture_filter *f)
{
    bool yes = f->ordered && f->order == AY_ORDER_TAKEN;

    for (int i = 0; i < f->n; i++)
        yes |= f->list[i].field == AY_FILTER_CAMERA || f->list[i].field == AY_FILTER_TAKEN_SINCE ||
               f->list[i].field == AY_FILTER_TAKEN_UNTIL;
    return yes;
}

void ay_facts_need(ay_service *s, const ay_picture_filter *f)
{
    char after[AY_SHA256_HEX] = "";

    if (s->reading_only || !asks(f))
        return;
    while (ay_facts_step(s, after) == AY_FACTS_MORE)
        ;
}
