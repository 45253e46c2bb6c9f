/* http/h_plain.c - two pages without script, rendered here, for browsers that give no camera over
 * plain HTTP: why that is, how to go on, and a form that takes a photo (a file input opens the
 * phone's camera) and answers with the result.
 *
 * The texts are in the four languages of the application, chosen by Accept-Language.  The scanned
 * picture is shown beside its reference by sending it back inside the page, so that nothing is
 * stored. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/openapi.h"
#include "http/plain_words.h"
#include "http/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MOST = 8 << 20 }; /* bytes of a picture that is sent back in the page */

enum {
    T_LANG,
    T_TITLE,
    T_WHY,
    T_SECURE,
    T_OPEN,
    T_WARN,
    T_TRUST,
    T_DOWNLOAD,
    T_ANDROID,
    T_IOS,
    T_PRINT,
    T_PHOTO,
    T_HOW,
    T_SCAN,
    T_APP,
    T_AGAIN,
    T_CAPTURED,
    T_REFERENCE,
    T_MATCH,
    T_NO_MATCH,
    T_AMBIGUOUS,
    T_EMPTY,
    T_TOP,
    T_NO_TLS,
    T_COUNT
};

/* clang-format off */
static const char *const texts[][T_COUNT] = {
    {"en", "Scan a picture",
     "Your browser gives the live camera only to secure pages (https), and this page is not one.",
     "With live camera", "Open the secure page",
     "Your phone will warn about the certificate, because this computer made it itself: choose “Advanced”, then “Proceed”. To be rid of the warning, trust this computer's authority once:",
     "Trust this computer", "Download the certificate",
     "Android: Settings → Security → Encryption & credentials → Install a certificate → CA certificate, and choose the file.",
     "iPhone: open the file, then Settings → General → VPN & Device Management → install; then General → About → Certificate Trust Settings → switch it on.",
     "The computer's terminal shows the same fingerprint:",
     "Without live camera", "Take a photo or choose one; it is scanned at once.", "Scan", "Open the application without live camera",
     "Scan another", "Your picture", "Most similar reference", "This is", "No match", "Not certain", "There are no reference pictures yet", "Nearest classes",
     "The server runs without HTTPS. Start it with “assay serve --lan” for the live camera."},
    {"pt", "Escanear uma imagem",
     "O navegador só libera a câmera ao vivo em páginas seguras (https), e esta não é.",
     "Com câmera ao vivo", "Abrir a página segura",
     "O telefone vai avisar sobre o certificado, porque este computador o criou: escolha “Avançado” e depois “Continuar”. Para não ver mais o aviso, confie uma vez na autoridade deste computador:",
     "Confiar neste computador", "Baixar o certificado",
     "Android: Configurações → Segurança → Criptografia e credenciais → Instalar um certificado → Certificado CA, e escolha o arquivo.",
     "iPhone: abra o arquivo, depois Ajustes → Geral → VPN e Gerenciamento de Dispositivo → instalar; depois Geral → Sobre → Ajustes de Confiança do Certificado → ativar.",
     "O terminal do computador mostra a mesma impressão digital:",
     "Sem câmera ao vivo", "Tire uma foto ou escolha uma; ela é escaneada na hora.", "Escanear", "Abrir o aplicativo sem câmera ao vivo",
     "Escanear outra", "Sua imagem", "Referência mais parecida", "Isto é", "Sem correspondência", "Sem certeza", "Ainda não há imagens de referência", "Classes mais próximas",
     "O servidor está sem HTTPS. Inicie com “assay serve --lan” para usar a câmera ao vivo."},
    {"de", "Ein Bild scannen",
     "Der Browser gibt die Kamera nur sicheren Seiten (https) frei, und diese ist keine.",
     "Mit Live-Kamera", "Sichere Seite öffnen",
     "Das Telefon warnt vor dem Zertifikat, weil dieser Rechner es selbst gemacht hat: „Erweitert“ wählen, dann „Weiter“. Damit die Warnung wegbleibt, der Stelle dieses Rechners einmal vertrauen:",
     "Diesem Rechner vertrauen", "Zertifikat herunterladen",
     "Android: Einstellungen → Sicherheit → Verschlüsselung und Anmeldedaten → Zertifikat installieren → CA-Zertifikat, dann die Datei wählen.",
     "iPhone: Datei öffnen, dann Einstellungen → Allgemein → VPN und Geräteverwaltung → installieren; danach Allgemein → Info → Zertifikatsvertrauenseinstellungen → einschalten.",
     "Das Terminal des Rechners zeigt denselben Fingerabdruck:",
     "Ohne Live-Kamera", "Ein Foto machen oder wählen; es wird sofort gescannt.", "Scannen", "Anwendung ohne Live-Kamera öffnen",
     "Noch eins scannen", "Ihr Bild", "Ähnlichstes Vergleichsbild", "Das ist", "Kein Treffer", "Nicht sicher", "Es gibt noch keine Vergleichsbilder", "Nächste Klassen",
     "Der Server läuft ohne HTTPS. Mit „assay serve --lan“ gibt es die Live-Kamera."},
    {"zh", "扫描图片",
     "浏览器只允许安全页面（https）使用实时摄像头，而本页不是。",
     "使用实时摄像头", "打开安全页面",
     "手机会提示证书警告，因为证书由这台电脑自己签发：请选择“高级”，然后“继续”。若不想再看到警告，请信任一次这台电脑的证书机构：",
     "信任这台电脑", "下载证书",
     "Android：设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书，然后选择该文件。",
     "iPhone：打开文件，然后 设置 → 通用 → VPN 与设备管理 → 安装；再到 通用 → 关于本机 → 证书信任设置 → 开启。",
     "电脑终端会显示相同的指纹：",
     "不使用实时摄像头", "拍一张照片或选择一张，马上扫描。", "扫描", "打开不带实时摄像头的应用",
     "再扫描一张", "您的图片", "最相似的参考图片", "这是", "没有匹配", "不确定", "还没有参考图片", "最接近的类别",
     "服务器未启用 HTTPS。请用 “assay serve --lan” 启动以使用实时摄像头。"},
};
/* clang-format on */

