/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kind `pci': PCI configuration space, by both ways that a PC has: ports
 * 0xcf8 and 0xcfc, and memory (ECAM). Found in the accesses to the host bridge, so
 * the slots where nothing is are seen too.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "hw/core/cpu.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie_host.h"
#include "gdbstub/gdbx/args.h"
#include "access.h"

enum {
    F_BUS, F_DEVICE, F_FUNCTION, F_REGISTER, F_VALUE, F_SIZE, F_WRITE,
    /* The PCIDevice, while match() and text() are asked; it has no name. */
    F_THERE = GDBX_EVENT_FIELDS - 1
};

static const GdbxEventField fields[] = {
    [F_BUS] = { "bus" },
    [F_DEVICE] = { "device" },
    [F_FUNCTION] = { "function" },
    [F_REGISTER] = { "register" },
    [F_VALUE] = { "value" },
    [F_SIZE] = { "size", true },
    [F_WRITE] = { "write", true },
    { NULL }
};

typedef struct Filter {
    char *name;             /* of a device; NULL: by number */
    bool all;
    uint8_t bus, devfn;
    uint64_t first, last;   /* registers */
    int access;
} Filter;

/* Where in configuration space an access goes. */
typedef struct Place {
    PCIBus *root;
    uint8_t bus, devfn;
    unsigned reg;
} Place;

static bool by_ports(const HwAccess *a, Place *p)
{
    const PCIHostState *s = a->mr->opaque;

    if (a->mr->ops != &pci_host_data_le_ops ||
        !(s->config_reg & (1u << 31))) {
        return false;
    }
    *p = (Place) {
        .root = s->bus,
        .bus = s->config_reg >> 16, .devfn = s->config_reg >> 8,
        .reg = (s->config_reg & 0xff) | (a->offset & 3),
    };
    return true;
}

static bool by_memory(const HwAccess *a, Place *p)
{
    Object *o = a->mr->owner
        ? object_dynamic_cast(a->mr->owner, TYPE_PCIE_HOST_BRIDGE) : NULL;
    PCIExpressHost *e = (PCIExpressHost *)o;

    if (!e || a->mr != &e->mmio) {
        return false;
    }
    *p = (Place) {
        .root = e->pci.bus, .bus = PCIE_MMCFG_BUS(a->offset),
        .devfn = PCIE_MMCFG_DEVFN(a->offset),
        .reg = PCIE_MMCFG_CONFOFFSET(a->offset),
    };
    return true;
}

static bool find_place(const HwAccess *a, Place *p)
{
    BQL_LOCK_GUARD();       /* a port's access has it not */
    return a->port ? by_ports(a, p) : by_memory(a, p);
}

static bool wants(const HwAccess *a)
{
    Place p;

    return find_place(a, &p);
}

static bool seen(CPUState *cs, const HwAccess *a, uint64_t pc, uintptr_t ra)
{
    GdbxEvent ev = {
        .kind = GDBX_EVENT_PCI, .pc = pc, .ra = ra, .behind = true,
        .stops_behind = true,
        .known = (1u << (F_WRITE + 1)) - 1,
    };
    Place p;

    BQL_LOCK_GUARD();       /* devices come and go */
    if (!find_place(a, &p)) {
        return false;
    }
    ev.field[F_BUS] = p.bus;
    ev.field[F_DEVICE] = PCI_SLOT(p.devfn);
    ev.field[F_FUNCTION] = PCI_FUNC(p.devfn);
    ev.field[F_REGISTER] = p.reg;
    ev.field[F_VALUE] = a->value;
    ev.field[F_SIZE] = a->size;
    ev.field[F_WRITE] = a->write;
    ev.field[F_THERE] = (uintptr_t)pci_find_device(p.root, p.bus, p.devfn);
    return gdbx_event(cs, &ev);
}

static bool named(const PCIDevice *d, const char *name)
{
    return d && (!g_strcmp0(d->qdev.id, name) ||
                 !strcmp(object_get_typename((Object *)d), name));
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;
    uint64_t reg = ev->field[F_REGISTER];

    if (!(f->access & (ev->field[F_WRITE] ? BP_MEM_WRITE : BP_MEM_READ)) ||
        reg > f->last || reg + ev->field[F_SIZE] - 1 < f->first) {
        return false;
    }
    if (f->name) {
        return named((PCIDevice *)(uintptr_t)ev->field[F_THERE], f->name);
    }
    return f->all || (ev->field[F_BUS] == f->bus &&
                      PCI_DEVFN(ev->field[F_DEVICE], ev->field[F_FUNCTION]) ==
                      f->devfn);
}

/* "00:03.0" as lspci has it, hexadecimal; "0000:00:03.0" too. */
static bool parse_number(const char *word, Filter *f)
{
    unsigned bus, slot, fn;
    char end;

    if (g_str_has_prefix(word, "0000:")) {
        word += strlen("0000:");
    }
    if (strlen(word) > strlen("00:00.0") ||
        sscanf(word, "%2x:%2x.%1x%c", &bus, &slot, &fn, &end) != 3 ||
        slot > 31 || fn > 7) {
        return false;
    }
    f->bus = bus;
    f->devfn = PCI_DEVFN(slot, fn);
    return true;
}

static int look(Object *o, void *opaque)
{
    const char *name = opaque;
    PCIDevice *d = (PCIDevice *)object_dynamic_cast(o, TYPE_PCI_DEVICE);

    return named(d, name);
}

static bool parse_place(Filter *f, const char **args, char **why)
{
    g_autofree char *name = hw_next_name(args);

    if (!name || !*name) {
        *why = g_strdup("which device? BUS:DEV.FN, its id or type, or all");
        return false;
    }
    f->all = !strcmp(name, "all");
    if (f->all || parse_number(name, f)) {
        return true;
    }
    if (!object_child_foreach_recursive(object_get_root(), look, name)) {
        *why = g_strdup_printf("no PCI device is called \"%.60s\"; `info "
                               "qtree' has ids and types", name);
        return false;
    }
    f->name = g_steal_pointer(&name);
    return true;
}

