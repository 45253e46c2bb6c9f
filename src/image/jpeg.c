/* image/jpeg.c - JPEG through libjpeg-turbo.
 *
 * Decoder settings are the library's defaults (accurate integer DCT, fancy upsampling), because
 * those are Pillow's and pixels have to be equal to Pillow's.
 *
 * libjpeg goes on after damage and fills the rest with grey.  That is right for a viewer and wrong
 * here: half a part scanned against whole parts gives a confident wrong answer.  So the warnings
 * that mean "pixels were made up" end the decode; the ones about odd metadata do not.  A file whose
 * last two bytes (EOI) are missing but whose one scan is complete is whole.
 *
 * Hostile input: libjpeg's own memory is capped (a progressive file keeps all coefficients), and so
 * are scans and scans x pixels, because an empty scan costs ten bytes and a walk over the picture.
 *
 * Errors leave libjpeg by longjmp.  Everything that lives across the jump is in struct job, so no
 * local variable is ever read after one. */
#include "image/codec.h"

#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h> /* after jpeglib.h, whose switches number the messages */

/* Scans times pixels: twenty scans of the largest picture. */
#define MAX_SCANS_OF_LARGEST 20
#define MEMORY_LEAST         (4 << 20)
#define BAND                 16 /* rows asked for at once */

struct job {
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr e;
    struct jpeg_source_mgr s;
    struct jpeg_progress_mgr p;
    jmp_buf escape;
    const ay_source *src;
    ay_image_info *info;
    ay_image *out;
    ay_sink sink;
    ay_err *err;
    ay_status status;
    bool decoding; /* past the header */
    bool at_end;   /* the file ended before EOI */
};

static struct job *job_of(j_common_ptr c)
{
    return c->client_data;
}

static void leave(struct job *j, ay_status status, const char *why)
{
    j->status = ay_fail(j->err, status, "JPEG: %s", why);
    longjmp(j->escape, 1);
}

static ay_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return AY_ENOMEM;
    case JERR_NO_BACKING_STORE:
    case JERR_IMAGE_TOO_BIG:
        return AY_ELIMIT;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
        return AY_EUNSUPPORTED;
    default:
        return AY_ECORRUPT;
    }
}

static void on_error(j_common_ptr c)
{
    char text[JMSG_LENGTH_MAX];

    if (c->err->msg_code == JERR_NO_BACKING_STORE)
        snprintf(text, sizeof text,
                 "a progressive picture of this size needs more working memory than is "
                 "allowed; save it as baseline or smaller");
    else
        c->err->format_message(c, text);
    leave(job_of(c), status_of(c->err->msg_code), text);
}

static void on_message(j_common_ptr c, int level)
{
    if (level >= 0) /* a trace */
        return;
    switch (c->err->msg_code) {
    case JWRN_HIT_MARKER:
        leave(job_of(c), AY_ECORRUPT,
              job_of(c)->at_end ? "the picture is cut short" : "the picture is damaged");
        return;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_error(c);
    }
}

static void on_print(j_common_ptr c)
{
    (void)c;
}

static void src_nothing(j_decompress_ptr c)
{
    (void)c;
}

/* Called when all bytes are used up.  An EOI made of nothing lets the last bits be decoded; whether
 * they were enough shows in JWRN_HIT_MARKER. */
static boolean src_fill(j_decompress_ptr c)
{
    static const JOCTET eoi[2] = {0xff, JPEG_EOI};
    struct job *j = job_of((j_common_ptr)c);

    if (!j->decoding)
        leave(j, AY_ECORRUPT, "the picture is cut short inside its header");
    j->at_end = true;
    c->src->next_input_byte = eoi;
    c->src->bytes_in_buffer = sizeof eoi;
    return TRUE;
}

static void src_skip(j_decompress_ptr c, long n)
{
    if (n <= 0)
        return;
    if ((size_t)n >= c->src->bytes_in_buffer) {
        src_fill(c);
        return;
    }
    c->src->next_input_byte += n;
    c->src->bytes_in_buffer -= (size_t)n;
}

static void on_progress(j_common_ptr common)
{
    struct jpeg_decompress_struct *c = (j_decompress_ptr)common;
    struct job *j = job_of(common);
    const ay_image_limits *l = &j->src->limits;
    uint64_t scans = (uint64_t)c->input_scan_number;

    if (scans <= (uint64_t)l->max_scans &&
        scans * c->image_width * c->image_height <= MAX_SCANS_OF_LARGEST * l->max_pixels)
        return;
    leave(j, AY_ELIMIT, "the picture is stored in more scans than are read");
}

