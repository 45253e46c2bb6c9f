#include "inspect/secret.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST = 65536 };
static const char env_word[] = "env:", file_word[] = "file:";

bool ay_secret_is_reference(const char *text)
{
    return ay_str_starts(text, env_word) || ay_str_starts(text, file_word);
}

static ay_status from_file(const char *path, const char *what, char **out, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(path, LARGEST, &text, err);

    if (status != AY_OK) {
        ay_err_wrap(err, "%s", what);
    } else {
        if (text.data)
            text.data[strcspn(text.data, "\r\n")] = '\0';
        if (!text.data || !*text.data)
            status = ay_fail(err, AY_ENOTFOUND, "%s: the file %s has no first line", what, path);
        else if (!(*out = ay_strdup(text.data)))
            status = ay_fail(err, AY_ENOMEM, "%s", what);
    }
    if (text.data)
        explicit_bzero(text.data, text.len);
    ay_buf_fini(&text);
    return status;
}

ay_status ay_secret_read(const char *text, const char *what, char **out, ay_err *err)
{
    const char *value = text;

    *out = NULL;
    if (!*text)
        return AY_OK;
    if (ay_str_starts(text, file_word))
        return from_file(text + sizeof file_word - 1, what, out, err);
    if (ay_str_starts(text, env_word)) {
        value = getenv(text + sizeof env_word - 1);
        if (!value || !*value)
            return ay_fail(err, AY_ENOTFOUND, "%s: the environment's variable %s is not set", what,
                           text + sizeof env_word - 1);
    }
    *out = ay_strdup(value);
    return *out ? AY_OK : ay_fail(err, AY_ENOMEM, "%s", what);
}

void ay_secret_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    ay_free(secret);
}
