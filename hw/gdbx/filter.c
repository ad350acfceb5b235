/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accesses a point at a device means. See access.h. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/args.h"
#include "access.h"

#define MAX_PORT 0xffff
/* x86 has at most 52 bits of physical address: Intel SDM vol. 3, 5.1.4. */
#define MAX_PHYS 0xfffffffffffffull

bool hw_word_range(const char *word, uint64_t max, uint64_t *first,
                   uint64_t *last)
{
    g_auto(GStrv) ends = g_strsplit(word, "-", 2);

    return ends[0] && gdbx_word_number(ends[0], first) &&
           gdbx_word_number(ends[1] ?: ends[0], last) &&
           *first <= *last && *last <= max;
}

int hw_word_access(const char *word)
{
    if (!strcmp(word, "in") || !strcmp(word, "read")) {
        return BP_MEM_READ;
    }
    return !strcmp(word, "out") || !strcmp(word, "write") ? BP_MEM_WRITE : 0;
}

char *hw_next_name(const char **args)
{
    const char *p = *args + strspn(*args, " \t\r\n");
    size_t len;

    if (*p != '"') {
        len = strcspn(p, " \t\r\n");
        *args = p + len;
        return len ? g_strndup(p, len) : NULL;
    }
    p++;
    len = strcspn(p, "\"");
    *args = p + len + (p[len] == '"');
    return g_strndup(p, len);
}

HwFilter *hw_filter_range(bool port, uint64_t first, uint64_t last, int access)
{
    HwFilter *f = g_new0(HwFilter, 1);

    *f = (HwFilter) {
        .port = port, .memory = !port, .first = first, .last = last,
        .offset_last = UINT64_MAX, .access = access,
    };
    return f;
}

void hw_filter_free(void *filter)
{
    HwFilter *f = filter;

    g_free(f->name);
    g_free(f);
}

/* The first word: addresses, a name, or "all". */
static bool parse_place(HwFilter *f, const char **args, bool port, char **why)
{
    g_autofree char *name = hw_next_name(args);
    uint64_t max = port ? MAX_PORT : MAX_PHYS;

    if (!name || !*name) {
        *why = g_strdup(port ? "which port? PORT, PORT-PORT, or the name of a "
                               "region or device as `info mtree' has them"
                             : "where? ADDRESS, ADDRESS-ADDRESS, or the name "
                               "of a region or device as `info mtree' has "
                               "them");
        return false;
    }
    if (hw_word_range(name, max, &f->first, &f->last)) {
        return true;
    }
    if (g_ascii_isdigit(*name)) {
        *why = g_strdup_printf("\"%.60s\" is neither a number nor FIRST-LAST, "
                               "up to 0x%" PRIx64, name, max);
        return false;
    }
    if (!strcmp(name, "all")) {
        return true;
    }
    if (!hw_name_known(name, !port, why)) {
        return false;
    }
    f->name = g_steal_pointer(&name);
    f->port = port;
    f->memory = true;
    f->first = 0;
    f->last = UINT64_MAX;
    return true;
}

/* "size N", "offset N[-N]", a direction. False with no @why: not one of ours. */
static bool parse_option(HwFilter *f, const char *word, const char **args,
                         char **why)
{
    GdbxWord value;
    uint64_t size;
    int access = hw_word_access(word);

    if (access) {
        f->access = access;
        return true;
    }
    if (!strcmp(word, "size")) {
        if (!gdbx_next_word(args, value) || !gdbx_word_number(value, &size) ||
            !size || size > 8 || (size & (size - 1))) {
            *why = g_strdup("size is 1, 2, 4 or 8");
            return false;
        }
        f->size = size;
        return true;
    }
    if (!strcmp(word, "offset")) {
        if (!f->name) {
            *why = g_strdup("offset needs the name of a region");
        } else if (!gdbx_next_word(args, value) ||
                   !hw_word_range(value, UINT64_MAX, &f->offset,
                                  &f->offset_last)) {
            *why = g_strdup("offset is N or N-M");
        }
        return !*why;
    }
    return false;
}

HwFilter *hw_filter_parse(const char **args, bool port, char **why)
{
    HwFilter *f = hw_filter_range(port, 0, UINT64_MAX, BP_MEM_ACCESS);
    const char *p = *args;
    GdbxWord word;

    if (!parse_place(f, &p, port, why)) {
        hw_filter_free(f);
        return NULL;
    }
    do {
        *args = p;
    } while (gdbx_next_word(&p, word) && parse_option(f, word, &p, why));
    if (*why) {
        hw_filter_free(f);
        return NULL;
    }
    return f;
}

static void append_range(GString *out, uint64_t first, uint64_t last)
{
    g_string_append_printf(out, "0x%" PRIx64, first);
    if (last != first) {
        g_string_append_printf(out, "-0x%" PRIx64, last);
    }
}

void hw_filter_describe(const void *filter, GString *out)
{
    const HwFilter *f = filter;

    if (f->name) {
        g_string_append_printf(out, strpbrk(f->name, " \t") ? "\"%s\"" : "%s",
                               f->name);
    } else if (f->last == UINT64_MAX) {
        g_string_append(out, "all");
    } else {
        append_range(out, f->first, f->last);
    }
    if (f->offset || f->offset_last != UINT64_MAX) {
        g_string_append(out, " offset ");
        append_range(out, f->offset, f->offset_last);
    }
    if (f->access != BP_MEM_ACCESS) {
        g_string_append(out, f->access == BP_MEM_READ ? " read" : " write");
    }
    if (f->size) {
        g_string_append_printf(out, " size %u", f->size);
    }
}

/* [first, last] and [start, start + size) have a byte in common. */
static bool touches(uint64_t first, uint64_t last, uint64_t start,
                    unsigned size)
{
    return start <= last && start + (size - 1) >= first;
}

bool hw_filter_match(const HwFilter *f, const HwAccess *a)
{
    uint64_t offset = a->offset;

    return (a->port ? f->port : f->memory) &&
           (f->access & (a->write ? BP_MEM_WRITE : BP_MEM_READ)) &&
           (!f->size || f->size == a->size) &&
           touches(f->first, f->last, a->address, a->size) &&
           (!f->name || (hw_region_named(a->mr, f->name, &offset) &&
                         touches(f->offset, f->offset_last, offset, a->size)));
}
