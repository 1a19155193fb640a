/* SPDX-License-Identifier: MIT
 *
 * Structures as pahole prints them: a line a member, with its offset and size in the comment behind
 * it. Versions differ in how they count bits and in what stands between the lines.
 */
#include "structure_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 128
#define PATH_BYTES 512

/* A line taken apart. */
enum what { OTHER, OPEN, CLOSE, MEMBER };
struct line {
    enum what what;
    bool is_union, is_class;
    char name[NAME_BYTES]; /* of what opens, and of a member; "": none */
    char type[NAME_BYTES];
    size_t offset, bytes, align, size; /* align, size: 0 where the line says none */
    unsigned bit, bits;                /* of a bit-field, the first bit and how many */
};

/* A structure's lines, from the one that opens it to the one that closes it. */
struct block {
    struct line *at;
    size_t n, room;
};

/* Lines --------------------------------------------------------------------------------------- */

static char *trim(char *text)
{
    size_t n;

    while (isspace((unsigned char)*text))
        text++;
    for (n = strlen(text); n && isspace((unsigned char)text[n - 1]);)
        text[--n] = '\0';
    return text;
}

/* A number that no offset exceeds; NULL: none stands there. */
static const char *take_number(const char *at, size_t *number)
{
    char *end;
    unsigned long long n;

    while (*at == ' ')
        at++;
    if (!isdigit((unsigned char)*at))
        return NULL;
    n = strtoull(at, &end, !strncmp(at, "0x", 2) ? 16 : 10);
    *number = (size_t)n;
    return n > INT32_MAX ? NULL : end;
}

/* A comment "offset size" or "offset: bit size". */
static bool take_place(const char *comment, struct line *l)
{
    const char *at = take_number(comment + 2, &l->offset);
    size_t bit = 0;

    while (at && *at == ' ')
        at++;
    if (at && *at == ':')
        at = take_number(at + 1, &bit);
    l->bit = (unsigned)bit;
    return at && bit < 1024 && (at = take_number(at, &l->bytes)) && strstr(at, "*/");
}

/* Cuts off what asks for an alignment and the like. */
static void take_attributes(char *text, struct line *l)
{
    char *attribute = strstr(text, "__attribute__"), *align = strstr(text, "__aligned__(");
    size_t n;

    if (align && take_number(align + strlen("__aligned__("), &n) && n && !(n & (n - 1)) &&
        n <= LB_STRUCTURE_BYTES_MOST)
        l->align = n;
    if (attribute)
        *attribute = '\0';
}

static bool is_word(char c)
{
    return c && (isalnum((unsigned char)c) || strchr("_$.", c));
}

/* "TYPE (*name)(...)". */
static bool take_function(char *text, struct line *l)
{
    char *open = strstr(text, "(*"), *close = open ? strchr(open, ')') : NULL;

    if (!close)
        return false;
    snprintf(l->name, sizeof l->name, "%.*s", (int)(close - open - 2), open + 2);
    snprintf(l->type, sizeof l->type, "function *");
    return true;
}

/* "TYPE name[2]:3", without the semicolon. What closes a structure has no type. */
static void take_declarator(char *text, struct line *l)
{
    char *colon = strrchr(text, ':'), *dims, *name, *end;
    size_t bits;

    if (colon && colon > text && colon[-1] != ':' && take_number(colon + 1, &bits) && bits &&
        bits <= 128) {
        l->bits = (unsigned)bits;
        *colon = '\0';
    }
    text = trim(text);
    dims = strchr(text, '[');
    end = dims ? dims : text + strlen(text);
    for (name = end; name > text && is_word(name[-1]);)
        name--;
    snprintf(l->name, sizeof l->name, "%.*s", (int)(end - name), name);
    while (name > text && isspace((unsigned char)name[-1]))
        name--;
    snprintf(l->type, sizeof l->type, "%.*s%s%s", (int)(name - text), text, dims ? " " : "",
             dims ? dims : "");
}

/* "struct NAME {", "class NAME : public BASE {", "union {". */
static void take_opening(char *text, struct line *l)
{
    static const char *const words[] = {"struct", "class", "union"};
    char *base;

    for (size_t i = 0; i < LB_COUNT(words); i++) {
        size_t n = strlen(words[i]);
        if (strncmp(text, words[i], n) != 0 || is_word(text[n]))
            continue;
        l->is_class = i == 1;
        l->is_union = i == 2;
        text = trim(text + n);
        if ((base = strstr(text, " : ")))
            *base = '\0';
        snprintf(l->name, sizeof l->name, "%s", trim(text));
        l->what = OPEN;
        return;
    }
}

