/* SPDX-License-Identifier: MIT
 *
 * A text that names a structure, "btf:FILE:STRUCT,name=x", taken apart.
 */
#include <linebounce/layout.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "btf:FILE:STRUCT,name=x,which=2,base=FILE" taken apart; cuts the copy. */
struct source {
    char *file, *structure, *name, *base;
    unsigned which;
};

static int take_option(char *option, const char *text, const char *wanted, struct lb_why *why,
                       struct source *source)
{
    char *value = strchr(option, '='), *end;

    if (value)
        *value++ = '\0';
    if (value && *value && !strcmp(option, "name")) {
        source->name = value;
        return 0;
    }
    if (value && *value && !strcmp(option, "base")) {
        source->base = value;
        return 0;
    }
    if (value && !strcmp(option, "which")) {
        source->which = (unsigned)strtoul(value, &end, 10);
        if (!*end && source->which)
            return 0;
    }
    return lb_fail(why, EINVAL, "layout '%.120s': %.60s: %s", text, option, wanted);
}

static int take_apart(char *copy, const char *text, const char *wanted, struct lb_why *why,
                      struct source *source)
{
    char *options = strchr(copy, ','), *colon, *option;
    int err = 0;

    if (options)
        *options++ = '\0';
    source->structure = copy + strlen("btf:");
    if ((colon = strrchr(source->structure, ':'))) {
        *colon = '\0';
        source->file = source->structure;
        source->structure = colon + 1;
    }
    while (!err && (option = strsep(&options, ",")))
        err = take_option(option, text, wanted, why, source);
    return err;
}

static int take_name(const struct source *source, const char *text, struct lb_why *why,
                     char name[LB_LAYOUT_NAME_BYTES])
{
    if (!name && source->name)
        return lb_fail(why, EINVAL, "layout '%.120s': name= means nothing here", text);
    if (source->name && strlen(source->name) >= LB_LAYOUT_NAME_BYTES)
        return lb_fail(why, EINVAL, "layout '%.120s': a name has at most %d characters", text,
                       LB_LAYOUT_NAME_BYTES - 1);
    if (name)
        snprintf(name, LB_LAYOUT_NAME_BYTES, "%s", source->name ? source->name : "");
    return 0;
}

int lb_layout_source_read(const char *text, const char *wanted, struct lb_why *why,
                          char name[LB_LAYOUT_NAME_BYTES], struct lb_structure **structure)
{
    struct source source = {0};
    char *copy = strdup(text);
    int err;

    if (!copy)
        return lb_fail(why, ENOMEM, "layout '%.120s': out of memory", text);
    if (!(err = take_apart(copy, text, wanted, why, &source)) &&
        !(err = take_name(&source, text, why, name)))
        err = lb_structure_read_on(source.file, source.base, source.structure, source.which, why,
                                   structure);
    free(copy);
    return err;
}
