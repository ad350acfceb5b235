/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: an instruction of some kind is going to execute. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "cpu.h"
#include "exec/breakpoint.h"
#include "gdbx/event-insn.h"
#include "gdbstub/gdbx-arch.h"
#include "gdbstub/gdbx/args.h"

/* Fields, in the order of the type's. */
enum { LENGTH, TARGET, CLASS, OPCODE };

static const GdbxEventField fields[] = {
    { "length", true }, { "target" }, { "class" }, { "opcode", true }, { NULL }
};

typedef struct Filter {
    uint64_t first, last;       /* addresses, both included */
    uint32_t any, all;          /* classes: one of these, or 0; all of these */
    uint32_t id;                /* mnemonic, or 0 */
    char words[96];             /* as they were typed */
} Filter;

static const struct {
    const char *name;
    uint32_t any, all;
} classes[] = {
    { "call", GDBX_CLASS_CALL }, { "ret", GDBX_CLASS_RET },
    { "jmp", GDBX_CLASS_JMP }, { "jcc", GDBX_CLASS_JCC },
    { "branch", GDBX_CLASS_CALL | GDBX_CLASS_RET | GDBX_CLASS_JMP |
                GDBX_CLASS_JCC },
    { "indirect", 0, GDBX_CLASS_INDIRECT }, { "far", 0, GDBX_CLASS_FAR },
    { "syscall", GDBX_CLASS_SYSCALL }, { "mmx", GDBX_CLASS_MMX },
    { "sse", GDBX_CLASS_SSE }, { "avx", GDBX_CLASS_AVX },
    { "fpu", GDBX_CLASS_FPU }, { "privileged", 0, GDBX_CLASS_PRIVILEGED },
    { "string", 0, GDBX_CLASS_STRING }, { "rep", 0, GDBX_CLASS_REP },
    { "lock", 0, GDBX_CLASS_LOCK },
};

/* "range 0x1000-0x1fff": a number, a dash, a number. */
static bool parse_range(const char **args, Filter *f, char **why)
{
    const char *rest = *args;
    GdbxWord word;
    char *dash;

    f->last = UINT64_MAX;
    if (!gdbx_next_word(&rest, word) || strcmp(word, "range")) {
        return true;
    }
    dash = gdbx_next_word(&rest, word) ? strchr(word, '-') : NULL;
    if (dash) {
        *dash = 0;
    }
    if (!dash || !gdbx_word_number(word, &f->first) ||
        !gdbx_word_number(dash + 1, &f->last) || f->first > f->last) {
        *why = g_strdup("a range is written as 0x1000-0x1fff");
        return false;
    }
    *args = rest;
    return true;
}

/* Takes a word that is a class or a mnemonic. */
static bool take(const char *word, Filter *f)
{
    unsigned id;

    for (int i = 0; i < ARRAY_SIZE(classes); i++) {
        if (!strcmp(word, classes[i].name)) {
            if (f->any && classes[i].any) {
                return false;
            }
            f->any |= classes[i].any;
            f->all |= classes[i].all;
            return true;
        }
    }
    id = f->id ? 0 : gdbx_mnemonic(word);
    f->id = id ?: f->id;
    return id;
}

