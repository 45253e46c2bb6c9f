/* service/library/duplicates_held.c - pairs that are the same picture, and of which a person said that they are different. */
#include "base/mem.h"
#include "service/library/duplicates_find.h"

#include <math.h>
#include <string.h>

ay_status ay_dups_hold(ay_dups_found *f, const ay_dup_held *one, ay_err *err)
{
    for (size_t i = 0; i < f->nheld; i++)
        if (f->held[i].row == one->row && f->held[i].place.centre == one->place.centre) {
            f->held[i] = *one;
            return AY_OK;
        }
    if (f->nheld == f->cheld) {
        size_t cap = f->cheld ? 2 * f->cheld : 64;
        ay_dup_held *more = ay_realloc(f->held, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "comparing pictures");
        f->held = more;
        f->cheld = cap;
    }
    f->held[f->nheld++] = *one;
    return AY_OK;
}

/* ---- taking up */

/* A new centre whose pixels are known; one that has a group already stays as it is. */
static void make_centre(ay_dup_place *place, uint32_t row, const char *pixels)
{
    if (place[row].centre != AY_DUP_NONE)
        return;
    place[row] = (ay_dup_place){.centre = row, .orientation = 1};
    memcpy(place[row].pixels, pixels, sizeof place[row].pixels);
}

/* Who lies around the row of h lies around another centre from now on, as that row does. */
static void carry(size_t n, const ay_dup_held *h, ay_dup_place *place)
{
    const ay_dup_place beside = place[h->place.centre];
    int turn = ay_orientation_then(h->place.orientation, beside.orientation);

    for (size_t i = 0; i < n; i++) {
        ay_dup_place *p = &place[i];
        if (p->centre != h->row || i == h->row)
            continue;
        p->centre = beside.centre;
        p->orientation = (uint8_t)ay_orientation_then(p->orientation, turn);
        p->cropped = p->cropped || h->place.cropped || beside.cropped;
        p->difference = fmaxf(p->difference, h->place.difference);
    }
    place[h->row] = h->place;
    place[h->row].centre = beside.centre;
    place[h->row].orientation = (uint8_t)turn;
}

void ay_dups_unite(size_t n, const ay_dups_found *f, bool (*apart)(void *ctx, size_t a, size_t b), void *ctx, ay_dup_place *place)
{
    for (size_t i = 0; i < f->nheld; i++) {
        const ay_dup_held *h = &f->held[i];
        uint32_t centre = h->place.centre, own = place[h->row].centre;
        if ((apart && apart(ctx, centre, h->row)) || (own != AY_DUP_NONE && own != h->row) || place[centre].centre == h->row)
            continue; /* still; or it has found another group since; or the other one came to it */
        make_centre(place, centre, h->pixels);
        carry(n, h, place);
    }
}
