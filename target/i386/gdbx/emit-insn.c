/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check in front of instructions of some kind (insn-sets.h): an instruction
 * is decoded when it is translated, and gets one if any guard means it. What is
 * left to ask when it runs (address, address space) is translated code; the
 * helper is called for what may be an event, or for calls and returns.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/translator.h"
#include "tcg/tcg-op.h"
#include "gdbx/emit.h"
#include "gdbx/event-insn.h"
#include "gdbx/insn-sets.h"

#define HELPER_H "gdbx/helper.h"
#include "exec/helper-proto.h.inc"
#include "exec/helper-gen.h.inc"
#undef HELPER_H

/* More guards for one instruction: the helper decides. */
#define MAX_GUARDS 8
/* Different instructions remembered; what is more is decoded when it runs. */
#define MAX_RECORDS 262144

typedef struct Matched {
    unsigned n;
    const GdbxInsnGuard *guard[MAX_GUARDS];
} Matched;

/* The instruction that is being translated. */
typedef struct Here {
    const GdbxInsn *insn;       /* NULL: decode when it runs */
    Matched events, calls;
} Here;

static __thread Here here;

/* What translated code refers to: kept for ever, one for equal bytes. */
typedef struct Record {
    uint64_t key[2];            /* the bytes, then 0; the last one: the mode */
    GdbxInsn insn;
} Record;

static QemuMutex lock;
static GHashTable *records;

static guint record_hash(gconstpointer p)
{
    const Record *r = p;
    uint64_t h = (r->key[0] ^ r->key[1] * 0x9e3779b97f4a7c15ull) *
                 0x9e3779b97f4a7c15ull;

    return h >> 32;
}

static gboolean record_equal(gconstpointer pa, gconstpointer pb)
{
    const Record *a = pa, *b = pb;

    return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

static void __attribute__((constructor)) init(void)
{
    qemu_mutex_init(&lock);
    records = g_hash_table_new(record_hash, record_equal);
}

static const GdbxInsn *keep(const uint8_t *bytes, const GdbxInsn *in)
{
    Record key = { .insn = *in }, *r;
    uint8_t *k = (uint8_t *)key.key;

    memcpy(k, bytes, in->length);
    k[15] = in->mode;
    qemu_mutex_lock(&lock);
    r = g_hash_table_lookup(records, &key);
    if (!r && g_hash_table_size(records) < MAX_RECORDS) {
        r = g_memdup2(&key, sizeof(key));
        g_hash_table_add(records, r);
    }
    qemu_mutex_unlock(&lock);
    return r ? &r->insn : NULL;
}

unsigned gdbx_code_mode(uint32_t hflags)
{
    return hflags & HF_CS64_MASK ? 64 : hflags & HF_CS32_MASK ? 32 : 16;
}

/* The bytes as they are translated; fewer where the next page is not there. */
static size_t fetch(const DisasContextBase *db, uint8_t *bytes)
{
    size_t left = TARGET_PAGE_SIZE - (db->pc_next & ~TARGET_PAGE_MASK);
    size_t n = MIN(left, GDBX_INSN_MAX);

    if (db->host_addr[0]) {
        memcpy(bytes, (uint8_t *)db->host_addr[0] +
               (db->pc_next - db->pc_first), n);
    } else if (!gdbx_read_code(current_cpu, db->pc_next, bytes, n)) {
        return 0;
    }
    if (n < GDBX_INSN_MAX &&
        gdbx_read_code(current_cpu, db->pc_next + n, bytes + n,
                       GDBX_INSN_MAX - n)) {
        n = GDBX_INSN_MAX;
    }
    return n;
}

/* Past the maximum a guard is taken in that asks nothing. */
static void add(Matched *m, const GdbxInsnGuard *g)
{
    static const GdbxInsnGuard anybody = { .cpl = -1, .last = UINT64_MAX };

    if (m->n < MAX_GUARDS) {
        m->guard[m->n++] = g;
    } else {
        m->guard[0] = &anybody;
    }
}

bool gdbx_i386_insn_wanted(const DisasContextBase *db)
{
    const GdbxInsnSet *set = gdbx_insn_set(tb_cflags(db->tb));
    int cpl = db->tb->flags & HF_CPL_MASK;
    uint8_t bytes[GDBX_INSN_MAX];
    GdbxInsn in;

    here.events.n = here.calls.n = 0;
    if (likely(!set) ||
        !gdbx_decode(bytes, fetch(db, bytes), gdbx_code_mode(db->tb->flags),
                     &in)) {
        return false;
    }
    for (unsigned i = 0; i < set->n; i++) {
        const GdbxInsnGuard *g = &set->guards[i];

        if ((g->cpl < 0 || g->cpl == cpl) && gdbx_guard_means(g, &in)) {
            add(g->what == GDBX_GUARD_CALLS ? &here.calls : &here.events, g);
        }
    }
    if (!here.events.n && !here.calls.n) {
        return false;
    }
    here.insn = keep(bytes, &in);
    return true;
}

static bool asks_nothing(const GdbxInsnGuard *g)
{
    return !g->mask && !g->first && g->last == UINT64_MAX;
}

/* Goes to @next unless @g means what runs there. */
static void emit_guard(const GdbxSite *s, const GdbxInsnGuard *g,
                       TCGLabel *next)
{
    TCGv_i64 t = tcg_temp_new_i64();

    if (g->first || g->last != UINT64_MAX) {
        tcg_gen_subi_i64(t, s->pc, g->first);
        tcg_gen_brcondi_i64(TCG_COND_GTU, t, g->last - g->first, next);
    }
    if (g->mask) {
        s->space(s, t);
        tcg_gen_andi_i64(t, t, g->mask);
        tcg_gen_brcondi_i64(TCG_COND_NE, t, g->space, next);
    }
}

static void emit_matched(const GdbxI386Site *s, const Matched *m,
                         void (*call)(const GdbxI386Site *s))
{
    TCGLabel *hit, *out;

    for (unsigned i = 0; i < m->n; i++) {
        if (asks_nothing(m->guard[i])) {
            call(s);
            return;
        }
    }
    if (!m->n) {
        return;
    }
    hit = gen_new_label();
    out = gen_new_label();
    for (unsigned i = 0; i < m->n; i++) {
        TCGLabel *next = i + 1 < m->n ? gen_new_label() : out;

        emit_guard(&s->site, m->guard[i], next);
        if (next != out) {
            tcg_gen_br(hit);
            gen_set_label(next);
        }
    }
    gen_set_label(hit);
    call(s);
    gen_set_label(out);
}

static void call_event(const GdbxI386Site *s)
{
    gdbx_i386_sync_flags(s);
    gen_helper_gdbx_insn(tcg_env, s->eip, tcg_constant_ptr(here.insn),
                         tcg_constant_i32(s->site.again));
}

static void call_calls(const GdbxI386Site *s)
{
    gen_helper_gdbx_calls(tcg_env, s->eip, tcg_constant_ptr(here.insn));
}

void gdbx_i386_emit_insn(const DisasContextBase *db, const GdbxI386Site *s)
{
    emit_matched(s, &here.events, call_event);
    emit_matched(s, &here.calls, call_calls);
}
