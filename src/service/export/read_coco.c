/* service/export/read_coco.c - COCO's JSON of any maker: a class for each image out of its annotations.
 *
 * Ids may have gaps and any order.  An image with annotations of several categories has, as asked, the category of its largest
 * annotation (by area, or by its box), the one with most annotations, or none; a note says how many that were.  What coco.c adds to images
 * (sha256, name, tags, albums, added_at) is read where it is there. */
#include "service/export/catalog.h"
#include "service/export/text.h"

#include "base/str.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t id;
    size_t at;
} id_at;

typedef struct {
    size_t image, category;
    double area;
} mark;

typedef struct {
    ay_catalog *c;
    ay_catalog_by by;
    const json_t *images, *categories;
    id_at *image, *category; /* in order of id */
    size_t nimages, ncategories;
    mark *marks; /* in order of image */
    size_t nmarks;
    size_t several, none;
} coco;

static bool id_of(const json_t *v, int64_t *out)
{
    long n;

    if (json_is_integer(v))
        *out = json_integer_value(v);
    else if (json_is_string(v) && ay_str_to_long(json_string_value(v), INT64_MIN, INT64_MAX, &n))
        *out = n;
    else
        return false;
    return true;
}

static int by_id(const void *x, const void *y)
{
    const id_at *a = x, *b = y;

    return (a->id > b->id) - (a->id < b->id);
}

static ay_status index_ids(coco *k, const json_t *list, const char *what, id_at **out, size_t *n, ay_err *err)
{
    k->c->unit = what;
    *out = ay_arena_alloc(&k->c->arena, (json_array_size(list) + 1) * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "reading %s", k->c->document);
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!id_of(json_object_get(json_array_get(list, i), "id"), &(*out)[*n].id)) {
            ay_catalog_problem(k->c, (long)i, "it has no 'id'");
            continue;
        }
        (*out)[(*n)++].at = i;
    }
    qsort(*out, *n, sizeof **out, by_id);
    for (size_t i = 1; i < *n; i++)
        if ((*out)[i].id == (*out)[i - 1].id)
            ay_catalog_problem(k->c, (long)(*out)[i].at, "its id %lld is also %s[%zu]'s", (long long)(*out)[i].id, what, (*out)[i - 1].at);
    return AY_OK;
}

static bool find(const id_at *list, size_t n, int64_t id, size_t *at)
{
    const id_at key = {.id = id}, *found = n ? bsearch(&key, list, n, sizeof *list, by_id) : NULL;

    *at = found ? found->at : 0;
    return found != NULL;
}

static double area_of(const json_t *annotation)
{
    const json_t *box = json_object_get(annotation, "bbox"), *area = json_object_get(annotation, "area");

    if (json_is_number(area))
        return json_number_value(area);
    return json_array_size(box) == 4 ? json_number_value(json_array_get(box, 2)) * json_number_value(json_array_get(box, 3)) : 0;
}

static int by_image(const void *x, const void *y)
{
    const mark *a = x, *b = y;

    if (a->image != b->image)
        return (a->image > b->image) - (a->image < b->image);
    return (a->category > b->category) - (a->category < b->category);
}

static ay_status read_marks(coco *k, const json_t *list, ay_err *err)
{
    k->c->unit = "annotations";
    k->marks = ay_arena_alloc(&k->c->arena, (json_array_size(list) + 1) * sizeof *k->marks);
    if (!k->marks)
        return ay_fail(err, AY_ENOMEM, "reading %s", k->c->document);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        mark *m = &k->marks[k->nmarks];
        int64_t image, category;
        if (!id_of(json_object_get(one, "image_id"), &image) || !id_of(json_object_get(one, "category_id"), &category))
            ay_catalog_problem(k->c, (long)i, "it has no 'image_id' or no 'category_id'");
        else if (!find(k->image, k->nimages, image, &m->image))
            ay_catalog_problem(k->c, (long)i, "there is no image %lld", (long long)image);
        else if (!find(k->category, k->ncategories, category, &m->category))
            ay_catalog_problem(k->c, (long)i, "there is no category %lld", (long long)category);
        else {
            m->area = area_of(one);
            k->nmarks++;
        }
    }
    qsort(k->marks, k->nmarks, sizeof *k->marks, by_image);
    return AY_OK;
}

