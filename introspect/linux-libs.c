/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the dynamic linker has loaded: the lists of struct link_map (<link.h> of
 * any libc) that struct r_debug leads to. glibc has one for each namespace of
 * dlmopen(), which are chained behind the first since r_version 2
 * (struct r_debug_extended).
 */
#include "linux-program.h"

#define LIBS_MAX    4096
#define SPACES_MAX  64
#define NAME_BYTES  4096

typedef LinuxProgram Program;

/* At most NAME_BYTES, and only as far as there is memory. */
static bool name_at(Program *p, uint64_t va, char **name, OsiError *err)
{
    char buf[NAME_BYTES + 1];
    size_t done = 0;

    while (va && done < NAME_BYTES) {
        size_t part = MIN(NAME_BYTES - done, 64 - (va + done) % 64);

        if (!linux_user_read(&p->u, va + done, buf + done, part, err)) {
            return false;
        }
        if (memchr(buf + done, 0, part)) {
            *name = g_strdup(buf);
            return true;
        }
        done += part;
    }
    buf[done] = 0;
    *name = g_strdup(buf);
    return true;
}

bool linux_program_library(LinuxProgram *p, uint64_t map, OsiLibrary *row,
                           uint64_t *next, OsiError *err)
{
    OsiLibrary found = { .link_map = map };
    uint8_t b[4 * 8];

    if (!linux_user_read(&p->u, map, b, 4 * p->word, err) ||
        !name_at(p, osi_le(b + p->word, p->word), &found.name, err)) {
        return false;
    }
    found.base = osi_le(b, p->word);
    found.dynamic = osi_le(b + 2 * p->word, p->word);
    *next = osi_le(b + 3 * p->word, p->word);
    *row = found;
    return true;
}

static bool walk(Program *p, uint64_t debug, uint64_t map, GHashTable *seen,
                 GArray *out, OsiError *err)
{
    while (map) {
        OsiLibrary row;

        if (out->len >= LIBS_MAX ||
            !g_hash_table_add(seen, g_memdup2(&map, sizeof(map)))) {
            return osi_fail(err, OSI_ERR_BAD_DATA, map, "list of libraries"
                            " returns to itself or is longer than %d",
                            LIBS_MAX);
        }
        if (!linux_program_library(p, map, &row, &map, err)) {
            return false;
        }
        row.space = debug;
        g_array_append_val(out, row);
    }
    return true;
}

/* The namespaces behind the first. Damage there leaves the first one. */
static void walk_others(Program *p, uint64_t debug, GHashTable *seen,
                        GArray *out)
{
    for (int i = 0; i < SPACES_MAX; i++) {
        uint64_t next, map;
        uint8_t version[4];
        guint before = out->len;

        if (!linux_user_read(&p->u, debug, version, 4, NULL) ||
            osi_le32(version) < 2 ||
            !linux_program_word(p, debug + 5 * p->word, &next, NULL) ||
            !next ||
            !linux_program_word(p, next + p->word, &map, NULL)) {
            return;
        }
        if (!walk(p, next, map, seen, out, NULL)) {
            while (out->len > before) {
                g_free(g_array_index(out, OsiLibrary, out->len - 1).name);
                g_array_set_size(out, out->len - 1);
            }
            return;
        }
        debug = next;
    }
}

static bool read_list(Program *p, GArray *out, OsiError *err)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash,
                                                       g_int64_equal, g_free,
                                                       NULL);
    uint64_t debug, map;
    uint8_t version[4];

    if (!linux_program_debug(p, &debug, err) ||
        !linux_user_read(&p->u, debug, version, 4, err) ||
        !linux_program_word(p, debug + p->word, &map, err)) {
        return false;
    }
    if (!osi_le32(version) || !map) {
        return osi_fail(err, OSI_ERR_NO_SUCH, debug, "the dynamic linker of %d"
                        " (%s) has no list yet", p->u.t->pid, p->u.t->comm);
    }
    if (!walk(p, debug, map, seen, out, err)) {
        return false;
    }
    walk_others(p, debug, seen, out);
    return true;
}

bool linux_libraries(void *os, const OsiTask *t, GArray *out, OsiError *err)
{
    LinuxProgram p;
    bool ok = linux_program_read(&p, os, t, err) && read_list(&p, out, err);

    linux_user_clear(&p.u);
    return ok;
}
