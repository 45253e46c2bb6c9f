/* service/export/jsonl.c - a picture a line, as JSON: all that is known of it.  Also what lies in a folder of classes as assay.jsonl.
 *
 *   {"file":"images/cats/a.jpg","sha256":"...","class":"cats","name":"a.jpg","tags":["blue"],"albums":[{"name":"Best","position":3}],
 *    "added_at":"...","taken_at":null,"camera":null,"width":640,"height":480,"bytes":70123,"format":"jpeg"}
 *
 * class null: in none; name: as the picture came. */
#include "service/export/format.h"

#include <stdio.h>

void ay_export_json_tags(ay_export_text *out, const ay_export_item *it)
{
    ay_export_puts(out, "[");
    for (int i = 0; i < it->ntags; i++) {
        ay_export_puts(out, i ? "," : "");
        ay_export_json(out, it->tags[i]);
    }
    ay_export_puts(out, "]");
}

void ay_export_json_albums(ay_export_text *out, const ay_export_list *l, const ay_export_item *it)
{
    ay_export_puts(out, "[");
    for (int i = 0; i < it->nalbums; i++) {
        ay_export_puts(out, i ? ",{\"name\":" : "{\"name\":");
        ay_export_json(out, l->albums[it->albums[i].album]);
        ay_export_printf(out, ",\"position\":%d}", it->albums[i].position);
    }
    ay_export_puts(out, "]");
}

void ay_export_json_known(ay_export_text *out, const ay_export_list *l, const ay_export_item *it)
{
    ay_export_puts(out, "\"name\":");
    ay_export_json(out, it->file);
    ay_export_puts(out, ",\"tags\":");
    ay_export_json_tags(out, it);
    ay_export_puts(out, ",\"albums\":");
    ay_export_json_albums(out, l, it);
    ay_export_puts(out, ",\"added_at\":");
    ay_export_json_time(out, it->added_us);
}

static void write_line(const ay_export_list *l, const ay_export_item *it, const char *prefix, ay_export_text *out)
{
    char path[1024];

    snprintf(path, sizeof path, "%s%s", prefix, it->path);
    ay_export_puts(out, "{\"file\":");
    ay_export_json(out, path);
    ay_export_printf(out, ",\"sha256\":\"%s\",\"class\":", it->sha256);
    if (it->klass < 0)
        ay_export_puts(out, "null");
    else
        ay_export_json(out, l->classes[it->klass]);
    ay_export_puts(out, ",");
    ay_export_json_known(out, l, it);
    ay_export_puts(out, ",\"taken_at\":");
    ay_export_json_time(out, it->taken_us);
    ay_export_puts(out, ",\"camera\":");
    if (*it->camera)
        ay_export_json(out, it->camera);
    else
        ay_export_puts(out, "null");
    ay_export_printf(out, ",\"width\":%d,\"height\":%d,\"bytes\":%lld,\"format\":\"%s\"}\n", it->width, it->height, (long long)it->bytes, it->format);
}

ay_status ay_export_write_jsonl(const ay_export_list *l, const char *prefix, ay_export_text *out)
{
    for (size_t i = 0; i < l->n && !out->status; i++)
        if (!l->items[i].left_out)
            write_line(l, &l->items[i], prefix, out);
    return AY_OK;
}

static ay_status write_jsonl(const ay_export_list *l, ay_export_text *out, ay_err *err)
{
    (void)err;
    return ay_export_write_jsonl(l, ay_export_jsonl.prefix, out);
}

const ay_export_format ay_export_jsonl = {
    .name = "jsonl", .what = "JSON Lines: a picture a line, with all that is known of it", .prefix = "images/",
    .mime = "application/jsonl", .ending = "jsonl", .alone = true, .documents = {{"pictures.jsonl", write_jsonl}},
};
