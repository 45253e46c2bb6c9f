/* cmd/cmd_config.c - "assay config show": every setting, its value, and where it came from. */
#include "base/str.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_option options[] = {
    {"origin", 'o', NULL, "say where each value comes from"},
    {"json", 'j', NULL, "print JSON"},
    {0},
};
static const ay_usage usage = {
    "config show [OPTION ...]",
    "Print the settings in force. As YAML without --origin, so that the output can be a settings file.",
    options,
    "data store bind port http-port lan cors dataset method model precision backend workers max-batch "
    "max-queue max-upload max-pixels log-level log-format",
};

/* For people: a password in a URL stays where it is. */
static void value_of(const ay_config *c, size_t i, char *dst, size_t cap)
{
    const char *value = c->value[i] ? c->value[i] : ay_settings[i].fallback;

    if (strcmp(ay_settings[i].name, "store") == 0)
        ay_url_hide_password(value, dst, cap);
    else
        snprintf(dst, cap, "%s", value);
}

static void show_text(const ay_config *c, int origin)
{
    for (size_t i = 0; i < ay_settings_count; i++) {
        const ay_setting *s = &ay_settings[i];
        char env[64], value[1024];
        value_of(c, i, value, sizeof value);
        ay_setting_env(s, env, sizeof env);
        if (!origin && strcmp(s->name, "config") == 0)
            continue; /* a settings file does not name itself */
        if (origin)
            printf("%-12s %-24s %-22s %s\n", s->name, *value ? value : "-",
                   c->origin[i] ? c->origin[i] : "default", env);
        else
            printf("%s: %s%s%s  # %s\n", s->name, *value ? "" : "\"", value, *value ? "" : "\"", s->help);
    }
}

static void show_json(const ay_config *c)
{
    json_t *all = json_object();

    for (size_t i = 0; i < ay_settings_count; i++) {
        char value[1024];
        value_of(c, i, value, sizeof value);
        json_object_set_new(all, ay_settings[i].name,
                            json_pack("{s:s, s:s}", "value", value, "origin",
                                      c->origin[i] ? c->origin[i] : "default"));
    }
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

int ay_cmd_config(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest != 1 || strcmp(a.rest[0], "show") != 0) {
        rc = ay_args_wrong(&a, "config: say what to do: show");
        goto out;
    }
    if (ay_args_get(&a, "json"))
        show_json(&a.config);
    else
        show_text(&a.config, ay_args_get(&a, "origin") != NULL);
    rc = AY_EXIT_OK;
out:
    ay_args_fini(&a);
    return rc;
}
