/* cmd/cmd_config.c - "assay config show": every setting and variable, its value, default and range, and where
 * it came from. */
#include "base/str.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_option options[] = {
    {"origin", 'o', NULL, "print a table: value, default, range, and where the value comes from"},
    {"json", 'j', NULL, "print JSON"},
    {0},
};
static const ay_usage usage = {
    "config show [OPTION ...]",
    "Print the settings in force. As YAML without --origin, so that the output can be a settings file.\n"
    "Keys and passwords are not shown. Ends with an error when a value is wrong.",
    options,
    "data store bind port http-port lan cors dataset method model precision backend workers max-batch "
    "max-queue max-upload max-pixels log-level log-format set",
};

/* One setting or variable, as texts. */
typedef struct {
    const char *name, *value, *usual, *origin, *help;
    char env[64], range[80];
    char room[1024]; /* of value, when it is not somebody else's text */
    bool secret;
    ay_var_verdict verdict;
    ay_err why; /* of a verdict that is not right */
} line;

static void read_setting(const ay_config *c, size_t i, line *l)
{
    const ay_setting *s = &ay_settings[i];
    const char *value = c->value[i] ? c->value[i] : s->fallback;

    *l = (line){.name = s->name, .value = value, .usual = s->fallback, .origin = c->origin[i], .help = s->help};
    ay_setting_env(s, l->env, sizeof l->env);
    if (strcmp(s->name, "store") == 0) { /* for people: a password in a URL stays where it is */
        ay_url_hide_password(value, l->room, sizeof l->room);
        l->value = l->room;
    }
    if (s->kind == AY_SET_BOOL)
        snprintf(l->range, sizeof l->range, "yes or no");
    else
        snprintf(l->range, sizeof l->range, "%s", s->allowed ? s->allowed : s->kind == AY_SET_SIZE ? "size" : "text");
}

static void read_variable(const ay_config *c, int i, line *l)
{
    const ay_word_var *v = &ay_word_vars[i];

    *l = (line){.name = v->name, .value = v->usual, .usual = v->usual, .origin = c->variable_origin[i],
                .help = v->help, .secret = v->kind == AY_VAR_SECRET};
    snprintf(l->env, sizeof l->env, "%s", v->name);
    ay_word_var_range(v, l->range, sizeof l->range);
    if (!c->variable[i])
        return;
    l->verdict = ay_word_var_check(v, c->variable[i], l->room, sizeof l->room, &l->why);
    l->value = l->verdict == AY_VAR_CHANGED ? l->room : c->variable[i];
    if (l->secret)
        l->value = "***";
}

/* Calls show for each; true when one is wrong. */
static bool each(const ay_config *c, void (*show)(void *ctx, const line *l), void *ctx)
{
    bool wrong = false;
    line l;

    for (size_t i = 0; i < ay_settings_count; i++) {
        read_setting(c, i, &l);
        show(ctx, &l);
    }
    for (int i = 0; i < ay_word_vars_count; i++) {
        read_variable(c, i, &l);
        show(ctx, &l);
        wrong = wrong || l.verdict == AY_VAR_WRONG;
    }
    return wrong;
}

static void show_row(void *ctx, const line *l)
{
    (void)ctx;
    printf("%-36s %-26s %-26s %-28s %-22s %s\n", l->name, *l->value ? l->value : "-", *l->usual ? l->usual : "-",
           l->range, l->origin ? l->origin : "default", l->env);
}

/* A text as a double-quoted scalar. */
static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\x%02x", (unsigned)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void show_yaml(void *ctx, const line *l)
{
    bool plain = *l->value && l->value[strspn(l->value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                        "0123456789._/-")] == '\0';
    (void)ctx;
    if (strcmp(l->name, "config") == 0)
        return; /* a settings file does not name itself */
    printf("%s%s: ", l->secret ? "# " : "", l->name);
    if (plain || l->secret)
        fputs(l->value, stdout);
    else
        print_quoted(l->value);
    printf("  # %s; %s", l->help, l->range);
    if (*l->usual)
        printf("; default %s", l->usual);
    printf("%s%s\n", l->origin ? "; from " : "", l->origin ? l->origin : "");
}

static void show_json(void *ctx, const line *l)
{
    json_object_set_new(ctx, l->name,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "value", l->value, "default", l->usual, "range",
                                  l->range, "origin", l->origin ? l->origin : "default", "environment", l->env,
                                  "problem", l->verdict == AY_VAR_RIGHT ? NULL : l->why.msg));
}

/* What is wrong, or other than it was written, one line each, where a script does not read it. */
static void show_problem(void *ctx, const line *l)
{
    (void)ctx;
    if (l->verdict != AY_VAR_RIGHT)
        fprintf(stderr, "assay: %s\n", l->why.msg);
}

static bool show(const ay_args *a)
{
    const ay_config *c = &a->config;

    if (ay_args_get(a, "json")) {
        json_t *all = json_object();
        each(c, show_json, all);
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    } else if (ay_args_get(a, "origin")) {
        printf("%-36s %-26s %-26s %-28s %-22s %s\n", "NAME", "VALUE", "DEFAULT", "RANGE", "FROM", "ENVIRONMENT");
        each(c, show_row, NULL);
    } else
        each(c, show_yaml, NULL);
    fflush(stdout);
    return each(c, show_problem, NULL);
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
    rc = show(&a) ? AY_EXIT_USAGE : AY_EXIT_OK;
out:
    ay_args_fini(&a);
    return rc;
}
