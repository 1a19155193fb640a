/* SPDX-License-Identifier: MIT
 *
 * A text that names a structure, "btf:FILE:STRUCT,name=x" or "pahole:-", taken apart.
 */
#include "layout_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands before the first colon; LB_STRUCTURE_FORMS: none of them. */
static enum lb_structure_form form_of(const char *text)
{
    int form = 0;

    for (; form < LB_STRUCTURE_FORMS; form++) {
        const char *name = lb_structure_form_name((enum lb_structure_form)form);
        if (!strncmp(text, name, strlen(name)) && text[strlen(name)] == ':')
            break;
    }
    return (enum lb_structure_form)form;
}

bool lb_layout_has_source(const char *text)
{
    return form_of(text) != LB_STRUCTURE_FORMS;
}

/* Names of C++ hold commas and colons of their own: "pool<int, db::Page>". */
const char *lb_layout_comma(const char *text)
{
    int depth = 0;

    for (; *text; text++) {
        depth += (*text == '<') - (*text == '>' && depth);
        if (*text == ',' && !depth)
            return text;
    }
    return NULL;
}

/* The last colon that stands alone and within no <>. */
static char *find_colon(char *text)
{
    char *colon = NULL;
    int depth = 0;

    for (; *text; text++) {
        depth += (*text == '<') - (*text == '>' && depth);
        if (!depth && text[0] == ':' && text[1] == ':')
            text++;
        else if (!depth && *text == ':')
            colon = text;
    }
    return colon;
}

int lb_source_cut(char *copy, const char *text, struct lb_why *why, struct lb_source *source)
{
    struct lb_source s = {.query.form = form_of(copy)};
    char *comma = (char *)(uintptr_t)lb_layout_comma(copy), *colon;
    char *name = copy + strcspn(copy, ":") + 1;
    const char *form;

    if (s.query.form == LB_STRUCTURE_FORMS)
        return lb_fail(why, EINVAL,
                       "layout '%.120s': btf:, dwarf: or pahole:FILE:STRUCT is expected", text);
    form = lb_structure_form_name(s.query.form);
    if (comma) {
        *comma = '\0';
        s.options = comma + 1;
    }
    if ((colon = find_colon(name))) {
        *colon = '\0';
        s.query.file = name;
        name = colon + 1;
    }
    s.query.name = name;
    if (!s.query.file && s.query.form == LB_FORM_PAHOLE) {
        s.query.file = name;
        s.query.name = "";
    }
    if (s.query.file && !*s.query.file)
        return lb_fail(why, EINVAL, "layout '%s::%.60s': no file before the colon", form, name);
    *source = s;
    return 0;
}

/* What `options` say besides, of a structure by itself. */
struct options {
    char *name;
    struct lb_structure_query *query;
};

static int take_option(char *option, const char *text, const char *wanted, struct lb_why *why,
                       struct options *o)
{
    char *value = strchr(option, '='), *end;

    if (value)
        *value++ = '\0';
    if (value && *value && !strcmp(option, "name")) {
        o->name = value;
        return 0;
    }
    if (value && *value && !strcmp(option, "base")) {
        o->query->base = value;
        return 0;
    }
    if (value && !strcmp(option, "which")) {
        o->query->which = (unsigned)strtoul(value, &end, 10);
        if (!*end && o->query->which)
            return 0;
    }
    return lb_fail(why, EINVAL, "layout '%.120s': %.60s: %s", text, option, wanted);
}

static int take_apart(char *copy, const char *text, const char *wanted, struct lb_why *why,
                      struct lb_source *source, char **name)
{
    struct options o = {.query = &source->query};
    int err = lb_source_cut(copy, text, why, source);
    char *option;

    while (!err && (option = strsep(&source->options, ",")))
        err = take_option(option, text, wanted, why, &o);
    *name = o.name;
    return err;
}

static int take_name(const char *given, const char *text, struct lb_why *why,
                     char name[LB_LAYOUT_NAME_BYTES])
{
    if (!name && given)
        return lb_fail(why, EINVAL, "layout '%.120s': name= means nothing here", text);
    if (given && strlen(given) >= LB_LAYOUT_NAME_BYTES)
        return lb_fail(why, EINVAL, "layout '%.120s': a name has at most %d characters", text,
                       LB_LAYOUT_NAME_BYTES - 1);
    if (name)
        snprintf(name, LB_LAYOUT_NAME_BYTES, "%s", given ? given : "");
    return 0;
}

bool lb_structure_is_vma(const struct lb_structure *s)
{
    return !strcmp(s->name, "vm_area_struct");
}

void lb_structure_take_generation(struct lb_structure *s, const char *base)
{
    const char *file = base ? base : s->running ? NULL : s->source;
    struct lb_why why;

    if ((s->form != LB_FORM_BTF && !lb_structure_is_vma(s)) ||
        lb_generation_read(file, &why, &s->generation))
        *s->generation.name = '\0';
}

int lb_layout_source_read(const char *text, const char *wanted, struct lb_why *why,
                          char name[LB_LAYOUT_NAME_BYTES], struct lb_structure **structure)
{
    struct lb_source source;
    char *copy = strdup(text), *given;
    int err;

    if (!copy)
        return lb_fail(why, ENOMEM, "layout '%.120s': out of memory", text);
    if (!(err = take_apart(copy, text, wanted, why, &source, &given)) &&
        !(err = take_name(given, text, why, name)) &&
        !(err = lb_structure_read_by(&source.query, why, structure)))
        lb_structure_take_generation(*structure, source.query.base);
    free(copy);
    return err;
}

void lb_layout_plain_name(const char *name, char *plain, size_t bytes)
{
    size_t used = 0;

    for (; *name && *name != '<' && used + 1 < bytes; name++) {
        bool taken = isalnum((unsigned char)*name) || strchr("-_.", *name);
        if (taken || (used && plain[used - 1] != '.'))
            plain[used++] = taken ? *name : '.';
    }
    while (used && plain[used - 1] == '.')
        used--;
    plain[used] = '\0';
}
