/* service/gallery_file_parts.h - the layout of service/gallery_file.h.  For src/service/gallery_file*.c only.
 *
 * Little-endian, as the machines are that this runs on; a file is not carried between machines. */
#ifndef AY_SERVICE_GALLERY_FILE_PARTS_H
#define AY_SERVICE_GALLERY_FILE_PARTS_H

#include "service/gallery_file.h"

#define GF_LETTERS "AYGALERY"
enum { GF_LAYOUT = 1, GF_PAGE = 4096, GF_BLOCK = 256 << 10 };

/* Parts in the order in which they are written: vectors first, because the sums of rows come of them. */
enum { GF_VECTORS, GF_CLASSES, GF_RECORDS, GF_TEXTS, GF_SCALES, GF_CODES, GF_ROWSUMS, GF_SUMS, GF_PARTS };

typedef struct {
    char letters[8];
    uint32_t layout, dim;
    int64_t stamp, dataset, last;
    uint64_t n, nready, nclasses, stride; /* stride of codes; 0: the file has none */
    uint64_t at[GF_PARTS], size[GF_PARTS], bytes; /* of the whole file */
    char model[64], preprocess[64];
    uint32_t record; /* bytes of one, sizeof(gf_record) */
    uint32_t sums;   /* of part GF_SUMS */
    uint32_t zero;
    uint32_t sum;    /* of all before it */
} gf_head;

typedef struct {
    int64_t member, added_us, bytes, taken_us;
    uint64_t phash, text; /* where its texts begin: file, format, camera, without ends */
    uint32_t klass;       /* its number in part GF_CLASSES */
    uint32_t width, height;
    uint16_t file, format, camera, zero; /* bytes */
    uint32_t zeros;
    char sha256[64];
} gf_record;

_Static_assert(sizeof(gf_record) == 136, "a record has no holes");
_Static_assert(sizeof(gf_head) <= GF_PAGE, "the head is one page");

#endif
