/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ax-names.h. `$_NAME' is a field, all else a register. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/ax-names.h"
#include "gdbstub/gdbx/event-points.h"

/* gdb's names for what each architecture has under another one. */
static const struct {
    const char *name, *real[3];
} general[] = {
    { "pc", { "rip", "eip" } },
    { "sp", { "rsp", "esp" } },
    { "fp", { "rbp", "ebp" } },
    { "ps", { "eflags" } },
};

static bool find_field(const GdbxEventType *type, const char *name,
                       unsigned *number)
{
    for (unsigned i = 0; type && type->fields && type->fields[i].name; i++) {
        if (!strcmp(type->fields[i].name, name)) {
            *number = GDBX_FIELD_REGS + i;
            return true;
        }
    }
    return false;
}

static bool find_register(GdbxView view, const char *name, unsigned *number)
{
    GdbxRegInfo info;

    for (unsigned n = 0; gdbx.arch->reg_info(view, n, &info); n++) {
        if (!strcmp(info.name, name) && info.bytes <= 8) {
            *number = n;
            return true;
        }
    }
    return false;
}

static bool find(void *opaque, const char *name, unsigned *number)
{
    const GdbxNames *names = opaque;

    if (name[0] == '_') {
        return find_field(names->type, name + 1, number);
    }
    if (find_register(names->view, name, number)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(general); i++) {
        for (int r = 0; r < 3 && general[i].real[r] &&
                        !strcmp(general[i].name, name); r++) {
            if (find_register(names->view, general[i].real[r], number)) {
                return true;
            }
        }
    }
    return false;
}

GdbxAx *gdbx_parse_condition(const char **text, const GdbxNames *names,
                             char **why)
{
    const GdbxAxNames n = { .find = find, .opaque = (void *)names };

    return gdbx_ax_parse(text, &n, why);
}

GdbxAx *gdbx_parse_printf(const char **text, const GdbxNames *names,
                          char **why)
{
    const GdbxAxNames n = { .find = find, .opaque = (void *)names };

    return gdbx_ax_parse_printf(text, &n, why);
}
