/* service/library/audit.c - the history as sentences: the part of service/library/tags.h about who did what.
 *
 * The store keeps a code and fields; a page says them in its reader's language, and `text` in English for everybody else.  Rows of older
 * versions have a plain text instead of fields: it becomes {"detail": ...}. */
#include "service/library/tags.h"

#include "base/json.h"
#include "base/str.h"
#include "service/internal.h"

#include <string.h>

/* Codes of which the sentence is known; %s: the subject. */
static const struct {
    const char *code, *text;
} sentences[] = {
    {"picture.add", "a picture was added"},
    {"picture.move", "a picture was moved to another class"},
    {"picture.delete", "a picture was deleted"},
    {"class.create", "class \"%s\" was made"},
    {"class.rename", "a class was renamed to \"%s\""},
    {"class.delete", "class \"%s\" was deleted"},
    {"dataset.create", "data set \"%s\" was made"},
    {"dataset.rename", "a data set was renamed to \"%s\""},
    {"dataset.delete", "data set \"%s\" was deleted"},
    {"tag.create", "tag \"%s\" was made"},
    {"tag.rename", "tag \"%s\" was renamed"},
    {"tag.delete", "tag \"%s\" was deleted"},
    {"album.create", "album \"%s\" was made"},
    {"album.rename", "album \"%s\" was renamed"},
    {"album.order", "album \"%s\" was sorted"},
    {"album.delete", "album \"%s\" was deleted"},
    {"saved.create", "search \"%s\" was saved"},
    {"saved.rename", "saved search \"%s\" was renamed"},
    {"saved.change", "saved search \"%s\" was changed"},
    {"saved.delete", "saved search \"%s\" was deleted"},
    {"setting", "setting \"%s\" was changed"},
    {"tag.merge", "tag \"%s\" became part of another"},
    {"pictures.change", "tags, class or album of pictures were changed"},
    {"pictures.delete", "pictures were deleted"},
    {"pictures.teach", "pictures were taught"},
};

static void put_list(ay_buf *b, const char *before, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        ay_buf_printf(b, "%s\"%s\"", i ? ", " : before, json_string_value(json_array_get(list, i)));
}

static void put_one(ay_buf *b, const char *format, const json_t *v)
{
    if (!json_is_string(v))
        return;
    ay_buf_puts(b, format);
    ay_buf_printf(b, " \"%s\"", json_string_value(v));
}

/* "12 pictures: tagged "blue"; moved to class "HD"". */
static void tell_change(ay_buf *b, const ay_store_told *t, const json_t *o)
{
    ay_buf_printf(b, "%lld picture%s:", (long long)t->pictures, t->pictures == 1 ? "" : "s");
    put_list(b, " tagged ", json_object_get(o, "add"));
    put_list(b, " without the tag ", json_object_get(o, "remove"));
    put_one(b, " put into the album", json_object_get(o, "album"));
    put_one(b, " taken out of the album", json_object_get(o, "album_removed"));
    put_one(b, json_is_string(json_object_get(o, "from")) ? " taught to class" : " moved to class", json_object_get(o, "class"));
    if (json_is_string(json_object_get(o, "from")))
        put_one(b, " of data set", json_object_get(o, "dataset"));
    if (json_is_true(json_object_get(o, "deleted")))
        ay_buf_puts(b, " deleted");
}

static void tell_code(ay_buf *b, const char *code, const char *subject)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const char *at = strstr(sentences[i].text, "%s");
        if (strcmp(sentences[i].code, code) != 0)
            continue;
        ay_buf_add(b, sentences[i].text, at ? (size_t)(at - sentences[i].text) : strlen(sentences[i].text));
        if (at)
            ay_buf_printf(b, "%s%s", subject, at + 2);
        return;
    }
    ay_buf_printf(b, "%s %s", code, subject);
}

/* "taken back: tag "blue" was deleted". */
static void tell_undo(ay_buf *b, const ay_store_told *t, const json_t *o)
{
    const char *of = json_string_value(json_object_get(o, "of"));

    ay_buf_puts(b, of && *of ? "taken back: " : "a change was taken back");
    if (of && *of)
        tell_code(b, of, t->subject);
    if (t->pictures)
        ay_buf_printf(b, " (%lld picture%s)", (long long)t->pictures, t->pictures == 1 ? "" : "s");
}

static void tell(ay_buf *b, const ay_store_told *t, const json_t *o)
{
    if (strcmp(t->code, "undo") == 0) {
        tell_undo(b, t, o);
        return;
    }
    if (ay_str_starts(t->code, "pictures.")) {
        tell_change(b, t, o);
        return;
    }
    tell_code(b, t->code, t->subject);
    put_one(b, " to", json_object_get(o, "to"));
}

/* The fields of a row: its JSON, or its text as one field; a deletion's text is the token that takes it back. */
static json_t *fields_of(const ay_store_told *t)
{
    json_t *o = *t->detail == '{' ? json_loads(t->detail, 0, NULL) : NULL;

    if (json_is_object(o))
        return o;
    json_decref(o);
    o = json_object();
    if (*t->detail && strlen(t->code) > 7 && strcmp(t->code + strlen(t->code) - 7, ".delete") == 0)
        json_object_set_new(o, "undo", json_string(t->detail));
    else if (*t->detail)
        json_object_set_new(o, "detail", json_string(t->detail));
    return o;
}

static bool describe(const ay_store_told *t, ay_arena *a, ay_told *out)
{
    json_t *o = fields_of(t);
    ay_buf text = {0}, fields = {0};

    *out = (ay_told){.id = t->id, .who = t->who, .code = t->code, .subject = t->subject, .pictures = t->pictures};
    ay_clock_rfc3339(out->at, t->at_us);
    tell(&text, t, o);
    if (ay_json_dump(o, JSON_COMPACT, &fields) && !text.failed) {
        out->text = ay_arena_strdup(a, text.data ? text.data : "");
        out->fields = ay_arena_strdup(a, fields.data);
    }
    ay_buf_fini(&text);
    ay_buf_fini(&fields);
    json_decref(o);
    return out->text && out->fields;
}

ay_status ay_told_list(ay_service *s, const char *sha256, const char *cursor, int limit, ay_arena *a, ay_told **out, size_t *n,
                       const char **next, ay_err *err)
{
    ay_store_told *list;
    long before = 0;
    size_t count;
    ay_status status;

    *n = 0;
    *next = NULL;
    if (cursor && *cursor && !ay_str_to_long(cursor, 1, INT64_MAX, &before))
        return ay_fail(err, AY_EINVAL, "not a cursor of this list");
    if (sha256 && !ay_sha256_valid(sha256))
        return ay_fail(err, AY_EINVAL, "'sha256' must be 64 lower-case hex digits");
    status = ay_store_told_list(s->store, sha256, before, limit + 1, a, &list, &count, err);
    if (status != AY_OK)
        return status;
    if (count > (size_t)limit) {
        count = (size_t)limit;
        *next = ay_arena_printf(a, "%lld", (long long)list[count - 1].id);
    }
    *out = ay_arena_alloc(a, (count + 1) * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "reading the history");
    for (; *n < count; (*n)++)
        if (!describe(&list[*n], a, &(*out)[*n]))
            return ay_fail(err, AY_ENOMEM, "reading the history");
    return AY_OK;
}
