/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kind `io': IN, OUT and their string forms; devices by name. */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "hw/core/cpu.h"
#include "access.h"

static const GdbxEventField fields[] = {
    [HW_FIELD_ADDRESS] = { "address" },
    [HW_FIELD_VALUE] = { "value" },
    [HW_FIELD_SIZE] = { "size", true },
    [HW_FIELD_WRITE] = { "write", true },
    [HW_FIELD_OFFSET] = { "offset" },
    [HW_FIELD_COUNT] = { "count", true },
    [HW_FIELD_PORT] = { "port" },
    { NULL }
};

static void *parse(const char **args, char **why)
{
    return hw_filter_parse(args, true, why);
}

static void *window_filter(uint64_t offset, uint64_t len, int access,
                           char **why)
{
    return hw_filter_range(true, offset, offset + len - 1, access);
}

static void window_read(uint64_t offset, uint8_t *buf, size_t len)
{
    hw_last_read(true, offset, buf, len);
}

static const GdbxWindow window = {
    .base = GDBX_WINDOW_IO, .size = 0x10000, .name = "$io",
    .filter = window_filter, .read = window_read,
};

static const GdbxEventType type = {
    .kind = GDBX_EVENT_IO,
    .name = "io",
    .params = "PORT[-PORT]|NAME|all [in|out] [size N] [offset N[-N]]",
    .doc = "a port is read or written; also a device's memory by its NAME",
    .more =
        "NAME is of a region (info mtree), or the id or type of a device; one\n"
        "with blanks in it goes into double quotes. offset: of a region's "
        "start.\n"
        "Told behind the instruction; registers in a condition are those in "
        "front\nof it. $_value is what was read or written. $_count: of a "
        "repeated string\ninstruction, how often it is still to be done, this "
        "time included.\n",
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