/* False with no @why: the word is not ours. */
static bool parse_option(Filter *f, const char *word, const char **args,
                         char **why)
{
    int access = hw_word_access(word);
    GdbxWord value;

    if (access) {
        f->access = access;
        return true;
    }
    if (strcmp(word, "register")) {
        return false;
    }
    if (!gdbx_next_word(args, value) ||
        !hw_word_range(value, PCIE_CONFIG_SPACE_SIZE - 1, &f->first,
                       &f->last)) {
        *why = g_strdup("register is N or N-M, up to 0xfff");
        return false;
    }
    return true;
}

static void release(void *filter)
{
    g_free(((Filter *)filter)->name);
    g_free(filter);
}

static void *parse(const char **args, char **why)
{
    Filter *f = g_new0(Filter, 1);
    const char *p = *args;
    GdbxWord word;

    f->access = BP_MEM_ACCESS;
    f->last = PCIE_CONFIG_SPACE_SIZE - 1;
    if (parse_place(f, &p, why)) {
        do {
            *args = p;
        } while (gdbx_next_word(&p, word) && parse_option(f, word, &p, why));
    }
    if (*why) {
        release(f);
        return NULL;
    }
    return f;
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;

    if (f->name || f->all) {
        g_string_append(out, f->name ?: "all");
    } else {
        g_string_append_printf(out, "%02x:%02x.%x", f->bus, PCI_SLOT(f->devfn),
                               PCI_FUNC(f->devfn));
    }
    if (f->first || f->last != PCIE_CONFIG_SPACE_SIZE - 1) {
        g_string_append_printf(out, " register 0x%" PRIx64, f->first);
        if (f->last != f->first) {
            g_string_append_printf(out, "-0x%" PRIx64, f->last);
        }
    }
    if (f->access != BP_MEM_ACCESS) {
        g_string_append(out, f->access == BP_MEM_READ ? " read" : " write");
    }
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    const PCIDevice *d = (PCIDevice *)(uintptr_t)ev->field[F_THERE];

    g_snprintf(ev->text, sizeof(ev->text), "%s %02x:%02x.%x register 0x%x size "
               "%d value 0x%" PRIx64 " (%s)",
               ev->field[F_WRITE] ? "write" : "read", (int)ev->field[F_BUS],
               (int)ev->field[F_DEVICE], (int)ev->field[F_FUNCTION],
               (int)ev->field[F_REGISTER], (int)ev->field[F_SIZE],
               ev->field[F_VALUE],
               d ? object_get_typename((Object *)d) : "no device");
}

static const GdbxEventType type = {
    .kind = GDBX_EVENT_PCI,
    .name = "pci",
    .params = "BUS:DEV.FN|NAME|all [register N[-N]] [read|write]",
    .doc = "PCI configuration space is read or written, by ports or memory",
    .more =
        "NAME is the id or type of a device. Numbers of devices are "
        "hexadecimal, as\nlspci has them. Told behind the instruction.\n",
    .fields = fields,
    .parse = parse,
    .release = release,
    .match = match,
    .describe = describe,
    .text = text,
    .changed = hw_points_changed,
};

static void register_type(void)
{
    hw_config_listener(wants, seen);
    gdbx_register_event(&type);
}

type_init(register_type)
