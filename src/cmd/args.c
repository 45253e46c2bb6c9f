/* cmd/args.c - see args.h. */
#include "cmd/args.h"
#include "base/str.h"
#include "cmd/cmd.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Does the space-separated list name the setting? */
static bool takes_setting(const ay_usage *u, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = u->settings; p && *p;) {
        size_t len = strcspn(p, " ");
        if (len == n && strncmp(p, name, n) == 0)
            return true;
        p += len + strspn(p + len, " ");
    }
    return strcmp(name, "config") == 0;
}

static void print_flag(char letter, const char *name, const char *arg, const char *help)
{
    char left[64];

    snprintf(left, sizeof left, "%c%c%s --%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
             letter ? "," : " ", name, arg ? " " : "", arg ? arg : "");
    printf("  %-30s %s\n", left, help);
}

static int option_index(const ay_usage *u, const char *name, size_t len, char letter)
{
    for (int i = 0; u->options && u->options[i].name; i++)
        if (letter ? u->options[i].letter == letter
                   : strlen(u->options[i].name) == len && strncmp(u->options[i].name, name, len) == 0)
            return i;
    return -1;
}

static void print_help(const ay_usage *u)
{
    printf("usage: assay %s\n\n%s\n\n", u->usage, u->about);
    for (const ay_option *o = u->options; o && o->name; o++)
        print_flag(o->letter, o->name, o->arg, o->help);
    print_flag('h', "help", NULL, "this page");
    printf("\nSettings (flag, else ASSAY_*, else file, else default):\n");
    for (size_t i = 0; i < ay_settings_count; i++) {
        const ay_setting *s = &ay_settings[i];
        char help[160];
        if (!takes_setting(u, s->name) || option_index(u, s->name, strlen(s->name), 0) >= 0) /* the command's own flag of that name goes first */
            continue;
        snprintf(help, sizeof help, "%s%s%s%s", s->help, *s->fallback ? " (" : "", s->fallback,
                 *s->fallback ? ")" : "");
        print_flag(0, s->name, s->kind == AY_SET_BOOL ? NULL : s->allowed ? s->allowed : "VALUE", help);
    }
    if (takes_setting(u, "set"))
        print_flag(0, "set", "NAME=VALUE", "a variable of classification by words; \"assay config show\" has them");
}

int ay_args_wrong(const ay_args *a, const char *fmt, ...)
{
    size_t word = strcspn(a->usage->usage, " ");
    va_list ap;

    fputs("assay: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nTry: assay %.*s --help\n", (int)word, a->usage->usage);
    return AY_EXIT_USAGE;
}

int ay_cmd_fail(const ay_err *err)
{
    fprintf(stderr, "assay: %s\n", err->msg);
    return AY_EXIT_FAIL;
}

/* Take the value of a flag: after '=', or the next word.  NULL when there is none. */
static const char *flag_value(const char *inline_value, int *i, int argc, char **argv)
{
    if (inline_value)
        return inline_value;
    return *i + 1 < argc ? argv[++*i] : NULL;
}

static int take_setting(ay_args *a, const char *name, const char *inline_value, int *i, int argc,
                        char **argv)
{
    int s = ay_setting_find(name);
    char origin[64];
    const char *value;
    ay_err err;

    if (strcmp(name, "set") == 0 && takes_setting(a->usage, "set")) {
        value = flag_value(inline_value, i, argc, argv);
        if (!value)
            return ay_args_wrong(a, "--set needs NAME=VALUE");
        return ay_config_set_variable(&a->config, value, &err) == AY_OK ? -1 : ay_args_wrong(a, "%s", err.msg);
    }
    if (s < 0 || !takes_setting(a->usage, ay_settings[s].name))
        return ay_args_wrong(a, "there is no flag '--%s' here", name);
    if (ay_settings[s].kind == AY_SET_BOOL)
        value = inline_value ? inline_value : "yes";
    else
        value = flag_value(inline_value, i, argc, argv);
    if (!value)
        return ay_args_wrong(a, "--%s needs a value", name);
    snprintf(origin, sizeof origin, "flag --%s", ay_settings[s].name);
    if (ay_config_set(&a->config, name, value, origin, &err) != AY_OK)
        return ay_args_wrong(a, "%s", err.msg);
    return -1;
}

static int take_flag(ay_args *a, int *i, int argc, char **argv)
{
    const char *word = argv[*i];
    bool is_long = word[1] == '-';
    const char *name = word + 1 + is_long, *eq = is_long ? strchr(name, '=') : NULL;
    size_t len = eq ? (size_t)(eq - name) : strlen(name);
    char copy[64];
    int o = option_index(a->usage, name, len, is_long ? 0 : word[2] ? '\1' : word[1]);

    if (o < 0 && !is_long)
        return ay_args_wrong(a, "there is no flag '%s' here", word);
    if (o < 0) {
        snprintf(copy, sizeof copy, "%.*s", (int)len, name);
        return take_setting(a, copy, eq ? eq + 1 : NULL, i, argc, argv);
    }
    if (!a->usage->options[o].arg) {
        if (eq)
            return ay_args_wrong(a, "--%.*s takes no value", (int)len, name);
        a->value[o] = "";
        return -1;
    }
    a->value[o] = flag_value(eq ? eq + 1 : NULL, i, argc, argv);
    if (!a->value[o])
        return ay_args_wrong(a, "%s needs a value", word);
    if (a->n_given == AY_ARGS_MANY)
        return ay_args_wrong(a, "more than %d flags with a value", AY_ARGS_MANY);
    a->given[a->n_given].option = o;
    a->given[a->n_given++].value = a->value[o];
    return -1;
}

int ay_args_parse(ay_args *a, const ay_usage *usage, int argc, char **argv)
{
    bool flags = true;
    ay_err err;

    *a = (ay_args){.usage = usage, .rest = argv + 1};
    for (int i = 1; i < argc; i++) {
        if (flags && strcmp(argv[i], "--") == 0) {
            flags = false;
        } else if (flags && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(usage);
            return AY_EXIT_OK;
        } else if (flags && argv[i][0] == '-' && argv[i][1]) {
            int rc = take_flag(a, &i, argc, argv);
            if (rc >= 0)
                return rc;
        } else {
            a->rest[a->n_rest++] = argv[i]; /* moves left: never past the word being read */
        }
    }
    if (ay_config_load(&a->config, &err) != AY_OK) {
        fprintf(stderr, "assay: %s\n", err.msg);
        return AY_EXIT_USAGE;
    }
    return -1;
}

void ay_args_fini(ay_args *a)
{
    ay_config_fini(&a->config);
}

const char *ay_args_get(const ay_args *a, const char *name)
{
    int i = option_index(a->usage, name, strlen(name), 0);

    assert(i >= 0 && i < AY_ARGS_MAX);
    return a->value[i];
}

const char *ay_args_nth(const ay_args *a, const char *name, int n)
{
    int o = option_index(a->usage, name, strlen(name), 0);

    for (int i = 0; i < a->n_given; i++)
        if (a->given[i].option == o && n-- == 0)
            return a->given[i].value;
    return NULL;
}

bool ay_args_number(const ay_args *a, const char *name, long lo, long hi, long *out)
{
    const char *text = ay_args_get(a, name);

    if (text && ay_str_to_long(text, lo, hi, out))
        return true;
    ay_args_wrong(a, "--%s must be a whole number from %ld to %ld, not '%s'", name, lo, hi,
                  text ? text : "");
    return false;
}
