#include "base/test.h"
#include "http/qr.h"

/* A finder pattern's rows, as every QR code has it in three corners. */
static void text_holds_finders(void)
{
    ay_buf light = {0}, dark = {0};
    ay_err err;
    int lines = 0;

    CHECK_OK(ay_qr_text("https://192.168.1.7:8443/", false, &light, &err), err);
    CHECK_OK(ay_qr_text("https://192.168.1.7:8443/", true, &dark, &err), err);
    for (const char *p = light.data; *p; p++)
        lines += *p == '\n';
    CHECK(lines == (25 + 8 + 1) / 2); /* version 2: 25 modules, quiet zone 4 on each side */
    CHECK(strncmp(light.data, "     ", 5) == 0 && light.data[strcspn(light.data, "\n")] == '\n');
    CHECK(strstr(light.data, "█▀▀▀▀▀█") && strstr(light.data, "█ ███ █"));
    CHECK(strstr(dark.data, " ▄▄▄▄▄ ") && strstr(dark.data, " █   █ "));
    ay_buf_fini(&light);
    ay_buf_fini(&dark);
}

/* The picture and the text show the same modules. */
static void svg_agrees_with_text(void)
{
    ay_buf svg = {0}, text = {0};
    ay_err err;
    int dark_svg = 0, dark_text = 0, run;

    CHECK_OK(ay_qr_svg("http://yard.local/", &svg, &err), err);
    CHECK_OK(ay_qr_text("http://yard.local/", false, &text, &err), err);
    CHECK(strncmp(svg.data, "<svg xmlns=", 11) == 0 && !strstr(svg.data, "style"));
    for (const char *p = strstr(svg.data, "#000"); (p = strchr(p, 'h')) != NULL; p++)
        if (sscanf(p, "h%d", &run) == 1 && run > 0)
            dark_svg += run;
    for (const char *p = text.data; *p; p++)
        if (!strncmp(p, "█", 3))
            dark_text += 2;
        else if (!strncmp(p, "▀", 3) || !strncmp(p, "▄", 3))
            dark_text++;
    CHECK(dark_svg > 100 && dark_svg == dark_text);
    ay_buf_fini(&svg);
    ay_buf_fini(&text);
}

static void too_long(void)
{
    static char text[2100];
    ay_buf out = {0};

    memset(text, 'x', sizeof text - 1);
    CHECK(ay_qr_svg(text, &out, NULL) == AY_ELIMIT);
}

TESTS({"text has the finder patterns", text_holds_finders},
      {"picture and text agree", svg_agrees_with_text}, {"a text that does not fit", too_long})
