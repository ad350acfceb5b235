/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kind `mmio': loads from and stores to the memory of devices. */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "access.h"

static const GdbxEventField fields[] = {
    [HW_FIELD_ADDRESS] = { "address" },
    [HW_FIELD_VALUE] = { "value" },
    [HW_FIELD_SIZE] = { "size", true },
    [HW_FIELD_WRITE] = { "write", true },
    [HW_FIELD_OFFSET] = { "offset" },
    [HW_FIELD_COUNT] = { "count", true },
    { NULL }
};

static void *parse(const char **args, char **why)
{
    return hw_filter_parse(args, false, why);
}

static void *window_filter(uint64_t offset, uint64_t len, int access,
                           char **why)
{
    return hw_filter_range(false, offset, offset + len - 1, access);
}

static void window_read(uint64_t offset, uint8_t *buf, size_t len)
{
    hw_last_read(false, offset, buf, len);
}

static bool is_there(uint64_t offset)
{
    MemoryRegion *mr = memory_region_find(get_system_memory(), offset, 1).mr;

    if (mr) {
        memory_region_unref(mr);
    }
    return mr;
}

/* RAM in it is watched otherwise: gdbstub/gdbx/watch.c. */
static const GdbxWindow window = {
    .base = GDBX_WINDOW_PHYS, .size = 1ull << 52, .name = "$phys",
    .filter = window_filter, .read = window_read, .is_there = is_there,
};

static const GdbxEventType type = {
    .kind = GDBX_EVENT_MMIO,
    .name = "mmio",
    .params = "ADDRESS[-ADDRESS]|NAME|all [offset N[-N]] [read|write] [size N]",
    .doc = "a CPU reads or writes the memory of a device",
    .more =
        "ADDRESS is physical. NAME is of a region (info mtree), or the id or "
        "type of\na device; one with blanks in it goes into double quotes. "
        "offset: of a\nregion's start. Told behind the instruction; registers "
        "in a condition are\nthose in front of it. $_value is what was read "
        "or written.\nRAM is no device: gdbx watch phys.\n",
    .fields = fields,
    .parse = parse,
    .release = hw_filter_free,
    .match = hw_event_match,
    .describe = hw_filter_describe,
    .text = hw_event_text,
    .changed = hw_points_changed,
    .window = &window,
};

static void register_type(void)
{
    gdbx_register_event(&type);
}

type_init(register_type)
