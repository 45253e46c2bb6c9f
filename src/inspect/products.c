#include "inspect/products.h"
#include "inspect/prepare.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 512 << 20, COLUMNS = 64 };
enum { AT_TIME, AT_FILE, AT_PRODUCT, KNOWN };

typedef struct {
    const char *file, *product, *timestamp; /* in the text */
} row;

struct ay_products {
    ay_buf text;
    row *rows; /* by file */
    size_t n, cap;
    const char *reason[AY_LINE_BATCH];
};

/* One field of the line at *at, which is cut out in place; false: a quote is never closed.  *last: the line ends with it. */
static bool take_field(char **at, char **field, bool *last)
{
    char *p = *at, *to = p;
    bool quoted = *p == '"';

    *field = p;
    for (p += quoted; *p && (quoted || (*p != ',' && *p != '\n')); p++) {
        if (quoted && *p == '"' && p[1] != '"') {
            quoted = false;
            continue;
        }
        p += quoted && *p == '"';
        *to++ = *p;
    }
    *last = *p != ',';
    *at = p + (*p != '\0');
    if (to > *field && to[-1] == '\r' && *last)
        to--;
    *to = '\0';
    return !quoted;
}

/* A line's fields, to most of them; how many there are, -1: a quote. */
static int take_line(char **at, char **field, int most)
{
    int n = 0;
    char *rest;

    for (bool last = false; !last; n++)
        if (!take_field(at, n < most ? &field[n] : &rest, &last))
            return -1;
    return n;
}

static ay_status read_head(char **at, const char *path, int column[KNOWN], ay_err *err)
{
    static const char *const names[KNOWN] = {"timestamp", "file", "product"};
    char *field[COLUMNS];
    int n;

    if (strncmp(*at, "\xef\xbb\xbf", 3) == 0)
        *at += 3;
    n = take_line(at, field, COLUMNS);
    for (int k = 0; k < KNOWN; k++) {
        column[k] = -1;
        for (int i = 0; i < n && i < COLUMNS; i++)
            if (strcmp(field[i], names[k]) == 0)
                column[k] = i;
    }
    return column[AT_FILE] >= 0 && column[AT_PRODUCT] >= 0
               ? AY_OK
               : ay_fail(err, AY_EINVAL, "%.300s: line 1 must name the columns, timestamp,file,product", path);
}

static ay_status add(ay_products *p, const row *r, ay_err *err)
{
    if (p->n == p->cap) {
        row *more = ay_calloc(p->cap ? 2 * p->cap : 1024, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "reading products");
        if (p->n)
            memcpy(more, p->rows, p->n * sizeof *more);
        ay_free(p->rows);
        p->rows = more;
        p->cap = p->cap ? 2 * p->cap : 1024;
    }
    p->rows[p->n++] = *r;
    return AY_OK;
}

static ay_status read_rows(ay_products *p, char *at, const char *path, const int column[KNOWN], ay_err *err)
{
    char *field[COLUMNS];
    ay_status status = AY_OK;

    for (long line = 2; *at && status == AY_OK; line++) {
        int n = take_line(&at, field, COLUMNS), need = column[AT_FILE] > column[AT_PRODUCT] ? column[AT_FILE] : column[AT_PRODUCT];
        row r = {0};
        if (n == 1 && !*field[0])
            continue;
        if (n <= need || n > COLUMNS)
            return ay_fail(err, AY_EINVAL, "%.300s: line %ld: %s", path, line,
                           n < 0 ? "a quote is never closed" : n > COLUMNS ? "more than 64 fields" : "fewer fields than the first line names");
        r = (row){field[column[AT_FILE]], field[column[AT_PRODUCT]], ""};
        if (column[AT_TIME] >= 0 && column[AT_TIME] < n)
            r.timestamp = field[column[AT_TIME]];
        if (!*r.file)
            return ay_fail(err, AY_EINVAL, "%.300s: line %ld has no file", path, line);
        status = add(p, &r, err);
    }
    return status;
}

static int by_file(const void *a, const void *b)
{
    const row *x = a, *y = b;

    return strcmp(x->file, y->file);
}

ay_status ay_products_open(ay_products **out, const char *path, ay_err *err)
{
    ay_products *p = ay_calloc(1, sizeof *p);
    ay_status status = p ? ay_file_read(path, MOST, &p->text, err) : ay_fail(err, AY_ENOMEM, "reading products");
    int column[KNOWN];
    char *at;

    *out = NULL;
    if (status == AY_OK)
        ay_buf_putc(&p->text, '\0');
    if (status == AY_OK && p->text.failed)
        status = ay_fail(err, AY_ENOMEM, "reading products");
    at = status == AY_OK ? p->text.data : NULL;
    if (status == AY_OK && strlen(at) + 1 != p->text.len)
        status = ay_fail(err, AY_EINVAL, "%.300s is no CSV file: it has a zero byte", path);
    if (status == AY_OK)
        status = read_head(&at, path, column, err);
    if (status == AY_OK)
        status = read_rows(p, at, path, column, err);
    if (status != AY_OK) {
        ay_products_close(p);
        return status;
    }
    if (p->n)
        qsort(p->rows, p->n, sizeof *p->rows, by_file);
    *out = p;
    return AY_OK;
}

void ay_products_close(ay_products *p)
{
    if (!p)
        return;
    ay_buf_fini(&p->text);
    ay_free(p->rows);
    ay_free(p);
}

static const char *find_one(const ay_products *p, const ay_line_name *name, const char **reason)
{
    row key = {.file = name->file};
    const row *r = p->n ? bsearch(&key, p->rows, p->n, sizeof key, by_file) : NULL;
    const char *time = name->part[AY_LINE_TIMESTAMP], *product = NULL;

    *reason = "no row in the file of products";
    while (r && r > p->rows && strcmp(r[-1].file, name->file) == 0)
        r--;
    for (; r && r < p->rows + p->n && strcmp(r->file, name->file) == 0; r++) {
        if (*r->timestamp && *time && strcmp(r->timestamp, time) != 0) {
            *reason = product ? *reason : "its row in the file of products has another timestamp";
        } else if (product && strcmp(product, r->product) != 0) {
            *reason = "several products in the file of products";
            return NULL;
        } else if (*r->product) {
            product = r->product;
        } else if (!product) {
            *reason = "its row in the file of products names no product";
        }
    }
    return product;
}

ay_status ay_products_find(void *products, const ay_line_name *names, size_t n, const char **out, ay_err *err)
{
    ay_products *p = products;

    (void)err;
    for (size_t i = 0; i < n && i < AY_LINE_BATCH; i++) {
        out[i] = find_one(p, &names[i], &p->reason[i]);
        if (out[i])
            p->reason[i] = NULL;
    }
    return AY_OK;
}

const char *ay_products_reason(void *products, size_t i)
{
    const ay_products *p = products;

    return i < AY_LINE_BATCH ? p->reason[i] : NULL;
}
