/* service/export/folder.c - ImageFolder: one folder a class, as torchvision, Keras and fastai read it.
 *
 * assay.jsonl beside the classes says what folders cannot: names as they came, tags, albums, times (service/export/jsonl.c). */
#include "service/export/format.h"

static ay_status write_manifest(const ay_export_list *l, ay_export_text *out, ay_err *err)
{
    (void)err;
    return ay_export_write_jsonl(l, "", out);
}

const ay_export_format ay_export_folder = {
    .name = "folder", .what = "ImageFolder: one folder a class, and assay.jsonl with what folders cannot say", .prefix = "",
    .documents = {{"assay.jsonl", write_manifest}},
};
