/* service/export/read_croissant.c - Croissant's JSON-LD: which table to read.
 *
 * Of a distribution the first table (CSV or JSON Lines) that lies beside the document is read; which of its columns is what, is told by
 * their names (read_csv.c).  Tables elsewhere, in archives or as Parquet are not fetched. */
#include "service/export/catalog.h"

#include "base/str.h"
#include "pack/pack.h"

#include <jansson.h>
#include <string.h>

static bool is_table(const json_t *file, const char *address)
{
    const char *type = json_string_value(json_object_get(file, "encodingFormat"));

    return (type && (strcmp(type, "text/csv") == 0 || strcmp(type, "application/jsonl") == 0 || strcmp(type, "application/jsonlines") == 0)) ||
           ay_str_ends_nocase(address, ".csv") || ay_str_ends_nocase(address, ".jsonl");
}

ay_status ay_catalog_read_croissant(const char *text, size_t n, ay_arena *a, const char **table, const char **sha256, ay_err *err)
{
    json_t *all = json_loadb(text, n, 0, NULL);
    const json_t *files = json_object_get(all, "distribution");
    ay_status status = AY_OK;

    *table = *sha256 = NULL;
    for (size_t i = 0; i < json_array_size(files) && !*table; i++) {
        const json_t *file = json_array_get(files, i);
        const char *address = json_string_value(json_object_get(file, "contentUrl")), *hex = json_string_value(json_object_get(file, "sha256"));
        if (!address || json_object_get(file, "containedIn") || !ay_pack_name_good(address) || strstr(address, "://") || !is_table(file, address))
            continue;
        *table = ay_arena_strdup(a, address);
        *sha256 = ay_arena_strdup(a, hex ? hex : "");
        if (!*table || !*sha256)
            status = ay_fail(err, AY_ENOMEM, "reading croissant.json");
    }
    if (status == AY_OK && !*table)
        status = ay_fail(err, all ? AY_EUNSUPPORTED : AY_ECORRUPT, all ? "it names no table (CSV, JSON Lines) that lies beside it: download what it names, and import the table"
                                                                       : "it is no JSON");
    json_decref(all);
    return status;
}