/* The first language of Accept-Language that we have; quality values only repeat the order. */
static const char *const *pick_language(const ay_request *rq)
{
    const char *p = ay_request_header(rq, "Accept-Language");

    while (p && *p) {
        p += strspn(p, ", ");
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (strncasecmp(p, texts[i][T_LANG], 2) == 0)
                return texts[i];
        p += strcspn(p, ",");
    }
    return texts[0];
}

static void head(ay_buf *out, const char *const *t)
{
    ay_buf_printf(
        out,
        "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><title>Assay: %s</title>"
        "<link rel=\"stylesheet\" href=\"/plain/plain.css\"><link rel=\"icon\" href=\"data:,\">"
        "</head>\n<body><main><h1>%s</h1>\n",
        t[T_LANG], t[T_TITLE], t[T_TITLE]);
}

static void form(ay_buf *out, const char *const *t)
{
    ay_buf_printf(
        out,
        "<form method=\"post\" action=\"/plain/scan\" enctype=\"multipart/form-data\">"
        "<label for=\"image\">%s</label><input id=\"image\" type=\"file\" name=\"image\" "
        "accept=\"image/*\" capture=\"environment\" required><button>%s</button></form>\n",
        t[T_HOW], t[T_SCAN]);
}

/* The same host on the HTTPS port; "" when there is none.  host comes from the Host header, which
 * the guard has checked. */
static void secure_url(const ay_request *rq, char *dst, size_t cap)
{
    const char *host = ay_request_header(rq, "Host");
    size_t n = host ? (host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":")) : 0;

    dst[0] = '\0';
    if (n && n < 256 && ay_server_secure(rq->server))
        snprintf(dst, cap, "https://%.*s:%d/", (int)n, host, ay_server_port(rq->server));
}

static void secure_section(ay_request *rq, const char *const *t, ay_buf *out)
{
    char url[300], print[96];

    secure_url(rq, url, sizeof url);
    ay_server_fingerprint(rq->server, print, sizeof print);
    if (!url[0]) {
        ay_buf_printf(out, "<p class=\"note\">%s</p>\n", t[T_NO_TLS]);
        return;
    }
    ay_buf_printf(out, "<section><h2>%s</h2><p><a class=\"button\" href=\"", t[T_SECURE]);
    ay_html_text(out, url);
    ay_buf_printf(out, "\">%s</a></p>", t[T_OPEN]);
    if (print[0])
        ay_buf_printf(out,
                      "<p>%s</p><details><summary>%s</summary><p><a href=\"/v1/ca.crt\">%s</a></p>"
                      "<p>%s</p><p>%s</p><p>%s<br><code>%s</code></p></details>",
                      t[T_WARN], t[T_TRUST], t[T_DOWNLOAD], t[T_ANDROID], t[T_IOS], t[T_PRINT],
                      print);
    ay_buf_puts(out, "</section>\n");
}

ay_status ay_h_plain(ay_request *rq, ay_err *err)
{
    const char *const *t = pick_language(rq);
    ay_buf out = {0};
    ay_status status;

    head(&out, t);
    ay_buf_printf(&out, "<p>%s</p>\n", t[T_WHY]);
    secure_section(rq, t, &out);
    ay_buf_printf(&out, "<section><h2>%s</h2>", t[T_PHOTO]);
    form(&out, t);
    ay_buf_printf(&out, "<p><a href=\"/index.html\">%s</a></p></section></main></body></html>\n",
                  t[T_APP]);
    status = ay_reply_bytes(rq, 200, "text/html; charset=utf-8", &out, err);
    ay_reply_header(rq, "Vary", "Accept-Language");
    ay_buf_fini(&out);
    return status;
}