/* The category of an image by its n marks, which are in order of category; SIZE_MAX: none. */
static size_t choose(coco *k, const mark *m, size_t n)
{
    size_t best = SIZE_MAX, most = 0, run = 0, kinds = 0;
    double largest = -1;

    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || m[i].category != m[i - 1].category;
        kinds += first;
        run = first ? 1 : run + 1;
        if (k->by == AY_BY_MOST ? run > most : m[i].area > largest) {
            best = m[i].category;
            most = run;
            largest = m[i].area;
        }
    }
    k->several += kinds > 1;
    k->none += kinds == 0;
    return k->by == AY_BY_NONE ? SIZE_MAX : best;
}

static const char *class_name(const coco *k, size_t category)
{
    return category == SIZE_MAX ? NULL : json_string_value(json_object_get(json_array_get(k->categories, category), "name"));
}

/* The rest of an image goes the way of a line of JSON. */
static ay_status add_image(coco *k, size_t at, const char *klass, ay_err *err)
{
    const json_t *from = json_array_get(k->images, at), *tags = json_object_get(from, "tags"), *albums = json_object_get(from, "albums");
    const char *added = json_string_value(json_object_get(from, "added_at")), *list[AY_CATALOG_LABELS];
    ay_catalog_album places[AY_CATALOG_LABELS];
    ay_catalog_record r = {.file = json_string_value(json_object_get(from, "file_name")), .sha256 = json_string_value(json_object_get(from, "sha256")),
                           .name = json_string_value(json_object_get(from, "name")), .klass = klass, .tags = list, .albums = places, .at = (long)at};

    if (added && !ay_export_read_time(added, &r.added_us))
        ay_catalog_problem(k->c, r.at, "'added_at' is no time: \"%.60s\"", added);
    for (size_t i = 0; i < json_array_size(tags) && i < AY_CATALOG_LABELS; i++)
        if ((list[r.ntags] = json_string_value(json_array_get(tags, i))))
            r.ntags++;
    for (size_t i = 0; i < json_array_size(albums) && i < AY_CATALOG_LABELS; i++) {
        const json_t *one = json_array_get(albums, i);
        places[r.nalbums] = (ay_catalog_album){json_string_value(json_object_get(one, "name")), json_integer_value(json_object_get(one, "position"))};
        r.nalbums += places[r.nalbums].name != NULL;
    }
    return ay_catalog_add(k->c, &r, err);
}

static ay_status add_images(coco *k, ay_err *err)
{
    ay_status status = AY_OK;

    k->c->unit = "images";
    for (size_t i = 0, m = 0; i < json_array_size(k->images) && status == AY_OK; i++) {
        size_t n = 0;
        while (m + n < k->nmarks && k->marks[m + n].image == i)
            n++;
        status = add_image(k, i, class_name(k, choose(k, k->marks + m, n)), err);
        m += n;
    }
    if (k->several && k->by != AY_BY_NONE)
        ay_catalog_note(k->c, "%zu pictures have annotations of several categories: their class is that %s", k->several,
                        k->by == AY_BY_MOST ? "of most of their annotations" : "of their largest annotation (--class-by most or none for another choice)");
    if (k->none)
        ay_catalog_note(k->c, "%zu pictures have no annotation, and so no class", k->none);
    return status;
}

ay_status ay_catalog_read_coco(ay_catalog *c, const char *text, size_t n, ay_catalog_by by, ay_err *err)
{
    json_error_t why;
    json_t *all = json_loadb(text, n, 0, &why);
    coco k = {.c = c, .by = by, .images = json_object_get(all, "images"), .categories = json_object_get(all, "categories")};
    ay_status status = AY_OK;

    c->format = "COCO";
    if (!all)
        status = ay_fail(err, AY_ECORRUPT, "%s line %d: %s", c->document, why.line, why.text);
    else if (!json_is_array(k.images))
        status = ay_fail(err, AY_EUNSUPPORTED, "%s is not COCO's JSON: it has no list 'images'", c->document);
    if (status == AY_OK)
        status = index_ids(&k, k.images, "images", &k.image, &k.nimages, err);
    if (status == AY_OK)
        status = index_ids(&k, k.categories, "categories", &k.category, &k.ncategories, err);
    if (status == AY_OK)
        status = read_marks(&k, json_object_get(all, "annotations"), err);
    if (status == AY_OK)
        status = add_images(&k, err);
    json_decref(all);
    return status;
}
