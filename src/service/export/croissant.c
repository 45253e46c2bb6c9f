/* service/export/croissant.c - Croissant 1.0, ML Commons' JSON-LD about a data set (docs.mlcommons.org/croissant/docs/croissant-spec.html).
 *
 * pictures.csv (service/export/csv.c) holds the rows, with each picture's SHA-256; croissant.json names that table (FileObject, with its
 * digest), the pictures (FileSet over images) and the records that join the two by the name of the file.  Both lie beside images/, and
 * addresses are relative to them.  The pictures are in one folder, and the last part of their names is unique: mlcroissant 1.1 joins by that
 * (a whole path it compares as an object with a text, and finds nothing).
 *
 * Rejected: a FileObject for each picture (croissant.json of 100,000 pictures would be 30 MB, which readers hold in memory as a tree). */
#include "service/export/format.h"

#include <stdio.h>
#include <string.h>

static const char context[] =
    "{\n\"@context\":{\"@language\":\"en\",\"@vocab\":\"https://schema.org/\",\"citeAs\":\"cr:citeAs\",\"column\":\"cr:column\",\"conformsTo\":\"dct:conformsTo\","
    "\"cr\":\"http://mlcommons.org/croissant/\",\"data\":{\"@id\":\"cr:data\",\"@type\":\"@json\"},"
    "\"dataType\":{\"@id\":\"cr:dataType\",\"@type\":\"@vocab\"},\"dct\":\"http://purl.org/dc/terms/\","
    "\"equivalentProperty\":\"cr:equivalentProperty\",\"examples\":{\"@id\":\"cr:examples\",\"@type\":\"@json\"},"
    "\"extract\":\"cr:extract\",\"field\":\"cr:field\",\"fileObject\":\"cr:fileObject\",\"fileProperty\":\"cr:fileProperty\",\"fileSet\":\"cr:fileSet\",\"format\":\"cr:format\","
    "\"includes\":\"cr:includes\",\"isLiveDataset\":\"cr:isLiveDataset\",\"jsonPath\":\"cr:jsonPath\",\"key\":\"cr:key\",\"md5\":\"cr:md5\",\"parentField\":\"cr:parentField\","
    "\"path\":\"cr:path\",\"rai\":\"http://mlcommons.org/croissant/RAI/\",\"recordSet\":\"cr:recordSet\",\"references\":\"cr:references\",\"regex\":\"cr:regex\",\"repeated\":\"cr:repeated\","
    "\"replace\":\"cr:replace\",\"samplingRate\":\"cr:samplingRate\",\"sc\":\"https://schema.org/\",\"separator\":\"cr:separator\","
    "\"source\":\"cr:source\",\"subField\":\"cr:subField\",\"transform\":\"cr:transform\"},\n";

static const struct {
    const char *column, *type, *what;
} columns[] = {
    {"sha256", "sc:Text", "SHA-256 of the picture's bytes"},
    {"class", "sc:Text", "its class; empty: in none"},
    {"name", "sc:Text", "the name that it came with"},
    {"tags", "sc:Text", "its tags, commas between them"},
    {"albums", "sc:Text", "its albums and its place in them, as JSON"},
    {"added_at", "sc:Text", "when it was added"},
    {"taken_at", "sc:Text", "when it was taken, by the camera's clock"},
    {"camera", "sc:Text", "the camera"},
    {"width", "sc:Integer", "pixels"},
    {"height", "sc:Integer", "pixels"},
    {"bytes", "sc:Integer", "of the file"},
    {"format", "sc:Text", "jpeg, png, ..."},
};

static void write_head(const ay_export_list *l, ay_export_text *out)
{
    char newest[48];

    ay_export_time(newest, sizeof newest, l->newest_us);
    ay_export_puts(out, context);
    ay_export_puts(out, "\"@type\":\"sc:Dataset\",\n\"conformsTo\":\"http://mlcommons.org/croissant/1.0\",\n\"name\":");
    ay_export_json(out, l->dataset);
    ay_export_puts(out, ",\n\"description\":\"Pictures with their classes, tags and albums, exported by Assay.\",\n");
    ay_export_printf(out, "\"version\":\"1.0.0\",\n\"datePublished\":\"%.10s\",\n", newest);
}

