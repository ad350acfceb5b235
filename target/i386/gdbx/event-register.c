/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: an instruction is going to read or write a register. */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "cpu.h"
#include "exec/breakpoint.h"
#include "gdbx/event-insn.h"
#include "gdbstub/gdbx/args.h"

enum { REGISTER, ACCESS, VALUE, NEW };

static const GdbxEventField fields[] = {
    { "register", true }, { "access" }, { "value" }, { "new" }, { NULL }
};

typedef struct Filter {
    uint32_t reg, access;
} Filter;

static uint32_t access_word(const char *word)
{
    return !strcmp(word, "read") ? BP_MEM_READ
         : !strcmp(word, "write") ? BP_MEM_WRITE
         : !strcmp(word, "access") ? BP_MEM_READ | BP_MEM_WRITE : 0;
}

static const char *access_name(uint32_t access)
{
    return access == BP_MEM_READ ? "read"
         : access == BP_MEM_WRITE ? "write" : "access";
}

static void *parse(const char **args, char **why)
{
    uint32_t access = BP_MEM_WRITE;
    const char *rest;
    GdbxWord word;
    Filter *f;
    int reg;

    if (!gdbx_next_word(args, word)) {
        *why = g_strdup("which register?");
        return NULL;
    }
    reg = gdbx_isa_reg(word);
    if (reg < 0) {
        *why = g_strdup_printf("no register '%s'; see gdbx help register",
                               word);
        return NULL;
    }
    rest = *args;
    if (gdbx_next_word(&rest, word) && access_word(word)) {
        access = access_word(word);
        *args = rest;
    }
    f = g_new0(Filter, 1);
    f->reg = reg;
    f->access = access;
    return f;
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;

    return f->reg == ev->field[REGISTER] && (f->access & ev->field[ACCESS]);
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;

    g_string_append_printf(out, "%s %s", gdbx_isa_name(f->reg),
                           access_name(f->access));
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    static const char *const how[4] = { "?", "read", "write", "read and write" };
    g_autoptr(GString) s = g_string_new(NULL);
    char insn[96];

    gdbx_insn_text(cs, ev->pc, insn, sizeof(insn));
    g_string_printf(s, "%s of %s, 0x%" PRIx64, how[ev->field[ACCESS] & 3],
                    gdbx_isa_name(ev->field[REGISTER]), ev->field[VALUE]);
    if (ev->known & (1u << NEW)) {
        g_string_append_printf(s, " -> 0x%" PRIx64, ev->field[NEW]);
    }
    g_snprintf(ev->text, sizeof(ev->text), "%s: %s", s->str, insn);
}

static void add_guard(const GdbxEventPoint *p, void *opaque)
{
    const Filter *f = p->filter;
    GdbxInsnGuard g = {
        .what = GDBX_GUARD_REGISTER, .last = UINT64_MAX,
        .reg = f->reg, .access = f->access,
    };

    gdbx_guard_owner(&g, p);
    g_array_append_val((GArray *)opaque, g);
}

void gdbx_register_guards(GArray *guards)
{
    gdbx_event_points_each(GDBX_EVENT_REGISTER, add_guard, guards);
}

/* What the register will be, of those instructions that only move. */
static bool new_value(CPUState *cs, const GdbxInsn *in, unsigned reg,
                      uint64_t *value)
{
    if (in->moves_to != reg) {
        return false;
    }
    *value = in->moves_from < 0 ? in->constant
                                : gdbx_isa_value(cs, in->moves_from);
    if (in->move_bytes == 4) {
        *value = (uint32_t)*value;
    }
    return true;
}

static bool announce(CPUState *cs, uint64_t pc, const GdbxInsn *in,
                     unsigned reg, uintptr_t ra)
{
    GdbxEvent ev = {
        .kind = GDBX_EVENT_REGISTER, .pc = pc, .ra = ra,
        .known = 1 << REGISTER | 1 << ACCESS | 1 << VALUE,
        .field = {
            [REGISTER] = reg,
            [ACCESS] = (gdbx_isa_has(&in->reads, reg) ? BP_MEM_READ : 0) |
                       (gdbx_isa_has(&in->writes, reg) ? BP_MEM_WRITE : 0),
            [VALUE] = gdbx_isa_value(cs, reg),
        },
    };

    if (new_value(cs, in, reg, &ev.field[NEW])) {
        ev.known |= 1 << NEW;
    }
    return gdbx_event(cs, &ev);
}

bool gdbx_register_accessed(CPUState *cs, uint64_t pc, const GdbxInsn *in,
                         const GdbxInsnSet *set, uintptr_t ra)
{
    bool stop = false;

    for (int i = 0; i < ARRAY_SIZE(set->reads.w); i++) {
        uint64_t regs = (set->reads.w[i] & in->reads.w[i]) |
                        (set->writes.w[i] & in->writes.w[i]);

        for (; regs; regs &= regs - 1) {
            stop |= announce(cs, pc, in, i * 64 + ctz64(regs), ra);
        }
    }
    return stop;
}

static const GdbxEventType type = {
    .kind = GDBX_EVENT_REGISTER, .name = "register",
    .params = "NAME [read|write|access]",
    .doc = "an instruction is going to read or write a register",
    .more =
    "NAME: a general register (or a part: eax is rax), xmm0..15, mm0..7, "
    "cr0..8,\n"
    "dr0..7, cs ds es fs gs ss, fs_base gs_base gdtr idtr ldtr tr xcr0 mxcsr, "
    "flags\n"
    "or one of them: flags.if, flags.df, flags.tf... `write' is meant if "
    "nothing is\n"
    "said. An instruction that leaves it as it is (and eax, eax) counts; what "
    "the CPU\n"
    "does by itself (an interrupt, a fault) is no instruction.\n"
    "$_value is what it is before, $_new what a plain mov makes of it.\n",
    .fields = fields, .parse = parse, .match = match, .describe = describe,
    .text = text, .changed = gdbx_insn_sets_changed, .by_space = true,
};

static void register_type(void)
{
    gdbx_register_event(&type);
}

type_init(register_type);