/* A base class stands in a comment, "class BASE <ancestor>;", with its place behind it. */
static bool take_base(char *text, struct line *l)
{
    char *mark = strstr(text, "<ancestor>"), *name, *comment = mark ? strstr(mark, "/* ") : NULL;

    if (!comment || strncmp(text, "/*", 2) != 0 || !take_place(comment, l))
        return false;
    *mark = '\0';
    name = trim(text + 2);
    snprintf(l->type, sizeof l->type, "%s", name);
    snprintf(l->name, sizeof l->name, "%s", strrchr(name, ' ') ? strrchr(name, ' ') + 1 : name);
    l->what = MEMBER;
    return true;
}

static void take_size(const char *text, struct line *l)
{
    const char *size = strstr(text, "/* size:");

    if (size && !take_number(size + strlen("/* size:"), &l->size))
        l->size = 0;
}

/* With --expand_types a typedef's name stands in a comment before what it is, and of a type that
 * pahole does not know in one that does not end. Returns what is behind. */
static char *take_typedef(char *text, char alias[NAME_BYTES])
{
    static const char begin[] = "/* typedef ";
    char *name = text + strlen(begin), *lost = strstr(text, "<ERROR"), *end;

    *alias = '\0';
    if (strncmp(text, begin, strlen(begin)) != 0)
        return text;
    end = lost ? strchr(lost, '>') : strstr(text, "*/");
    if (!end || !*trim(end + (lost ? 1 : 2)))
        return text;
    snprintf(alias, NAME_BYTES, "%.*s", (int)strcspn(name, " <"), name);
    return trim(end + (lost ? 1 : 2));
}

static void take_line(char *text, struct line *l)
{
    char *comment, *semicolon, alias[NAME_BYTES];
    bool placed;

    *l = (struct line){.what = OTHER};
    text = trim(text);
    take_size(text, l);
    if (take_base(text, l))
        return;
    text = take_typedef(text, alias);
    if (!strncmp(text, "/*", 2))
        return;
    comment = strstr(text, "/*");
    placed = comment && take_place(comment, l);
    if (comment)
        *comment = '\0';
    text = trim(text);
    if (*text && text[strlen(text) - 1] == '{') {
        text[strlen(text) - 1] = '\0';
        take_opening(trim(text), l);
        memcpy(l->type, alias, sizeof l->type);
        return;
    }
    if (*text == '}')
        l->what = CLOSE;
    else if (placed)
        l->what = MEMBER;
    take_attributes(text, l);
    if ((semicolon = strchr(text, ';')))
        *semicolon = '\0';
    if (l->what == CLOSE)
        take_declarator(text + 1, l);
    else if (l->what == MEMBER && !take_function(text, l)) {
        take_declarator(text, l);
        if (*alias)
            snprintf(l->type, sizeof l->type, "%.96s%s%.24s", alias,
                     strchr(l->type, '[') ? " " : "",
                     strchr(l->type, '[') ? strchr(l->type, '[') : "");
    }
}

/* Blocks -------------------------------------------------------------------------------------- */

static int keep_line(struct block *b, const struct line *l)
{
    size_t room = b->room ? 2 * b->room : 64;
    struct line *more;

    if (b->n == LB_STRUCTURE_MEMBERS_MOST)
        return -E2BIG;
    if (b->n == b->room) {
        if (!(more = realloc(b->at, room * sizeof *more)))
            return -ENOMEM;
        b->at = more;
        b->room = room;
    }
    b->at[b->n++] = *l;
    return 0;
}

/* Takes the next structure's lines off the text; b->n 0: there is no more. Its size may stand
 * behind the line that closes it. */
static int next_block(char **text, struct block *b)
{
    int depth = 0, err = 0;
    char *line;
    struct line l;

    b->n = 0;
    while (!err && (line = strsep(text, "\n"))) {
        take_line(line, &l);
        if (!depth && l.what != OPEN)
            continue;
        depth += (l.what == OPEN) - (l.what == CLOSE);
        err = keep_line(b, &l);
        if (!depth)
            return err;
    }
    if (!err)
        b->n = 0;
    return err;
}

/* Structures ---------------------------------------------------------------------------------- */

/* A structure being made of its lines. */
struct build {
    struct lb_structure *s;
    const struct block *b;
    struct lb_why *why;
    bool old_bits; /* counted from the highest bit of the storage, as before pahole 1.16 */
};

/* The line that closes what the line i opens; next_block has balanced them. */
static size_t closing(const struct block *b, size_t i)
{
    int depth = 1;

    while (depth && ++i < b->n)
        depth += (b->at[i].what == OPEN) - (b->at[i].what == CLOSE);
    return i;
}

