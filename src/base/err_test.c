#include "base/err.h"
#include "base/test.h"

static void message_grows_context_outwards(void)
{
    ay_err err = {{0}};

    CHECK(ay_fail(&err, AY_ECORRUPT, "file is %s", "truncated") ==
          AY_ECORRUPT);
    ay_err_wrap(&err, "loading model %s", "faces");
    CHECK(strcmp(err.msg, "loading model faces: file is truncated") == 0);
}

static void long_message_is_cut_not_overrun(void)
{
    ay_err err;
    char big[1000];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    ay_fail(&err, AY_EIO, "%s", big);
    ay_err_wrap(&err, "%s", big);
    CHECK(strlen(err.msg) == sizeof err.msg - 1);
}

static void every_status_has_a_name(void)
{
    for (int s = 0; s < AY_STATUS_COUNT; s++)
        CHECK(ay_status_name((ay_status)s)[0]);
    CHECK(ay_status_name((ay_status)999));
    ay_fail(NULL, AY_EIO, "nobody listens"); /* must not crash */
}

TESTS({"message grows context outwards", message_grows_context_outwards},
      {"long message is cut, not overrun", long_message_is_cut_not_overrun},
      {"every status has a name", every_status_has_a_name})