static void *parse(const char **args, char **why)
{
    g_autofree Filter *f = g_new0(Filter, 1);
    const char *rest = *args;
    GdbxWord word = "";
    unsigned n = 0;

    while (gdbx_next_word(&rest, word) && take(word, f)) {
        *args = rest;
        n++;
        g_strlcat(f->words, " ", sizeof(f->words));
        g_strlcat(f->words, word, sizeof(f->words));
    }
    if (!n) {
        *why = *word ? g_strdup_printf("no instruction '%s': a class (see gdbx "
                                       "help insn) or a mnemonic as Intel "
                                       "spells it", word)
                     : g_strdup("which instructions? A class (see gdbx help "
                                "insn) or a mnemonic");
        return NULL;
    }
    if (!parse_range(args, f, why)) {
        return NULL;
    }
    return g_steal_pointer(&f);
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;
    uint32_t c = ev->field[CLASS];

    return (!f->any || (f->any & c)) && (f->all & c) == f->all &&
           (!f->id || f->id == ev->field[OPCODE]) &&
           ev->pc - f->first <= f->last - f->first;
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;

    g_string_append(out, f->words + 1);
    if (f->first || f->last != UINT64_MAX) {
        g_string_append_printf(out, " range 0x%" PRIx64 "-0x%" PRIx64, f->first,
                               f->last);
    }
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    size_t n;

    gdbx_insn_text(cs, ev->pc, ev->text, sizeof(ev->text));
    n = strlen(ev->text);
    /* Of a direct one capstone has said it. */
    if ((ev->known & (1u << TARGET)) &&
        (ev->field[CLASS] & (GDBX_CLASS_INDIRECT | GDBX_CLASS_RET))) {
        g_snprintf(ev->text + n, sizeof(ev->text) - n, " to 0x%" PRIx64,
                   ev->field[TARGET]);
    }
}

static void add_guard(const GdbxEventPoint *p, void *opaque)
{
    const Filter *f = p->filter;
    GdbxInsnGuard g = {
        .what = GDBX_GUARD_INSN, .first = f->first, .last = f->last,
        .any = f->any, .all = f->all, .id = f->id,
    };

    gdbx_guard_owner(&g, p);
    g_array_append_val((GArray *)opaque, g);
}

void gdbx_insn_guards(GArray *guards)
{
    gdbx_event_points_each(GDBX_EVENT_INSN, add_guard, guards);
}

static bool announce(CPUState *cs, uint64_t pc, const GdbxInsn *in,
                     uintptr_t ra)
{
    GdbxEvent ev = {
        .kind = GDBX_EVENT_INSN, .pc = pc, .ra = ra,
        .known = 1 << LENGTH | 1 << CLASS | 1 << OPCODE,
        .field = { [LENGTH] = in->length, [CLASS] = in->classes,
                   [OPCODE] = in->id },
    };

    if (gdbx_insn_target(cs, pc, in, &ev.field[TARGET])) {
        ev.known |= 1 << TARGET;
    }
    return gdbx_event(cs, &ev);
}

void gdbx_insn_passes(CPUState *cs, uint64_t pc, const GdbxInsn *in, bool again,
                      uintptr_t ra)
{
    const GdbxInsnSet *set = gdbx_insn_set(cs->tcg_cflags);
    bool stop = false;
    GdbxInsn decoded;

    if (!in && gdbx_decode_here(cs, pc, &decoded)) {
        in = &decoded;
    }
    if (!set || !in || gdbx_insn_begun(cs, pc, in, again)) {
        return;
    }
    if (gdbx_event_wanted(GDBX_EVENT_INSN)) {
        stop |= announce(cs, pc, in, ra);
    }
    if (gdbx_event_wanted(GDBX_EVENT_REGISTER)) {
        stop |= gdbx_register_accessed(cs, pc, in, set, ra);
    }
    if (stop) {
        gdbx_event_stop_front(cs, ra);
    }
}

static const GdbxEventType type = {
    .kind = GDBX_EVENT_INSN, .name = "insn",
    .params = "CLASS|MNEMONIC... [range A-B]",
    .doc = "an instruction of some kind is going to execute",
    .more =
    "Classes: call ret jmp jcc branch indirect far syscall mmx sse avx fpu\n"
    "privileged string rep lock. Mnemonics are Intel's, as capstone has them:\n"
    "int3, hlt, cpuid, rdtsc, invlpg, cmpxchg... Of several words all must be\n"
    "true: `jmp indirect', `lock cmpxchg', `rep movsb'.\n"
    "  range A-B   only at these (linear) addresses, both included\n",
    .fields = fields, .parse = parse, .match = match, .describe = describe,
    .text = text, .changed = gdbx_insn_sets_changed, .by_space = true,
};

static void register_type(void)
{
    gdbx_register_event(&type);
}

type_init(register_type);