static void base64(ay_buf *out, const unsigned char *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        unsigned a = p[i], b = i + 1 < n ? p[i + 1] : 0, c = i + 2 < n ? p[i + 2] : 0;
        unsigned v = a << 16 | b << 8 | c;
        char four[4] = {digit[v >> 18 & 63], digit[v >> 12 & 63],
                        i + 1 < n ? digit[v >> 6 & 63] : '=', i + 2 < n ? digit[v & 63] : '='};
        ay_buf_add(out, four, 4);
    }
}

static void captured(ay_buf *out, const ay_upload *u, const char *const *t)
{
    ay_image_format f = ay_image_sniff(u->data.data, u->data.len);

    if (u->data.len > SHOWN_MOST || f == AY_FORMAT_TIFF)
        return;
    ay_buf_printf(out, "<figure><img alt=\"\" src=\"data:%s;base64,", ay_image_format_mime(f));
    base64(out, (const unsigned char *)u->data.data, u->data.len);
    ay_buf_printf(out, "\"><figcaption>%s</figcaption></figure>", t[T_CAPTURED]);
}

static void verdict(ay_buf *out, const ay_decision *d, const char *const *t)
{
    static const int word[] = {[AY_SCAN_MATCH] = T_MATCH,
                               [AY_SCAN_NO_MATCH] = T_NO_MATCH,
                               [AY_SCAN_AMBIGUOUS] = T_AMBIGUOUS,
                               [AY_SCAN_NO_DATASET] = T_EMPTY};

    ay_buf_printf(out, "<p class=\"verdict %s\">%s", ay_scan_status_name(d->status),
                  t[word[d->status]]);
    if (d->label) {
        ay_buf_puts(out, " <b>");
        ay_html_text(out, d->label);
        ay_buf_printf(out, "</b> <small>%.1f %%</small>", (double)d->score * 100);
    }
    ay_buf_puts(out, "</p>");
    ay_buf_puts(out, "<p class=\"sentence\">");
    ay_plain_sentence(d, t[T_LANG], out);
    ay_buf_puts(out, "</p>");
}

static void classes(ay_buf *out, const ay_decision *d, const char *const *t)
{
    if (d->nclasses == 0)
        return;
    ay_buf_printf(out, "<h2>%s</h2><ol>", t[T_TOP]);
    for (size_t i = 0; i < d->nclasses && i < 3; i++) {
        ay_buf_puts(out, "<li>");
        ay_html_text(out, d->classes[i].name);
        ay_buf_printf(out, " <small>%.1f %%</small></li>", (double)d->classes[i].max * 100);
    }
    ay_buf_puts(out, "</ol>");
}

ay_status ay_h_plain_scan(ay_request *rq, ay_err *err)
{
    const char *const *t = pick_language(rq);
    ay_buf out = {0};
    ay_decision d;
    ay_err why = {.msg = ""};
    ay_status failed = ay_h_scan_upload(rq, &d, &why), status;

    head(&out, t);
    if (failed) { /* a page for a person, with the status for everybody else */
        ay_buf_puts(&out, "<p class=\"verdict no_match\">");
        ay_plain_problem(ay_problem_status(failed), why.msg, t[T_LANG], &out);
        ay_buf_puts(&out, "</p>");
    } else {
        const ay_upload *u;
        verdict(&out, &d, t);
        ay_buf_puts(&out, "<div class=\"pair\">");
        if (ay_request_picture(rq, &u, NULL) == AY_OK)
            captured(&out, u, t);
        if (d.has_reference) {
            ay_buf_printf(
                &out, "<figure><img alt=\"\" src=\"/v1/images/%s/thumb?size=384\"><figcaption>%s: ",
                d.reference.sha256, t[T_REFERENCE]);
            ay_html_text(&out, d.reference.class_name);
            ay_buf_printf(&out, " <small>%.1f %%</small></figcaption></figure>",
                          (double)d.reference.similarity * 100);
        }
        ay_buf_puts(&out, "</div>");
        classes(&out, &d, t);
    }
    ay_buf_printf(&out, "<h2>%s</h2>", t[T_AGAIN]);
    form(&out, t);
    ay_buf_puts(&out, "</main></body></html>\n");
    status = ay_reply_bytes(rq, failed ? ay_problem_status(failed) : 200,
                            "text/html; charset=utf-8", &out, err);
    ay_reply_header(rq, "Vary", "Accept-Language");
    ay_buf_fini(&out);
    return status;
}
