/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions and devices by name: a region's own as `info mtree' shows it, that of
 * a region around it, or its device's id (-device ...,id=) or type.
 *
 * Names are compared at each access in question: regions and devices come, go
 * and move while the guest runs.
 */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "hw/qdev-core.h"
#include "qom/object.h"
#include "access.h"

/* Names that are offered when one is not known. */
#define MAX_CLOSE 8
/* A typing error or two. */
#define MAX_DISTANCE 2
/* Letters that a part of a name must have to tell anything. */
#define MIN_PART 3

/* A device is within another, as a UART in its ISA card. */
static bool device_named(const MemoryRegion *mr, const char *name)
{
    for (Object *o = (Object *)mr->dev; o; o = o->parent) {
        DeviceState *dev = (DeviceState *)object_dynamic_cast(o, TYPE_DEVICE);

        if (!dev) {
            return false;
        }
        if (!g_strcmp0(dev->id, name) || !strcmp(object_get_typename(o), name)) {
            return true;
        }
    }
    return false;
}

bool hw_region_named(const MemoryRegion *mr, const char *name,
                     uint64_t *offset)
{
    uint64_t at = *offset;

    for (const MemoryRegion *m = mr; m; m = m->container) {
        if (!g_strcmp0(m->name, name)) {
            *offset = at;
            return true;
        }
        at += m->addr;
    }
    return mr && device_named(mr, name);
}

/* Insertions, deletions, changes that make @a of @b. */
static unsigned distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    g_autofree unsigned *row = g_new(unsigned, n + 1);

    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            unsigned up = row[j + 1];

            row[j + 1] = MIN(MIN(up, row[j]) + 1,
                             diagonal + (g_ascii_tolower(a[i]) !=
                                         g_ascii_tolower(b[j])));
            diagonal = up;
        }
    }
    return row[n];
}

/* The start of a name, or the end, or a typing error. */
static bool close_to(const char *name, const char *other)
{
    g_autofree char *a = g_ascii_strdown(name, -1);
    g_autofree char *b = g_ascii_strdown(other, -1);

    return (strlen(b) >= MIN_PART && strstr(a, b)) ||
           (strlen(a) >= MIN_PART && strstr(b, a)) ||
           distance(a, b) <= MAX_DISTANCE;
}

typedef struct Search {
    const char *name;
    bool memory, ports;     /* where it was found */
    GPtrArray *close;       /* const char * */
} Search;

static void offer(Search *s, const char *name)
{
    if (!name || !close_to(s->name, name)) {
        return;
    }
    for (guint i = 0; i < s->close->len; i++) {
        if (!strcmp(g_ptr_array_index(s->close, i), name)) {
            return;
        }
    }
    g_ptr_array_add(s->close, (void *)name);
}

static bool by_ports(const MemoryRegion *mr)
{
    while (mr->container) {
        mr = mr->container;
    }
    return mr == get_system_io();
}

static int look(Object *o, void *opaque)
{
    MemoryRegion *mr = (MemoryRegion *)object_dynamic_cast(o,
                                                           TYPE_MEMORY_REGION);
    Search *s = opaque;
    uint64_t offset = 0;

    if (!mr) {
        return 0;
    }
    if (hw_region_named(mr, s->name, &offset)) {
        if (by_ports(mr)) {
            s->ports = true;
        } else {
            s->memory = true;
        }
    }
    offer(s, mr->name);
    if (mr->dev) {
        offer(s, mr->dev->id);
        offer(s, object_get_typename((Object *)mr->dev));
    }
    return 0;
}

static int by_distance(const void *a, const void *b, void *name)
{
    return (int)distance(name, *(char **)a) - (int)distance(name, *(char **)b);
}

static char *unknown(const Search *s)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_printf(out, "nothing is called \"%.60s\"", s->name);
    g_ptr_array_sort_with_data(s->close, by_distance, (void *)s->name);
    for (guint i = 0; i < MIN(s->close->len, MAX_CLOSE); i++) {
        g_string_append_printf(out, "%s%s", i ? ", " : "; there is ",
                               (char *)g_ptr_array_index(s->close, i));
    }
    if (!s->close->len) {
        g_string_append(out, "; names are in `info mtree' and `info os "
                             "regions'");
    }
    return g_string_free(g_steal_pointer(&out), false);
}

bool hw_name_known(const char *name, bool memory, char **why)
{
    g_autoptr(GPtrArray) close = g_ptr_array_new();
    Search s = { .name = name, .close = close };

    object_child_foreach_recursive(object_get_root(), look, &s);
    if (s.memory || (s.ports && !memory)) {
        return true;
    }
    *why = s.ports ? g_strdup_printf("\"%.60s\" is reached by ports: that is "
                                     "kind io", name)
                   : unknown(&s);
    return false;
}

static void append_device(GString *out, DeviceState *dev)
{
    g_autofree char *path = qdev_get_dev_path(dev);

    g_string_append_printf(out, ", %s", object_get_typename((Object *)dev));
    if (dev->id) {
        g_string_append_printf(out, " \"%s\"", dev->id);
    }
    if (path) {
        g_string_append_printf(out, " %s", path);
    }
}

void hw_append_place(GString *out, bool port, uint64_t address)
{
    hwaddr at, len = 1;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(port ? &address_space_io
                                      : &address_space_memory,
                                 address, &at, &len, false,
                                 MEMTXATTRS_UNSPECIFIED);
    if (!mr->name || mr == get_system_io()) {
        g_string_append(out, "no device");
        return;
    }
    g_string_append_printf(out, "%s+0x%" PRIx64, mr->name, (uint64_t)at);
    if (mr->dev) {
        append_device(out, mr->dev);
    }
}
