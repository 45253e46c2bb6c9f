/* service/export/csv.c - a table: RFC 4180, UTF-8, a header, lines end in CR LF.
 *
 *   file,sha256,class,name,tags,albums,added_at,taken_at,camera,width,height,bytes,format
 *
 * tags: names with commas between (no tag has one); albums: JSON, as in jsonl.c, "" for none.  A cell that begins with = + - @ ' a tab or a
 * line break gets a ' in front, so that no spreadsheet takes it for a formula; assay import takes it away again. */
#include "service/export/format.h"

#include <stdio.h>
#include <string.h>

/* One cell; quoted where it must be. */
static void cell(ay_export_text *out, const char *s, const char *end)
{
    bool quote = s[strcspn(s, "\",\r\n")] != '\0' || *s == ' ' || (*s && s[strlen(s) - 1] == ' ');
    char piece[2] = "";

    ay_export_puts(out, quote ? "\"" : "");
    ay_export_puts(out, *s && strchr("=+-@'\t\r\n", *s) ? "'" : "");
    for (; quote && *s; s++) {
        piece[0] = *s;
        ay_export_puts(out, *s == '"' ? "\"\"" : piece);
    }
    ay_export_puts(out, quote ? "\"" : s);
    ay_export_puts(out, end);
}

static ay_status collect(void *buf, const void *bytes, size_t n, ay_err *err)
{
    ay_buf_add(buf, bytes, n);
    return ((ay_buf *)buf)->failed ? ay_fail(err, AY_ENOMEM, "writing a table") : AY_OK;
}

/* The albums' text in scratch. */
static ay_status albums_cell(const ay_export_list *l, const ay_export_item *it, ay_buf *scratch, ay_export_text *out, ay_err *err)
{
    ay_export_text t;
    ay_status status = AY_OK;

    scratch->len = 0;
    if (it->nalbums > 0) {
        ay_export_text_begin(&t, collect, scratch);
        ay_export_json_albums(&t, l, it);
        status = ay_export_text_end(&t, NULL, err);
    }
    if (status == AY_OK)
        cell(out, scratch->len ? scratch->data : "", ",");
    return status;
}

static ay_status tags_cell(const ay_export_item *it, ay_buf *scratch, ay_export_text *out, ay_err *err)
{
    scratch->len = 0;
    for (int i = 0; i < it->ntags; i++)
        ay_buf_printf(scratch, "%s%s", i ? "," : "", it->tags[i]);
    if (scratch->failed)
        return ay_fail(err, AY_ENOMEM, "writing a table");
    cell(out, scratch->len ? scratch->data : "", ",");
    return AY_OK;
}

static ay_status write_row(const ay_export_list *l, const ay_export_item *it, ay_buf *scratch, ay_export_text *out, ay_err *err)
{
    char text[1024];
    ay_status status;

    snprintf(text, sizeof text, "images/%s", it->path);
    cell(out, text, ",");
    cell(out, it->sha256, ",");
    cell(out, it->klass < 0 ? "" : l->classes[it->klass], ",");
    cell(out, it->file, ",");
    status = tags_cell(it, scratch, out, err);
    if (status == AY_OK)
        status = albums_cell(l, it, scratch, out, err);
    ay_export_time(text, sizeof text, it->added_us);
    cell(out, text, ",");
    ay_export_time(text, sizeof text, it->taken_us);
    cell(out, it->taken_us ? text : "", ",");
    cell(out, it->camera, ",");
    ay_export_printf(out, "%d,%d,%lld,%s\r\n", it->width, it->height, (long long)it->bytes, it->format);
    return status;
}

ay_status ay_export_write_csv(const ay_export_list *l, ay_export_text *out, ay_err *err)
{
    ay_buf scratch = {0};
    ay_status status = AY_OK;

    ay_export_puts(out, "file,sha256,class,name,tags,albums,added_at,taken_at,camera,width,height,bytes,format\r\n");
    for (size_t i = 0; i < l->n && !status && !out->status; i++)
        if (!l->items[i].left_out)
            status = write_row(l, &l->items[i], &scratch, out, err);
    ay_buf_fini(&scratch);
    return status;
}

const ay_export_format ay_export_csv = {
    .name = "csv", .what = "a table for spreadsheets and pandas: a picture a row", .prefix = "images/",
    .mime = "text/csv", .ending = "csv", .alone = true, .documents = {{"pictures.csv", ay_export_write_csv}},
};
