/* service/export/coco.c - COCO's JSON: info, images, annotations, categories.
 *
 * A picture of Assay has one class and no box, so each has one annotation whose box is the whole picture (area, bbox, a segmentation of one
 * polygon: what pycocotools asks for); a picture in no class has none.  Ids count from 1 in order.  What COCO has no place for stands in
 * the image's own fields (sha256, name, tags, albums, added_at), which its readers pass over. */
#include "service/export/format.h"

#include <stdio.h>

static void write_info(const ay_export_list *l, ay_export_text *out)
{
    char newest[48];

    ay_export_time(newest, sizeof newest, l->newest_us);
    ay_export_puts(out, "{\"info\":{\"description\":");
    ay_export_json(out, l->dataset);
    ay_export_printf(out, ",\"version\":\"1.0\",\"year\":%.4s,\"contributor\":\"\",\"url\":\"\",\"date_created\":\"%s\"},\"licenses\":[],\n\"images\":[", newest,
                     newest);
}

static void write_image(const ay_export_list *l, const ay_export_item *it, int64_t id, ay_export_text *out)
{
    char path[1024];

    snprintf(path, sizeof path, "%s%s", ay_export_coco.prefix, it->path);
    ay_export_printf(out, "%s{\"id\":%lld,\"file_name\":", id > 1 ? ",\n" : "\n", (long long)id);
    ay_export_json(out, path);
    ay_export_printf(out, ",\"width\":%d,\"height\":%d,\"date_captured\":", it->width, it->height);
    if (it->taken_us)
        ay_export_json_time(out, it->taken_us);
    else
        ay_export_puts(out, "\"\"");
    ay_export_printf(out, ",\"sha256\":\"%s\",", it->sha256);
    ay_export_json_known(out, l, it);
    ay_export_puts(out, "}");
}

static void write_annotation(const ay_export_item *it, int64_t id, int64_t image, ay_export_text *out)
{
    ay_export_printf(out,
                     "%s{\"id\":%lld,\"image_id\":%lld,\"category_id\":%d,\"bbox\":[0,0,%d,%d],\"area\":%lld,\"iscrowd\":0,"
                     "\"segmentation\":[[0,0,%d,0,%d,%d,0,%d]]}",
                     id > 1 ? ",\n" : "\n", (long long)id, (long long)image, it->klass + 1, it->width, it->height,
                     (long long)it->width * it->height, it->width, it->width, it->height, it->height);
}

static ay_status write_coco(const ay_export_list *l, ay_export_text *out, ay_err *err)
{
    int64_t image = 0, annotation = 0;

    (void)err;
    write_info(l, out);
    for (size_t i = 0; i < l->n && !out->status; i++)
        if (!l->items[i].left_out)
            write_image(l, &l->items[i], ++image, out);
    ay_export_puts(out, "],\n\"annotations\":[");
    image = 0;
    for (size_t i = 0; i < l->n && !out->status; i++) {
        image += !l->items[i].left_out;
        if (!l->items[i].left_out && l->items[i].klass >= 0)
            write_annotation(&l->items[i], ++annotation, image, out);
    }
    ay_export_puts(out, "],\n\"categories\":[");
    for (int i = 0; i < l->nclasses; i++) {
        ay_export_printf(out, "%s{\"id\":%d,\"name\":", i ? ",\n" : "\n", i + 1);
        ay_export_json(out, l->classes[i]);
        ay_export_puts(out, ",\"supercategory\":\"\"}");
    }
    ay_export_puts(out, "]}\n");
    return AY_OK;
}

const ay_export_format ay_export_coco = {
    .name = "coco", .what = "COCO's JSON: each picture with one box, which is all of it", .prefix = "images/",
    .mime = "application/json", .ending = "json", .alone = true, .documents = {{"coco.json", write_coco}},
};
