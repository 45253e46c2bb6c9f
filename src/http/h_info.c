/* http/h_info.c - what this server is, and how a phone finds and trusts it. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/qr.h"
#include "http/tls.h"
#include "http/view.h"

#include <stdio.h>
#include <string.h>

static json_t *urls_json(const ay_server *s)
{
    json_t *list = json_array();
    ay_buf text = {0};
    char *save = NULL;

    ay_server_urls(s, &text);
    for (char *line = text.data ? strtok_r(text.data, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save))
        json_array_append_new(list, json_string(line));
    ay_buf_fini(&text);
    return list;
}

static json_t *formats_json(void)
{
    json_t *list = json_array();

    for (int f = AY_FORMAT_UNKNOWN + 1; f < AY_FORMAT_COUNT; f++)
        json_array_append_new(list, json_string(ay_image_format_name((ay_image_format)f)));
    return list;
}

static ay_status active_dataset(ay_request *rq, const char **out, ay_err *err)
{
    ay_dataset d;
    ay_status status = ay_dataset_get(rq->service, NULL, &rq->arena, &d, err);

    *out = status ? NULL : d.name;
    return status;
}

static json_t *lan_json(const ay_server *s)
{
    char phone[300], print[96];

    ay_server_phone_url(s, phone, sizeof phone);
    ay_server_fingerprint(s, print, sizeof print);
    return json_pack("{s:o, s:s?, s:s?, s:s?, s:s?}", "urls", urls_json(s), "phone",
                     phone[0] ? phone : NULL, "qr", phone[0] ? "/v1/qr.svg" : NULL, "authority",
                     print[0] ? "/v1/ca.crt" : NULL, "fingerprint", print[0] ? print : NULL);
}

ay_status ay_h_info(ay_request *rq, ay_err *err)
{
    ay_server *s = rq->server;
    const char *dataset;
    ay_status status = active_dataset(rq, &dataset, err);

    if (status)
        return status;
    return ay_reply_json(
        rq, 200,
        json_pack("{s:s, s:s, s:o, s:s, s:{s:I, s:I, s:I, s:o}, s:b, s:o, s:[s,s,s,s]}", "name",
                  "Assay", "version", AY_VERSION, "model",
                  ay_view_model(ay_service_model(rq->service)), "dataset", dataset, "limits",
                  "max_bytes", (json_int_t)s->o.max_file, "max_pixels", (json_int_t)s->o.max_pixels,
                  "max_request_bytes", (json_int_t)s->o.max_request, "formats", formats_json(),
                  "secure", rq->secure, "lan", lan_json(s), "languages", "en", "pt", "de", "zh"),
        err);
}

ay_status ay_h_qr(ay_request *rq, ay_err *err)
{
    ay_buf svg = {0};
    char url[300];
    ay_status status = AY_OK;

    ay_server_phone_url(rq->server, url, sizeof url);
    if (!url[0])
        status = ay_fail(err, AY_ENOTFOUND,
                         "no other machine can reach this server: start it with --lan");
    if (!status)
        status = ay_qr_svg(url, &svg, err);
    if (!status)
        status = ay_reply_bytes(rq, 200, "image/svg+xml", &svg, err);
    ay_buf_fini(&svg);
    return status;
}

ay_status ay_h_authority(ay_request *rq, ay_err *err)
{
    const char *format = ay_request_query(rq, "format");
    bool pem = format && strcmp(format, "pem") == 0;
    ay_buf crt = {0};
    ay_status status = AY_OK;

    if (format && !pem && strcmp(format, "der") != 0)
        status = ay_fail(err, AY_EINVAL, "'format' must be der or pem");
    if (!status)
        status = ay_tls_authority(rq->server->tls, !pem, &crt, err);
    if (!status)
        status = ay_reply_bytes(
            rq, 200, pem ? "application/x-pem-file" : "application/x-x509-ca-cert", &crt, err);
    if (!status)
        ay_reply_header(rq, "Content-Disposition",
                        pem ? "attachment; filename=\"assay-ca.pem\""
                            : "attachment; filename=\"assay-ca.crt\"");
    ay_buf_fini(&crt);
    return status;
}
