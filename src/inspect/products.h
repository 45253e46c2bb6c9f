/* inspect/products.h - which product a picture shows, from a CSV file: for a line without a plant's database, or away from it.
 *
 *   timestamp,file,product
 *   20260314093015,20260314093015_B0042@U6_04_12_top.jpg,HX26
 *
 * The first line names the columns, in any order; file and product must be there, others than the three are passed over.  Fields may
 * stand in double quotes.  Two rows that give one file two products are no answer, as with the database; so is a row whose timestamp
 * is not that of the file's name, because then it is about another picture.  The whole file is read at opening, so that a fault in
 * its last line is told before an hour of work.
 *
 * Threads: one at a time. */
#ifndef AY_INSPECT_PRODUCTS_H
#define AY_INSPECT_PRODUCTS_H

#include "inspect/names.h"

typedef struct ay_products ay_products;

/* AY_ENOTFOUND, AY_EIO; AY_EINVAL names the file, the line and what is wrong; AY_ELIMIT: above 512 MiB. */
ay_status ay_products_open(ay_products **out, const char *path, ay_err *err);
void ay_products_close(ay_products *p); /* NULL is fine */
/* For ay_flow.product and product_reason, with the products as ctx. */
ay_status ay_products_find(void *products, const ay_line_name *names, size_t n, const char **out, ay_err *err);
const char *ay_products_reason(void *products, size_t i);

#endif