/* pahole leaves out namespaces: what calls itself a class, or a template, is C++. */
static enum lb_structure_lock lock_of(const char *type)
{
    static const char *const before[] = {"const ", "volatile ", "struct ", "union ", "class "};
    bool cpp = strchr(type, '<');
    char name[NAME_BYTES + 8];
    enum lb_structure_lock lock;

    for (size_t i = 0; i < LB_COUNT(before); i++)
        if (!strncmp(type, before[i], strlen(before[i]))) {
            cpp |= before[i][0] == 'c' && before[i][1] == 'l';
            type += strlen(before[i]);
        }
    if (!cpp)
        return lb_structure_lock_of(type);
    snprintf(name, sizeof name, "%s%s", strstr(type, "::") ? "" : "std::", type);
    lock = lb_structure_lock_of(name);
    return lb_structure_is_kernels(lock) ? LB_STRUCTURE_NO_LOCK : lock;
}

static size_t natural_align(size_t offset, size_t bytes)
{
    size_t align = sizeof(uint64_t);

    while (align > 1 && (offset % align || bytes % align))
        align /= 2;
    return bytes ? align : 1;
}

static void place(struct build *b, const struct line *l, struct lb_member *m)
{
    size_t unit = 8 * l->bytes, bit = l->bit;

    m->offset = l->offset;
    m->bytes = l->bytes;
    m->align_bytes = l->align ? l->align : natural_align(l->offset, l->bytes);
    if (m->offset % m->align_bytes)
        m->align_bytes = 1;
    if (!(m->bits = l->bits))
        return;
    b->old_bits |= bit && bit + l->bits == unit &&
                   !(b->s->n_members && b->s->members[b->s->n_members - 1].bits);
    if (b->old_bits && bit + l->bits <= unit)
        bit = unit - bit - l->bits;
    m->offset += bit / 8;
    m->bytes = (bit % 8 + l->bits + 7) / 8;
    m->align_bytes = 1;
}

static int add_member(struct build *b, const struct line *l, const char *path, int parent)
{
    struct lb_member m = {.parent = parent};
    char type[NAME_BYTES];
    int err;

    snprintf(type, sizeof type, "%s", *l->type ? l->type : "{...}");
    m.name = (char *)(uintptr_t)path;
    m.type = type;
    place(b, l, &m);
    if (!m.bytes && !m.bits) /* of an _Atomic, which pahole does not know */
        m.bytes = lb_structure_c11_bytes(type, sizeof(void *));
    if (m.offset > b->s->bytes || m.bytes > b->s->bytes - m.offset)
        return lb_fail(b->why, EPROTO, "structure %s: %.90s, %zu bytes at %zu, lies outside it",
                       b->s->name, path, m.bytes, m.offset);
    if ((m.lock = strchr(type, '*') ? LB_STRUCTURE_NO_LOCK : lock_of(type)))
        m.lock_bytes = m.bytes;
    if (type[strlen(type) - 1] == '*' && m.bytes)
        b->s->pointer_bytes = m.bytes;
    if (m.align_bytes > b->s->align_bytes)
        b->s->align_bytes = m.align_bytes;
    err = lb_structure_add(b->s, &m);
    return err ? lb_fail(b->why, -err, "structure %s: %s", b->s->name,
                         err == -E2BIG ? "too many members" : "out of memory")
               : 0;
}

static int add_lines(struct build *b, size_t from, size_t to, const char *path, int parent,
                     int depth);

static void name_nested(const struct line *open, const struct line *close, char type[NAME_BYTES])
{
    if (*open->type)
        snprintf(type, NAME_BYTES, "%.96s%.24s", open->type, close->type);
    else
        snprintf(type, NAME_BYTES, "%s %.88s%.24s", open->is_union ? "union" : "struct",
                 *open->name ? open->name : "{...}", close->type);
}