static void setup(struct job *j)
{
    j->c.err = jpeg_std_error(&j->e);
    j->e.error_exit = on_error;
    j->e.emit_message = on_message;
    j->e.output_message = on_print;
    j->c.client_data = j;
    jpeg_create_decompress(&j->c);
    j->s = (struct jpeg_source_mgr){.next_input_byte = j->src->data,
                                    .bytes_in_buffer = j->src->size,
                                    .init_source = src_nothing,
                                    .fill_input_buffer = src_fill,
                                    .skip_input_data = src_skip,
                                    .resync_to_restart = jpeg_resync_to_restart,
                                    .term_source = src_nothing};
    j->c.src = &j->s;
    j->p.progress_monitor = on_progress;
    j->c.progress = &j->p;
    jpeg_read_header(&j->c, TRUE);
}

/* EXIF sits in an APP1 segment before the first scan.  Walked here and not with libjpeg's marker
 * saving, which would keep every APP1 of a hostile file in memory. */
static int find_orientation(const uint8_t *p, size_t n)
{
    size_t at = 2;

    while (n - at >= 4) {
        unsigned marker = p[at + 1], length;
        if (p[at] != 0xff)
            break;
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        length = ay_be16(p + at + 2);
        if (marker == 0xda || marker == 0xd9 || length < 2 || n - at - 2 < length)
            break;
        if (marker == 0xe1 && length >= 8 && !memcmp(p + at + 4, "Exif\0\0", 6))
            return ay_exif_orientation(p + at + 10, length - 8);
        at += 2 + (size_t)length;
    }
    return 1;
}

static void run_header(struct job *j)
{
    setup(j);
    j->info->width = (int)j->c.image_width;
    j->info->height = (int)j->c.image_height;
    j->info->orientation = find_orientation(j->src->data, j->src->size);
}

/* Pillow's arithmetic for CMYK as Adobe stores it (inverted): n is 255 - K. */
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, cmyk += 4, rgb += 3)
        for (int k = 0; k < 3; k++) {
            unsigned t = (255u - cmyk[k]) * cmyk[3] + 128;
            rgb[k] = (uint8_t)(cmyk[3] - ((t + (t >> 8)) >> 8));
        }
}

static void read_rows(struct job *j)
{
    size_t stride = (size_t)j->info->width * 3;
    JSAMPROW rows[BAND];
    uint8_t *band;
    int n;

    while (band = ay_sink_rows(&j->sink, BAND, &n), n) {
        for (int i = 0; i < n; i++)
            rows[i] = band + (size_t)i * stride;
        for (int done = 0; done < n;)
            done += (int)jpeg_read_scanlines(&j->c, rows + done, (JDIMENSION)(n - done));
        ay_sink_commit(&j->sink);
    }
}

static void read_cmyk_rows(struct job *j)
{
    size_t width = (size_t)j->info->width;
    JSAMPARRAY line =
        j->c.mem->alloc_sarray((j_common_ptr)&j->c, JPOOL_IMAGE, (JDIMENSION)width * 4, 1);
    uint8_t *row;
    int n;

    while (row = ay_sink_rows(&j->sink, 1, &n), n) {
        jpeg_read_scanlines(&j->c, line, 1);
        cmyk_to_rgb(line[0], row, width);
        ay_sink_commit(&j->sink);
    }
}

/* Is every component there?  A file cut between scans decodes without a warning. */
static void check_complete(struct job *j)
{
    struct jpeg_decompress_struct *c = &j->c;
    bool many = c->input_scan_number > 1 || c->progressive_mode || jpeg_has_multiple_scans(c);

    if (many && j->at_end)
        leave(j, AY_ECORRUPT, "the picture is cut short");
    for (int i = 0; c->coef_bits && i < c->num_components; i++)
        if (c->coef_bits[i][0] < 0)
            leave(j, AY_ECORRUPT, "a colour component is missing");
}

