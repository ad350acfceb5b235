/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kind of event `msr': RDMSR and WRMSR, before they change anything. What a
 * read is going to give is known then, and what a write is going to put. One
 * that raises #GP: a write is told first, a read is not.
 *
 * The window $msr has 8 bytes for each register: the last value that passed.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "qemu/module.h"
#include "cpu.h"
#include "exec/cpu-common.h"
#include "gdbstub/event.h"
#include "gdbstub/hooks.h"
#include "gdbstub/gdbx/args.h"
#include "gdbx/regs.h"

enum { NUMBER, VALUE, WRITE };

#define READS 1
#define WRITES 2
#define RANGES 16

typedef struct Filter {
    unsigned n;             /* 0: every register */
    struct { uint32_t from, to; } range[RANGES];
    unsigned how;           /* READS, WRITES; 0: both */
} Filter;

/* Those that QEMU's CPU has, by the names of Intel SDM vol. 4 and Linux. */
static const struct {
    const char *name;
    uint32_t number;
} names[] = {
    { "tsc", MSR_IA32_TSC }, { "apic_base", MSR_IA32_APICBASE },
    { "feature_control", MSR_IA32_FEATURE_CONTROL },
    { "tsc_adjust", MSR_TSC_ADJUST }, { "spec_ctrl", MSR_IA32_SPEC_CTRL },
    { "pred_cmd", MSR_IA32_PRED_CMD }, { "ucode_rev", MSR_IA32_UCODE_REV },
    { "arch_capabilities", MSR_IA32_ARCH_CAPABILITIES },
    { "tsx_ctrl", MSR_IA32_TSX_CTRL },
    { "tsc_deadline", MSR_IA32_TSCDEADLINE }, { "pkrs", MSR_IA32_PKRS },
    { "smbase", MSR_IA32_SMBASE },
    { "sysenter_cs", MSR_IA32_SYSENTER_CS },
    { "sysenter_esp", MSR_IA32_SYSENTER_ESP },
    { "sysenter_eip", MSR_IA32_SYSENTER_EIP },
    { "mcg_cap", MSR_MCG_CAP }, { "mcg_status", MSR_MCG_STATUS },
    { "mcg_ctl", MSR_MCG_CTL }, { "perf_status", MSR_IA32_PERF_STATUS },
    { "misc_enable", MSR_IA32_MISC_ENABLE }, { "pat", MSR_PAT },
    { "mtrr_def_type", MSR_MTRRdefType },
    { "bndcfgs", MSR_IA32_BNDCFGS }, { "xss", MSR_IA32_XSS },
    { "efer", MSR_EFER }, { "star", MSR_STAR }, { "lstar", 0xc0000082 },
    { "cstar", 0xc0000083 }, { "fmask", 0xc0000084 },
    { "fs_base", 0xc0000100 }, { "gs_base", 0xc0000101 },
    { "kernel_gs_base", 0xc0000102 }, { "tsc_aux", MSR_TSC_AUX },
    { "hwcr", MSR_K7_HWCR }, { "vm_hsave_pa", MSR_VM_HSAVE_PA },
};

bool gdbx_msrs;

/* The last values, found by number; another number takes the place over. */
#define LAST 256
static struct { uint32_t number; uint64_t value; } last[LAST];
static QemuMutex lock;

static void changed(void)
{
    qatomic_set(&gdbx_msrs, gdbx_event_wanted(GDBX_EVENT_MSR));
}

static void keep(uint32_t number, uint64_t value)
{
    QEMU_LOCK_GUARD(&lock);
    last[number % LAST].number = number;
    last[number % LAST].value = value;
}

/* Where @ra is not 0 all but the flags is in the CPU's state. */
void gdbx_msr_seen(CPUState *cs, bool write, uint64_t value, uintptr_t ra)
{
    GdbxEvent ev = {
        .kind = GDBX_EVENT_MSR, .pc = gdbx_i386_pc(cs), .ra = ra,
        .known = 1u << NUMBER | 1u << VALUE | 1u << WRITE,
        .field = {
            [NUMBER] = (uint32_t)cpu_env(cs)->regs[R_ECX],
            [VALUE] = value, [WRITE] = write,
        },
    };

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_MSR]);
    keep(ev.field[NUMBER], value);
    if (gdbx_event(cs, &ev)) {
        gdbx_event_stop_front(cs, ra);
    }
}

/* ---- filters ---- */

static bool number_of(const char *word, uint32_t *number)
{
    uint64_t n;

    if (gdbx_word_number(word, &n) && n <= UINT32_MAX) {
        *number = n;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!g_ascii_strcasecmp(word, names[i].name)) {
            *number = names[i].number;
            return true;
        }
    }
    return false;
}

/* NUMBER, NAME or NUMBER-NUMBER. */
static bool range_of(const char *word, uint32_t *from, uint32_t *to)
{
    g_auto(GStrv) ends = g_strsplit(word, "-", 2);

    if (!ends[0] || !number_of(ends[0], from)) {
        return false;
    }
    *to = *from;
    return !ends[1] || (number_of(ends[1], to) && *to >= *from);
}

static bool take(Filter *f, const char *word, char **why)
{
    uint32_t from, to;

    if (!strcmp(word, "read")) {
        f->how |= READS;
    } else if (!strcmp(word, "write")) {
        f->how |= WRITES;
    } else if (range_of(word, &from, &to)) {
        if (f->n == RANGES) {
            *why = g_strdup_printf("more than %d registers or ranges", RANGES);
            return false;
        }
        f->range[f->n].from = from;
        f->range[f->n++].to = to;
    } else if (g_ascii_isdigit(*word)) {
        *why = g_strdup_printf("there is no register %s", word);
        return false;
    } else {
        return !strcmp(word, "all");
    }
    return true;
}

static void *parse(const char **args, char **why)
{
    Filter *f = g_new0(Filter, 1);
    const char *rest = *args;
    GdbxWord word;

    while (gdbx_next_word(&rest, word)) {
        if (!take(f, word, why)) {
            break;
        }
        *args = rest;
    }
    if (*why) {
        g_free(f);
        return NULL;
    }
    return f;
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;

    if (f->how && !(f->how & (ev->field[WRITE] ? WRITES : READS))) {
        return false;
    }
    for (unsigned i = 0; i < f->n; i++) {
        if (ev->field[NUMBER] >= f->range[i].from &&
            ev->field[NUMBER] <= f->range[i].to) {
            return true;
        }
    }
    return !f->n;
}

static const char *name_of(uint32_t number)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return NULL;
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;

    if (!f->n) {
        g_string_append(out, "all");
    }
    for (unsigned i = 0; i < f->n; i++) {
        const char *name = name_of(f->range[i].from);

        g_string_append(out, i ? " " : "");
        if (f->range[i].to != f->range[i].from) {
            g_string_append_printf(out, "0x%x-0x%x", f->range[i].from,
                                   f->range[i].to);
        } else if (name) {
            g_string_append(out, name);
        } else {
            g_string_append_printf(out, "0x%x", f->range[i].from);
        }
    }
    g_string_append(out, f->how & READS ? " read" : "");
    g_string_append(out, f->how & WRITES ? " write" : "");
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    const char *name = name_of(ev->field[NUMBER]);

    g_snprintf(ev->text, sizeof(ev->text), "0x%x%s%s %s 0x%" PRIx64,
               (uint32_t)ev->field[NUMBER], name ? " " : "", name ? name : "",
               ev->field[WRITE] ? "write" : "read", ev->field[VALUE]);
}

/* ---- the window ---- */

static void *window_filter(uint64_t offset, uint64_t len, int access,
                           char **why)
{
    Filter *f = g_new0(Filter, 1);

    f->n = 1;
    f->range[0].from = offset / 8;
    f->range[0].to = (offset + len - 1) / 8;
    f->how = (access & BP_MEM_READ ? READS : 0) |
             (access & BP_MEM_WRITE ? WRITES : 0);
    return f;
}

static void window_read(uint64_t offset, uint8_t *buf, size_t len)
{
    QEMU_LOCK_GUARD(&lock);
    for (size_t i = 0; i < len; i++, offset++) {
        uint64_t n = offset / 8;

        buf[i] = last[n % LAST].number == n
            ? last[n % LAST].value >> (offset % 8 * 8) : 0;
    }
}

static const GdbxWindow window = {
    .base = GDBX_WINDOW_MSR, .size = 8ull << 32, .name = "$msr",
    .filter = window_filter, .read = window_read,
};

static const GdbxEventField fields[] = {
    [NUMBER] = { "number" }, [VALUE] = { "value" }, [WRITE] = { "write", true },
    { NULL }
};

static const GdbxEventType type = {
    .kind = GDBX_EVENT_MSR,
    .name = "msr",
    .params = "[NUMBER|NAME|FROM-TO|all ...] [read|write]",
    .doc = "RDMSR or WRMSR is about to be executed",
    .more =
    "  NAME   efer, star, lstar, gs_base, tsc_deadline ...\n"
    "The value that is written, or that is going to be read, is known; the "
    "instruction\n"
    "is executed at the next resume. Window $msr + 8 * NUMBER: the last value "
    "that\n"
    "passed while a point was there; rwatch for reads, watch for writes, awatch "
    "for both.\n",
    .fields = fields,
    .parse = parse, .match = match, .describe = describe, .text = text,
    .changed = changed,
    .window = &window,
};

static void register_type(void)
{
    qemu_mutex_init(&lock);
    gdbx_register_event(&type);
}

type_init(register_type);