/* What stands between braces: with a name a member of its own, else members of what is around. What
 * is in an array's elements is not listed. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int add_nested(struct build *b, size_t open, size_t close, const char *path, int parent,
                      int depth)
{
    const struct line *l = &b->b->at[close];
    struct line named = *l;
    char below[PATH_BYTES];
    int err = 0, holder = parent;

    snprintf(below, sizeof below, "%s", path);
    if (*l->name) {
        if (snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", l->name) >=
            (int)sizeof below)
            return lb_fail(b->why, E2BIG, "structure %s: too long a name", b->s->name);
        holder = (int)b->s->n_members;
        name_nested(&b->b->at[open], l, named.type);
        err = add_member(b, &named, below, parent);
    }
    return err || *l->type ? err : add_lines(b, open + 1, close, below, holder, depth + 1);
}

/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static int add_lines(struct build *b, size_t from, size_t to, const char *path, int parent,
                     int depth)
{
    char name[PATH_BYTES];
    int err = 0;

    if (depth > LB_STRUCTURE_DEPTH_MOST)
        return lb_fail(b->why, E2BIG, "structure %s: nested over %d deep", b->s->name,
                       LB_STRUCTURE_DEPTH_MOST);
    for (size_t i = from; !err && i < to; i++) {
        const struct line *l = &b->b->at[i];
        if (l->what == OPEN) {
            size_t close = closing(b->b, i);
            err = add_nested(b, i, close, path, parent, depth);
            i = close;
        } else if (l->what == MEMBER && *l->name) {
            if (snprintf(name, sizeof name, "%s%s%s", path, *path ? "." : "", l->name) >=
                (int)sizeof name)
                return lb_fail(b->why, E2BIG, "structure %s: too long a name", b->s->name);
            err = add_member(b, l, name, parent);
        }
    }
    return err;
}

/* What the text says, or as far as its members reach. */
static size_t size_of(const struct block *b)
{
    size_t size = 0, end = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct line *l = &b->at[i];
        size = l->size ? l->size : size;
        if ((l->what == MEMBER || l->what == CLOSE) && l->offset + l->bytes > end)
            end = l->offset + l->bytes;
    }
    return size ? size : (end + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
}

static int make(const struct block *block, const char *name, struct lb_why *why,
                struct lb_structure **structure)
{
    struct build b = {.s = lb_structure_create(name), .b = block, .why = why};
    size_t align = block->at[block->n - 1].align;
    int err;

    if (!b.s)
        return lb_fail(why, ENOMEM, "structure %s: out of memory", name);
    b.s->form = LB_FORM_PAHOLE;
    b.s->is_union = block->at[0].is_union;
    b.s->bytes = size_of(block);
    b.s->align_bytes = 1;
    b.s->pointer_bytes = sizeof(void *);
    err = add_lines(&b, 1, block->n - 1, "", -1, 0);
    if (!err && align > b.s->align_bytes)
        b.s->align_bytes = align;
    while (b.s->bytes % b.s->align_bytes) /* packed */
        b.s->align_bytes /= 2;
    if (err)
        lb_structure_destroy(b.s);
    else
        *structure = b.s;
    return err;
}

/* Texts --------------------------------------------------------------------------------------- */

static int refuse_name(const char *where, const char *name, const struct lb_nearest *nearest,
                       unsigned n, struct lb_why *why)
{
    char near[LB_NEAREST_MOST * LB_DISTANCE_BYTES + 32];

    if (!n)
        return lb_fail(why, EPROTO, "%.200s: no structure as pahole prints them stands there",
                       where);
    if (!*name)
        return lb_fail(why, EINVAL,
                       "%.200s: there are %u structures: say which, pahole:FILE:STRUCT", where, n);
    return lb_fail(why, ENOENT, "%.200s: has no structure %.90s%s", where, name,
                   lb_nearest_text(nearest, near, sizeof near));
}

/* The structure of that name, or the only one there is. */
static int find(char *text, const char *where, const char *name, unsigned which, struct lb_why *why,
                struct lb_structure **structure)
{
    struct lb_nearest nearest = {.name = name};
    struct lb_structure *found = NULL;
    struct block b = {0};
    unsigned n = 0, n_named = 0;
    int err;

    while (!(err = next_block(&text, &b)) && b.n) {
        n++;
        lb_nearest_see(b.at[0].name, &nearest);
        if ((*name && strcmp(b.at[0].name, name) != 0) || ++n_named != (which ? which : 1))
            continue;
        if ((err = make(&b, b.at[0].name, why, &found)))
            break;
    }
    free(b.at);
    if (err && !found && why && !*why->text)
        lb_fail(why, -err, "%.200s: %s", where,
                err == -E2BIG ? "a structure of too many lines" : strerror(-err));
    if (!err && found && !which && n_named > 1)
        err = *name ? lb_fail(why, EINVAL,
                              "%.200s: %u structures are called %s: say which by which=1 to "
                              "which=%u",
                              where, n_named, name, n_named)
                    : refuse_name(where, name, &nearest, n, why);
    else if (!err && !found)
        err = refuse_name(where, name, &nearest, n, why);
    if (err)
        lb_structure_destroy(found);
    else
        *structure = found;
    return err;
}

int lb_pahole_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                   struct lb_structure **structure)
{
    const char *where = strcmp(file, "-") ? file : "standard input";
    char *text;
    int err = lb_structure_read_text(file, &text);

    if (err)
        return lb_fail(why, -err, "%.200s: %s", where, strerror(-err));
    for (char *c = text; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\n') || *c == 127)
            *c = ' '; /* tabs, and what a terminal might obey */
    err = find(text, where, name, which, why, structure);
    free(text);
    return err;
}