static void run_load(struct job *j)
{
    struct jpeg_decompress_struct *c = &j->c;
    uint64_t spare = ay_source_spare(j->src, j->info);
    bool cmyk;

    setup(j);
    j->decoding = true;
    cmyk = c->jpeg_color_space == JCS_CMYK || c->jpeg_color_space == JCS_YCCK;
    c->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    c->mem->max_memory_to_use = spare > LONG_MAX       ? LONG_MAX
                                : spare > MEMORY_LEAST ? (long)spare
                                                       : MEMORY_LEAST;
    j->status = ay_sink_open(&j->sink, j->info, j->out, j->err);
    if (j->status)
        longjmp(j->escape, 1);
    jpeg_start_decompress(c);
    if (cmyk)
        read_cmyk_rows(j);
    else
        read_rows(j);
    check_complete(j);
}

static ay_status guarded(struct job *j, void (*run)(struct job *))
{
    if (setjmp(j->escape) == 0)
        run(j);
    ay_sink_close(&j->sink);
    jpeg_destroy_decompress(&j->c);
    return j->status;
}

static bool sniff(const uint8_t *p, size_t n)
{
    return n >= 3 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff;
}

static ay_status header(const ay_source *src, ay_image_info *info, ay_err *err)
{
    struct job j = {.src = src, .info = info, .err = err};

    return guarded(&j, run_header);
}

static ay_status load(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err)
{
    ay_image_info copy = *info;
    struct job j = {.src = src, .info = &copy, .out = out, .err = err};

    return guarded(&j, run_load);
}

/* Encoding: libjpeg writes straight into an ay_buf. */
struct writer {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr e;
    struct jpeg_destination_mgr d;
    jmp_buf escape;
    ay_buf *out;
    ay_err *err;
    ay_status status;
};

#define WRITE_STEP (64u << 10)

static void on_write_error(j_common_ptr c)
{
    struct writer *w = c->client_data;
    char text[JMSG_LENGTH_MAX];

    c->err->format_message(c, text);
    w->status = ay_fail(w->err, status_of(c->err->msg_code), "write JPEG: %s", text);
    longjmp(w->escape, 1);
}

static void dst_room(j_compress_ptr c)
{
    struct writer *w = c->client_data;
    char *room = ay_buf_reserve(w->out, WRITE_STEP);

    if (!room) {
        w->status = ay_fail(w->err, AY_ENOMEM, "write JPEG: out of memory");
        longjmp(w->escape, 1);
    }
    w->d.next_output_byte = (JOCTET *)room;
    w->d.free_in_buffer = WRITE_STEP;
}

static boolean dst_full(j_compress_ptr c)
{
    struct writer *w = c->client_data;

    w->out->len += WRITE_STEP;
    dst_room(c);
    return TRUE;
}

static void dst_end(j_compress_ptr c)
{
    struct writer *w = c->client_data;

    w->out->len += WRITE_STEP - w->d.free_in_buffer;
    w->out->data[w->out->len] = '\0';
}

static void write_all(struct writer *w, const ay_image *im, int quality)
{
    struct jpeg_compress_struct *c = &w->c;

    c->err = jpeg_std_error(&w->e);
    w->e.error_exit = on_write_error;
    w->e.output_message = on_print;
    c->client_data = w;
    jpeg_create_compress(c);
    w->d = (struct jpeg_destination_mgr){
        .init_destination = dst_room, .empty_output_buffer = dst_full, .term_destination = dst_end};
    c->dest = &w->d;
    c->image_width = (JDIMENSION)im->width;
    c->image_height = (JDIMENSION)im->height;
    c->input_components = 3;
    c->in_color_space = JCS_RGB;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, quality, TRUE);
    jpeg_start_compress(c, TRUE);
    while (c->next_scanline < c->image_height) {
        JSAMPROW row = im->data + (size_t)c->next_scanline * (size_t)im->width * 3;
        jpeg_write_scanlines(c, &row, 1);
    }
    jpeg_finish_compress(c);
}

ay_status ay_image_encode_jpeg(const ay_image *im, int quality, ay_buf *out, ay_err *err)
{
    struct writer w = {.out = out, .err = err};

    if (setjmp(w.escape) == 0)
        write_all(&w, im, quality);
    jpeg_destroy_compress(&w.c);
    return w.status;
}

const ay_codec ay_codec_jpeg = {.format = AY_FORMAT_JPEG,
                                .name = "jpeg",
                                .mime = "image/jpeg",
                                .ext = ".jpg",
                                .sniff = sniff,
                                .header = header,
                                .load = load};
