#include "base/test.h"
#include "http/guard.h"

static void hosts(void)
{
    static const char *const good[] = {
        "127.0.0.1",       "127.0.0.1:8080", "localhost:8080",   "LOCALHOST",
        "app.localhost",   "[::1]:80",       "192.168.1.7:8443", "yard",
        "yard.local:8443", "Yard.Local.",    "scan.example.org"};
    static const char *const bad[] = {"evil.example",
                                      "yard.evil.example",
                                      "127.0.0.1.evil.example",
                                      "localhost.evil.example",
                                      "",
                                      ":80",
                                      "[::1",
                                      "a:b",
                                      "yardlocal",
                                      "scan.example.org.evil",
                                      "[::1]x"};

    CHECK(ay_guard_host(NULL, "yard", NULL));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(ay_guard_host(good[i], "yard", "a.b, scan.example.org"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!ay_guard_host(bad[i], "yard", "a.b, scan.example.org"));
    CHECK(ay_guard_host("evil.example", "yard", "*"));
    CHECK(!ay_guard_host("evil.example", "", NULL));
}

static void loopback(void)
{
    CHECK(ay_guard_loopback("localhost") && ay_guard_loopback("127.3.2.1:80"));
    CHECK(ay_guard_loopback("[::1]:80"));
    CHECK(!ay_guard_loopback("192.168.1.7") && !ay_guard_loopback("yard") &&
          !ay_guard_loopback(NULL));
}

static void origins(void)
{
    const char *host = "yard:8080";

    CHECK(ay_guard_origin(NULL, NULL, host, NULL)); /* curl */
    CHECK(ay_guard_origin("same-origin", "http://yard:8080", host, NULL));
    CHECK(ay_guard_origin("none", NULL, host, NULL));
    CHECK(ay_guard_origin(NULL, "http://yard:8080", host, NULL));
    CHECK(!ay_guard_origin("cross-site", NULL, host, NULL));
    CHECK(!ay_guard_origin("same-site", "http://yard:3000", host, NULL));
    CHECK(!ay_guard_origin(NULL, "http://evil.example", host, NULL));
    CHECK(!ay_guard_origin(NULL, "null", host, NULL));
    CHECK(ay_guard_origin("cross-site", "http://app.example", host, "http://app.example"));
    CHECK(!ay_guard_origin("cross-site", "http://other.example", host, "http://app.example"));
    CHECK(ay_guard_origin("cross-site", "http://other.example", host, "*"));
}

TESTS({"host header", hosts}, {"what this machine calls itself", loopback},
      {"origin of a change", origins})
