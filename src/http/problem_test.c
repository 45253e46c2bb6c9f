#include "base/test.h"
#include "http/problem.h"

static void every_status_has_an_answer(void)
{
    CHECK(ay_problem_status(AY_EINVAL) == 400 && ay_problem_status(AY_ENOTFOUND) == 404);
    CHECK(ay_problem_status(AY_EEXISTS) == 409 && ay_problem_status(AY_ECONFLICT) == 409);
    CHECK(ay_problem_status(AY_ELIMIT) == 413 && ay_problem_status(AY_EUNSUPPORTED) == 415);
    CHECK(ay_problem_status(AY_ECORRUPT) == 422 && ay_problem_status(AY_EIO) == 500);
    CHECK(ay_problem_status(AY_EBUSY) == 503 && ay_problem_status(AY_ENOMEM) == 503);
    CHECK(ay_problem_status((ay_status)999) == 500 && ay_problem_status((ay_status)-1) == 500);
    for (int s = 1; s < AY_STATUS_COUNT; s++)
        CHECK(strcmp(ay_problem_title(ay_problem_status((ay_status)s)), "Error") != 0);
}

static void document(void)
{
    json_t *p = ay_problem_json(404, "no class \"x\"", "not found");

    CHECK(json_integer_value(json_object_get(p, "status")) == 404);
    CHECK(!strcmp(json_string_value(json_object_get(p, "detail")), "no class \"x\""));
    CHECK(!strcmp(json_string_value(json_object_get(p, "title")), "Not Found"));
    CHECK(!strcmp(json_string_value(json_object_get(p, "type")), "about:blank"));
    json_decref(p);
    p = ay_problem_json(400, "cut in the middle \xe2\x82", NULL);
    CHECK(p && !json_object_get(p, "code") && json_object_get(p, "detail"));
    json_decref(p);
}

TESTS({"every status has an answer", every_status_has_an_answer}, {"the document", document})
