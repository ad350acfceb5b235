/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types from text; see forge-types.h. */
#include <stdlib.h>
#include "forge-types.h"

typedef struct Struct Struct;

typedef struct Member {
    char *name;
    const Struct *of;           /* NULL: a number */
    uint32_t offset, size;      /* bytes; @size of all elements */
    uint32_t element, count;    /* count 0: no array */
    bool pointer;
} Member;

struct Struct {
    char *name;
    uint32_t size, id;
    GArray *members;            /* Member */
};

struct ForgeTypes {
    unsigned word;
    GPtrArray *structs;         /* Struct */
};

static void clear_member(gpointer p)
{
    g_free(((Member *)p)->name);
}

static void free_struct(gpointer p)
{
    Struct *s = p;

    g_free(s->name);
    g_array_unref(s->members);
    g_free(s);
}

static Struct *find(const ForgeTypes *t, const char *name)
{
    for (guint i = 0; i < t->structs->len; i++) {
        Struct *s = t->structs->pdata[i];

        if (!strcmp(s->name, name)) {
            return s;
        }
    }
    return NULL;
}

/* "u32", "ptr", "path", "u8[16]" */
static void parse_type(const ForgeTypes *t, const char *text, Member *m)
{
    g_auto(GStrv) part = g_strsplit(text, "[", 2);

    m->of = NULL;
    if (part[0][0] == 'u' && g_ascii_isdigit(part[0][1])) {
        m->element = atoi(part[0] + 1) / 8;
    } else if (!strcmp(part[0], "ptr")) {
        m->element = t->word;
        m->pointer = true;
    } else {
        m->of = find(t, part[0]);
        if (!m->of) {
            g_error("forged types: %s is not known", part[0]);
        }
        m->element = m->of->size;
    }
    m->count = part[1] ? atoi(part[1]) : 0;
    m->size = m->element * (m->count ? m->count : part[1] ? 0 : 1);
}

/* Return the end of the last member. */
static uint32_t parse_member(const ForgeTypes *t, Struct *s, const char *text,
                             uint32_t next)
{
    g_auto(GStrv) word = g_strsplit(text, " ", 2);
    char *at = strchr(word[0], '@');
    Member m = { 0 };
    uint32_t align;

    parse_type(t, word[1], &m);
    align = m.of || m.element > t->word ? t->word : m.element;
    m.offset = at ? strtoul(at + 1, NULL, 16) : FORGE_UP(next, align);
    if (at) {
        *at = 0;
    }
    m.name = g_strdup(word[0]);
    g_array_append_val(s->members, m);
    return m.offset + m.size;
}

static void parse_struct(ForgeTypes *t, const char *text)
{
    const char *open = strchr(text, '{');
    g_autofree char *head = g_strndup(text, open - text);
    g_autofree char *body = g_strndup(open + 1, strlen(open) - 2);
    g_auto(GStrv) members = g_strsplit(body, ";", -1);
    Struct *s = g_new0(Struct, 1);
    char *size = strchr(head, ':'), *front = strchr(head, '!');
    uint32_t next = front ? 0 : t->word, end = 0;

    if (size) {
        *size = 0;
    }
    if (front) {
        *front = 0;
    }
    s->name = g_strdup(head);
    s->members = g_array_new(false, true, sizeof(Member));
    g_array_set_clear_func(s->members, clear_member);
    for (int i = 0; members[i]; i++) {
        next = parse_member(t, s, g_strstrip(members[i]), next);
        end = MAX(end, next);
    }
    s->size = size ? strtoul(size + 1, NULL, 16) : FORGE_UP(end, t->word);
    g_assert_cmpuint(s->size, >=, end);
    g_ptr_array_add(t->structs, s);
}

ForgeTypes *forge_types_new(unsigned word, const char *const *text, size_t n)
{
    ForgeTypes *t = g_new0(ForgeTypes, 1);

    t->word = word;
    t->structs = g_ptr_array_new_with_free_func(free_struct);
    for (size_t i = 0; i < n; i++) {
        if (text[i]) {
            parse_struct(t, text[i]);
        }
    }
    return t;
}

void forge_types_free(ForgeTypes *t)
{
    g_ptr_array_unref(t->structs);
    g_free(t);
}

/* ---- places ---- */

static const Member *member_of(const Struct *s, const char *name)
{
    for (guint i = 0; i < s->members->len; i++) {
        const Member *m = &g_array_index(s->members, Member, i);

        if (!strcmp(m->name, name)) {
            return m;
        }
    }
    g_error("forged types: %s has no %s", s->name, name);
}

static const Member *walk(const ForgeTypes *t, const char *name,
                          const char *path, uint32_t *offset)
{
    g_auto(GStrv) part = g_strsplit(path, ".", -1);
    const Struct *s = find(t, name);
    const Member *m = NULL;

    *offset = 0;
    for (int i = 0; part[i]; i++) {
        if (!s) {
            g_error("forged types: no struct for %s of %s", path, name);
        }
        m = member_of(s, part[i]);
        *offset += m->offset;
        s = m->of;
    }
    return m;
}

uint32_t forge_offset(const ForgeTypes *t, const char *name, const char *path)
{
    uint32_t offset;

    walk(t, name, path, &offset);
    return offset;
}

uint32_t forge_size(const ForgeTypes *t, const char *name, const char *path)
{
    uint32_t offset;

    return walk(t, name, path, &offset)->size;
}

uint32_t forge_struct_size(const ForgeTypes *t, const char *name)
{
    const Struct *s = find(t, name);

    if (!s) {
        g_error("forged types: no struct %s", name);
    }
    return s->size;
}

/* ---- BTF ---- */

typedef struct Numbers {
    uint32_t ptr, of[9];        /* ids, by bytes */
} Numbers;

static uint32_t type_id(ForgeBtf *b, const Numbers *n, const Member *m)
{
    uint32_t id = m->of ? m->of->id : m->pointer ? n->ptr : n->of[m->element];

    return m->size == m->element ? id : forge_btf_array(b, id, m->count);
}

GByteArray *forge_types_btf(const ForgeTypes *t, int fillers)
{
    ForgeBtf *b = forge_btf_new();
    Numbers n = { 0 };

    n.of[1] = forge_btf_int(b, "char", 1);
    n.of[2] = forge_btf_int(b, "short", 2);
    n.of[4] = forge_btf_int(b, "int", 4);
    n.of[8] = forge_btf_int(b, "long long", 8);
    forge_btf_int(b, "long unsigned int", t->word);
    n.ptr = forge_btf_type(b, "", BTF_PTR, 0, 0);
    for (guint i = 0; i < t->structs->len; i++) {
        Struct *s = t->structs->pdata[i];
        g_autofree ForgeMember *m = g_new(ForgeMember, s->members->len);

        for (guint k = 0; k < s->members->len; k++) {
            const Member *from = &g_array_index(s->members, Member, k);

            m[k] = (ForgeMember) { from->name, type_id(b, &n, from),
                                   from->offset };
        }
        s->id = forge_btf_struct(b, BTF_STRUCT, s->name, s->size, m,
                                 s->members->len);
    }
    while (fillers--) {
        forge_btf_int(b, "filler", 4);
    }
    return forge_btf_finish(b);
}