/* The types that are there: a text, or a list. */
static void write_types(const ay_export_list *l, ay_export_text *out)
{
    static const char *const types[] = {"jpeg", "png", "webp", "gif", "bmp", "tiff"};
    enum { TYPES = sizeof types / sizeof *types };
    bool there[TYPES] = {false};
    int n = 0;

    for (size_t i = 0; i < l->n; i++)
        for (int k = 0; k < TYPES; k++)
            if (!l->items[i].left_out && !there[k] && strcmp(l->items[i].format, types[k]) == 0)
                there[k] = true, n++;
    ay_export_puts(out, n > 1 ? "[" : "");
    for (int k = 0, told = 0; k < TYPES; k++)
        if (there[k])
            ay_export_printf(out, "%s\"image/%s\"", told++ ? "," : "", types[k]);
    ay_export_puts(out, n > 1 ? "]" : n == 0 ? "\"image/jpeg\"" : "");
}

static void write_files(const ay_export_list *l, int64_t bytes, const char *hex, ay_export_text *out)
{
    ay_export_printf(out,
                     "\"distribution\":[\n{\"@type\":\"cr:FileObject\",\"@id\":\"pictures.csv\",\"name\":\"pictures.csv\",\"contentUrl\":\"pictures.csv\","
                     "\"encodingFormat\":\"text/csv\",\"contentSize\":\"%lld B\",\"sha256\":\"%s\"},\n",
                     (long long)bytes, hex);
    ay_export_puts(out, "{\"@type\":\"cr:FileSet\",\"@id\":\"images\",\"name\":\"images\",\"description\":\"The pictures.\",\"includes\":\"images/*\",\"encodingFormat\":");
    write_types(l, out);
    ay_export_puts(out, "}\n],\n");
}

static void write_field(ay_export_text *out, const char *column, const char *type, const char *what)
{
    ay_export_printf(out,
                     ",\n{\"@type\":\"cr:Field\",\"@id\":\"pictures/%s\",\"name\":\"%s\",\"description\":\"%s\",\"dataType\":\"%s\","
                     "\"source\":{\"fileObject\":{\"@id\":\"pictures.csv\"},\"extract\":{\"column\":\"%s\"}}}",
                     column, column, what, type, column);
}

static ay_status write_croissant(const ay_export_list *l, ay_export_text *out, ay_err *err)
{
    char hex[AY_SHA256_HEX];
    ay_export_text table;
    ay_status status;

    ay_export_text_begin(&table, NULL, NULL);
    status = ay_export_write_csv(l, &table, err);
    if (ay_export_text_end(&table, hex, status ? NULL : err) && !status)
        status = table.status;
    if (status)
        return status;
    write_head(l, out);
    write_files(l, table.bytes, hex, out);
    ay_export_puts(out, "\"recordSet\":[\n{\"@type\":\"cr:RecordSet\",\"@id\":\"pictures\",\"name\":\"pictures\",\"description\":\"One record a picture.\","
                        "\"key\":{\"@id\":\"pictures/file\"},\"field\":[\n"
                        "{\"@type\":\"cr:Field\",\"@id\":\"pictures/file\",\"name\":\"file\",\"description\":\"Where the picture lies.\",\"dataType\":\"sc:Text\","
                        "\"source\":{\"fileObject\":{\"@id\":\"pictures.csv\"},\"extract\":{\"column\":\"file\"},\"transform\":{\"regex\":\"(?:images/)?(.+)\"}},"
                        "\"references\":{\"fileSet\":{\"@id\":\"images\"},\"extract\":{\"fileProperty\":\"filename\"}}},\n"
                        "{\"@type\":\"cr:Field\",\"@id\":\"pictures/image\",\"name\":\"image\",\"description\":\"The picture.\",\"dataType\":\"sc:ImageObject\","
                        "\"source\":{\"fileSet\":{\"@id\":\"images\"},\"extract\":{\"fileProperty\":\"content\"}}}");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        write_field(out, columns[i].column, columns[i].type, columns[i].what);
    ay_export_puts(out, "\n]}]\n}\n");
    return AY_OK;
}

const ay_export_format ay_export_croissant = {
    .name = "croissant", .what = "ML Commons' Croissant 1.0: a table, and JSON-LD that tells any program how to read it", .prefix = "images/",
    .flat = true, .alone = true, .documents = {{"pictures.csv", ay_export_write_csv}, {"croissant.json", write_croissant}},
};
