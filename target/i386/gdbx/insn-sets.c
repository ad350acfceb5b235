/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "cpu.h"
#include "exec/breakpoint.h"
#include "exec/tb-flush.h"
#include "gdbx/event-insn.h"

#define SETS (GDBX_CF_INSN >> GDBX_CF_INSN_SHIFT)

/* Set n is sets[n]; 0 is none. Written while no vCPU runs. */
static GdbxInsnSet sets[SETS + 1];
static unsigned current;
bool gdbx_insn_wanted_now;

bool gdbx_guard_means(const GdbxInsnGuard *g, const GdbxInsn *in)
{
    switch (g->what) {
    case GDBX_GUARD_INSN:
        return (!g->any || (g->any & in->classes)) &&
               (g->all & in->classes) == g->all && (!g->id || g->id == in->id);
    case GDBX_GUARD_REGISTER:
        return ((g->access & BP_MEM_READ) && gdbx_isa_has(&in->reads, g->reg)) ||
               ((g->access & BP_MEM_WRITE) &&
                gdbx_isa_has(&in->writes, g->reg));
    default:
        return in->classes & (GDBX_CLASS_CALL | GDBX_CLASS_RET);
    }
}

void gdbx_guard_owner(GdbxInsnGuard *g, const GdbxEventPoint *p)
{
    g->cpl = p->cpl;
    g->mask = p->has_space ? p->mask : 0;
    g->space = p->has_space ? p->space : 0;
}

const GdbxInsnSet *gdbx_insn_set(uint32_t cflags)
{
    unsigned n = (cflags & GDBX_CF_INSN) >> GDBX_CF_INSN_SHIFT;

    return n ? &sets[n] : NULL;
}

/* The bits of tcg_cflags that @cs is to have now. */
static uint32_t bits_for(CPUState *cs)
{
    const GdbxInsnSet *s = &sets[current];
    uint64_t cr3 = cpu_env(cs)->cr[3];

    for (unsigned i = 0; i < s->n; i++) {
        if ((cr3 & s->guards[i].mask) == s->guards[i].space) {
            return current << GDBX_CF_INSN_SHIFT;
        }
    }
    return 0;
}

static void set_bits(CPUState *cs, uint32_t bits)
{
    cs->tcg_cflags = (cs->tcg_cflags & ~GDBX_CF_INSN) | bits;
}

/*
 * The block that is being looked for is of the kind that the vCPU has executed
 * so far: it leaves in front of its first instruction and looks again. A load
 * of CR3 ends its block and empties the TLB, so the first fetch behind it comes
 * here.
 */
void gdbx_insn_choose(CPUState *cs)
{
    uint32_t bits = bits_for(cs);

    if ((cs->tcg_cflags & GDBX_CF_INSN) != bits) {
        set_bits(cs, bits);
        qatomic_set(&cs->neg.icount_decr.u16.high, -1);
    }
}

static bool same(const GdbxInsnSet *s, const GArray *guards)
{
    return s->n && s->n == guards->len &&
           !memcmp(s->guards, guards->data, s->n * sizeof(*s->guards));
}

static void forget_sets(void)
{
    for (unsigned i = 1; i <= SETS; i++) {
        g_free(sets[i].guards);
        sets[i] = (GdbxInsnSet) { .n = 0 };
    }
    tb_flush(first_cpu);
}

static void fill(GdbxInsnSet *s, const GArray *guards)
{
    s->n = guards->len;
    s->guards = g_memdup2(guards->data, s->n * sizeof(*s->guards));
    for (unsigned i = 0; i < s->n; i++) {
        const GdbxInsnGuard *g = &s->guards[i];

        if (g->what == GDBX_GUARD_REGISTER) {
            if (g->access & BP_MEM_READ) {
                gdbx_isa_add(&s->reads, g->reg);
            }
            if (g->access & BP_MEM_WRITE) {
                gdbx_isa_add(&s->writes, g->reg);
            }
        }
    }
}

static unsigned number_of(const GArray *guards)
{
    unsigned i;

    if (!guards->len) {
        return 0;
    }
    for (i = 1; i <= SETS && sets[i].n; i++) {
        if (same(&sets[i], guards)) {
            return i;
        }
    }
    if (i > SETS) {
        forget_sets();
        i = 1;
    }
    fill(&sets[i], guards);
    return i;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(GdbxInsnGuard));
}

static GArray *wanted(void)
{
    GArray *guards = g_array_new(false, true, sizeof(GdbxInsnGuard));
    guint kept = 0;

    gdbx_insn_guards(guards);
    gdbx_register_guards(guards);
    gdbx_callstack_guards(guards);
    g_array_sort(guards, compare);
    for (guint i = 0; i < guards->len; i++) {
        GdbxInsnGuard *g = &g_array_index(guards, GdbxInsnGuard, i);

        if (!kept || compare(g, g - (i - kept + 1))) {
            g_array_index(guards, GdbxInsnGuard, kept++) = *g;
        }
    }
    g_array_set_size(guards, kept);
    return guards;
}

void gdbx_insn_sets_changed(void)
{
    g_autoptr(GArray) guards = wanted();
    CPUState *cs;

    current = number_of(guards);
    CPU_FOREACH(cs) {
        set_bits(cs, bits_for(cs));
    }
    qatomic_set(&gdbx_insn_wanted_now, current != 0);
}
