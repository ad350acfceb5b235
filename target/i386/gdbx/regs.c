/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of x86 user threads as gdb's GNU/Linux descriptions have them.
 *
 * Order and names: gdb's features/i386/{32bit,64bit}-{core,sse,linux,segments}.xml
 * ("Standard Target Features", i386, in the gdb manual): core, sse, linux,
 * segments in that order make gdb's default `g` layout, which it falls back on
 * where it has not fetched a description (R2). Ours come after and are served
 * by `p` alone.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/gdbstub.h"
#include "gdbx/regs.h"

typedef enum Kind {
    K_GPR, K_IP, K_FLAGS, K_SEG, K_FP, K_ORIG, K_BASE, K_SPACE, K_CPL,
} Kind;

typedef struct Reg {
    const char *name, *type, *group;
    Kind kind;
    unsigned bits;
    int machine;         /* number in QEMU's own description, -1 none */
    int saved;           /* offset in OsiUserRegs, -1 never saved there */
} Reg;

typedef struct Feature {
    const char *name, *types;
    const Reg *regs;
    unsigned n;
    bool in_g;
} Feature;

#define SAVED(f) ((int)offsetof(OsiUserRegs, f))

/*
 * QEMU's own numbers: the order of gdb-xml/i386-{32,64}bit.xml, as in
 * target/i386/gdbstub.c.
 */
enum {
    M_RIP = CPU_NB_REGS, M_FLAGS, M_SEG, M_FSBASE = M_SEG + 6, M_GSBASE,
    M_KGSBASE, M_CR0, M_CR2, M_CR3, M_CR4, M_CR8, M_EFER, M_ST,
    M_FCTRL = M_ST + 8, M_XMM = M_ST + 16, M_MXCSR = M_XMM + CPU_NB_REGS,
};

#define GPR(n, t, m, f, b) { n, t, NULL, K_GPR, b, m, SAVED(f) }
#define SEGMENTS(cs, ss) \
    { "cs", "int32", NULL, K_SEG, 32, M_SEG, cs }, \
    { "ss", "int32", NULL, K_SEG, 32, M_SEG + 1, ss }, \
    { "ds", "int32", NULL, K_SEG, 32, M_SEG + 2, -1 }, \
    { "es", "int32", NULL, K_SEG, 32, M_SEG + 3, -1 }, \
    { "fs", "int32", NULL, K_SEG, 32, M_SEG + 4, -1 }, \
    { "gs", "int32", NULL, K_SEG, 32, M_SEG + 5, -1 }
#define ST(i) { "st" #i, "i387_ext", NULL, K_FP, 80, M_ST + i, -1 }
#define FCTL(n, i) { n, "int", "float", K_FP, 32, M_FCTRL + i, -1 }
#define X87 \
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7), \
    FCTL("fctrl", 0), FCTL("fstat", 1), FCTL("ftag", 2), FCTL("fiseg", 3), \
    FCTL("fioff", 4), FCTL("foseg", 5), FCTL("fooff", 6), FCTL("fop", 7)
#define XMM(i) { "xmm" #i, "vec128", NULL, K_FP, 128, M_XMM + i, -1 }
#define MXCSR { "mxcsr", "i386_mxcsr", "vector", K_FP, 32, M_MXCSR, -1 }

static const Reg core64[] = {
    GPR("rax", "int64", 0, rax, 64), GPR("rbx", "int64", 1, rbx, 64),
    GPR("rcx", "int64", 2, rcx, 64), GPR("rdx", "int64", 3, rdx, 64),
    GPR("rsi", "int64", 4, rsi, 64), GPR("rdi", "int64", 5, rdi, 64),
    GPR("rbp", "data_ptr", 6, rbp, 64), GPR("rsp", "data_ptr", 7, rsp, 64),
    GPR("r8", "int64", 8, r8, 64), GPR("r9", "int64", 9, r9, 64),
    GPR("r10", "int64", 10, r10, 64), GPR("r11", "int64", 11, r11, 64),
    GPR("r12", "int64", 12, r12, 64), GPR("r13", "int64", 13, r13, 64),
    GPR("r14", "int64", 14, r14, 64), GPR("r15", "int64", 15, r15, 64),
    { "rip", "code_ptr", NULL, K_IP, 64, M_RIP, SAVED(rip) },
    { "eflags", "i386_eflags", NULL, K_FLAGS, 32, M_FLAGS, SAVED(rflags) },
    SEGMENTS(SAVED(cs), SAVED(ss)), X87,
};

static const Reg core32[] = {
    GPR("eax", "int32", 0, rax, 32), GPR("ecx", "int32", 2, rcx, 32),
    GPR("edx", "int32", 3, rdx, 32), GPR("ebx", "int32", 1, rbx, 32),
    GPR("esp", "data_ptr", 7, rsp, 32), GPR("ebp", "data_ptr", 6, rbp, 32),
    GPR("esi", "int32", 4, rsi, 32), GPR("edi", "int32", 5, rdi, 32),
    { "eip", "code_ptr", NULL, K_IP, 32, M_RIP, SAVED(rip) },
    { "eflags", "i386_eflags", NULL, K_FLAGS, 32, M_FLAGS, SAVED(rflags) },
    SEGMENTS(SAVED(cs), SAVED(ss)), X87,
};

static const Reg sse64[] = {
    XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7),
    XMM(8), XMM(9), XMM(10), XMM(11), XMM(12), XMM(13), XMM(14), XMM(15),
    MXCSR,
};

static const Reg sse32[] = {
    XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7), MXCSR,
};

static const Reg linux64[] = {
    { "orig_rax", "int64", "system", K_ORIG, 64, -1, SAVED(orig_rax) },
};

static const Reg linux32[] = {
    { "orig_eax", "int32", "system", K_ORIG, 32, -1, SAVED(orig_rax) },
};

static const Reg segments64[] = {
    { "fs_base", "int64", NULL, K_BASE, 64, M_FSBASE, SAVED(fs_base) },
    { "gs_base", "int64", NULL, K_BASE, 64, M_GSBASE, SAVED(gs_base) },
};

/* Plain integers: flags and structs cannot stand in conditions. */
static const Reg ours[] = {
    { "cr3", "uint64", "system", K_SPACE, 64, M_CR3, -1 },
    { "cpl", "int32", "system", K_CPL, 32, -1, -1 },
};

static const char core_types[] =
    "<flags id=\"i386_eflags\" size=\"4\">"
    "<field name=\"CF\" start=\"0\" end=\"0\"/>"
    "<field name=\"\" start=\"1\" end=\"1\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/>"
    "<field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/>"
    "<field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"TF\" start=\"8\" end=\"8\"/>"
    "<field name=\"IF\" start=\"9\" end=\"9\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/>"
    "<field name=\"OF\" start=\"11\" end=\"11\"/>"
    "<field name=\"NT\" start=\"14\" end=\"14\"/>"
    "<field name=\"RF\" start=\"16\" end=\"16\"/>"
    "<field name=\"VM\" start=\"17\" end=\"17\"/>"
    "<field name=\"AC\" start=\"18\" end=\"18\"/>"
    "<field name=\"VIF\" start=\"19\" end=\"19\"/>"
    "<field name=\"VIP\" start=\"20\" end=\"20\"/>"
    "<field name=\"ID\" start=\"21\" end=\"21\"/>"
    "</flags>\n";

static const char sse_types[] =
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
    "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
    "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\">"
    "<field name=\"v4_float\" type=\"v4f\"/>"
    "<field name=\"v2_double\" type=\"v2d\"/>"
    "<field name=\"v16_int8\" type=\"v16i8\"/>"
    "<field name=\"v8_int16\" type=\"v8i16\"/>"
    "<field name=\"v4_int32\" type=\"v4i32\"/>"
    "<field name=\"v2_int64\" type=\"v2i64\"/>"
    "<field name=\"uint128\" type=\"uint128\"/>"
    "</union>"
    "<flags id=\"i386_mxcsr\" size=\"4\">"
    "<field name=\"IE\" start=\"0\" end=\"0\"/>"
    "<field name=\"DE\" start=\"1\" end=\"1\"/>"
    "<field name=\"ZE\" start=\"2\" end=\"2\"/>"
    "<field name=\"OE\" start=\"3\" end=\"3\"/>"
    "<field name=\"UE\" start=\"4\" end=\"4\"/>"
    "<field name=\"PE\" start=\"5\" end=\"5\"/>"
    "<field name=\"DAZ\" start=\"6\" end=\"6\"/>"
    "<field name=\"IM\" start=\"7\" end=\"7\"/>"
    "<field name=\"DM\" start=\"8\" end=\"8\"/>"
    "<field name=\"ZM\" start=\"9\" end=\"9\"/>"
    "<field name=\"OM\" start=\"10\" end=\"10\"/>"
    "<field name=\"UM\" start=\"11\" end=\"11\"/>"
    "<field name=\"PM\" start=\"12\" end=\"12\"/>"
    "<field name=\"FZ\" start=\"15\" end=\"15\"/>"
    "</flags>\n";

#define FEATURE(n, t, r, g) { n, t, r, ARRAY_SIZE(r), g }

static const Feature features64[] = {
    FEATURE("org.gnu.gdb.i386.core", core_types, core64, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse64, true),
    FEATURE("org.gnu.gdb.i386.linux", "", linux64, true),
    FEATURE("org.gnu.gdb.i386.segments", "", segments64, true),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};

static const Feature features32[] = {
    FEATURE("org.gnu.gdb.i386.core", core_types, core32, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse32, true),
    FEATURE("org.gnu.gdb.i386.linux", "", linux32, true),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};

static const Feature *features(bool compat32)
{
    return compat32 ? features32 : features64;
}

static const Reg *reg_at(bool compat32, unsigned n)
{
    for (const Feature *f = features(compat32); f->name; f++) {
        if (n < f->n) {
            return &f->regs[n];
        }
        n -= f->n;
    }
    return NULL;
}

unsigned gdbx_i386_process_regs(bool compat32, unsigned *in_g)
{
    unsigned n = 0;

    *in_g = 0;
    for (const Feature *f = features(compat32); f->name; f++) {
        n += f->n;
        *in_g += f->in_g ? f->n : 0;
    }
    return n;
}

static char *make_xml(bool compat32)
{
    GString *s = g_string_new("<?xml version=\"1.0\"?>\n"
                              "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");

    g_string_append_printf(s, "<target><architecture>%s</architecture>"
                           "<osabi>GNU/Linux</osabi>\n",
                           compat32 ? "i386" : "i386:x86-64");
    for (const Feature *f = features(compat32); f->name; f++) {
        g_string_append_printf(s, "<feature name=\"%s\">\n%s", f->name,
                               f->types);
        for (unsigned i = 0; i < f->n; i++) {
            const Reg *r = &f->regs[i];
            g_string_append_printf(s, "<reg name=\"%s\" bitsize=\"%u\" "
                                   "type=\"%s\"", r->name, r->bits, r->type);
            if (r->group) {
                g_string_append_printf(s, " group=\"%s\"", r->group);
            }
            g_string_append(s, "/>\n");
        }
        g_string_append(s, "</feature>\n");
    }
    g_string_append(s, "</target>\n");
    return g_string_free(s, false);
}

const char *gdbx_i386_process_xml(bool compat32)
{
    static char *xml[2];

    if (!xml[compat32]) {
        xml[compat32] = make_xml(compat32);
    }
    return xml[compat32];
}

static void append_int(GByteArray *out, uint64_t value, unsigned bytes)
{
    uint8_t le[8];

    stq_le_p(le, value);
    g_byte_array_append(out, le, bytes);
}

static bool read_live(CPUState *cs, const Reg *r, GByteArray *out)
{
    guint before = out->len;

    if (r->kind == K_ORIG) {
        append_int(out, -1, r->bits / 8);   /* not in a system call */
        return true;
    }
    if (r->kind == K_CPL) {
        append_int(out, cpu_env(cs)->hflags & HF_CPL_MASK, 4);
        return true;
    }
    if (r->machine < 0 || !gdb_read_register(cs, out, r->machine)) {
        return false;
    }
    g_byte_array_set_size(out, before + MIN(out->len - before, r->bits / 8));
    return out->len - before == r->bits / 8;
}

bool gdbx_i386_read_user(const GdbxUserThread *t, unsigned n, GByteArray *out,
                         unsigned *size)
{
    const Reg *r = reg_at(t->compat32, n);

    if (!r) {
        return false;
    }
    if (r->kind == K_SPACE && !t->cs) {
        append_int(out, t->root, 8);
        return true;
    }
    if (t->cs) {
        if (read_live(t->cs, r, out)) {
            return true;
        }
    } else if (r->saved >= 0) {
        append_int(out, *(const uint64_t *)((const char *)t->saved + r->saved),
                   r->bits / 8);
        return true;
    }
    *size = r->bits / 8;
    return false;
}

unsigned gdbx_i386_write_user(const GdbxUserThread *t, unsigned n,
                              const uint8_t *buf, size_t len)
{
    const Reg *r = reg_at(t->compat32, n);
    g_autoptr(GByteArray) now = g_byte_array_new();
    uint8_t wide[16] = { 0 };

    if (!r || len < r->bits / 8 || r->bits / 8 > sizeof(wide)) {
        return 0;
    }
    /* gdb writes -1 here to say "no system call to restart": so it is. */
    if (r->kind == K_ORIG) {
        return r->bits / 8;
    }
    if (r->kind == K_SPACE || r->kind == K_SEG || r->kind == K_CPL) {
        /* Not a user's to change; gdb restores all registers after a call. */
        return read_live(t->cs, r, now) && !memcmp(now->data, buf, now->len)
               ? now->len : 0;
    }
    memcpy(wide, buf, r->bits / 8);
    t->cs->cc->gdb_write_register(t->cs, wide, r->machine);
    return r->bits / 8;
}

/* Order of the description: gdb's amd64 numbers, which QEMU follows. */
static const uint8_t gpr_order[CPU_NB_REGS] = {
#ifdef TARGET_X86_64
    R_EAX, R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP, R_ESP,
    8, 9, 10, 11, 12, 13, 14, 15
#else
    0, 1, 2, 3, 4, 5, 6, 7
#endif
};

/* A register of @bits in @env: narrower fields are zero-extended. */
#define IN_ENV(field, width) \
    (GdbxRegPlace) { .kind = GDBX_PLACE_ENV, .bits = width, \
                     .offset = offsetof(CPUX86State, field) }

static GdbxRegPlace gpr_place(unsigned n, bool cs64, unsigned bits)
{
    if (!cs64 && n >= CPU_NB_REGS32) {
        return (GdbxRegPlace) { .kind = GDBX_PLACE_CONST };
    }
    return (GdbxRegPlace) { .kind = GDBX_PLACE_GPR, .index = gpr_order[n],
                            .bits = cs64 ? bits : 32 };
}

static GdbxRegPlace segment_place(unsigned n)
{
    static const uint8_t order[] = { R_CS, R_SS, R_DS, R_ES, R_FS, R_GS };
    GdbxRegPlace place = IN_ENV(segs[0].selector, 32);

    place.offset += order[n] * sizeof(SegmentCache);
    return place;
}

static GdbxRegPlace control_place(unsigned machine)
{
    const unsigned bits = TARGET_LONG_BITS;

    switch (machine) {
    case M_FSBASE:
        return IN_ENV(segs[R_FS].base, bits);
    case M_GSBASE:
        return IN_ENV(segs[R_GS].base, bits);
#ifdef TARGET_X86_64
    case M_KGSBASE:
        return IN_ENV(kernelgsbase, bits);
#endif
    case M_CR0:
        return IN_ENV(cr[0], bits);
    case M_CR2:
        return IN_ENV(cr[2], bits);
    case M_CR3:
        return IN_ENV(cr[3], bits);
    case M_CR4:
        return IN_ENV(cr[4], bits);
    case M_EFER:
        return IN_ENV(efer, 64);
    case M_FCTRL:
        return IN_ENV(fpuc, 16);
    }
    return (GdbxRegPlace) { .kind = GDBX_PLACE_NONE };
}

/* @machine: QEMU's number. @bits: as wide as the description has it. */
static GdbxRegPlace machine_place(unsigned machine, bool cs64, unsigned bits)
{
    if (machine < CPU_NB_REGS) {
        return gpr_place(machine, cs64, bits);
    }
    if (machine == M_RIP) {
        return (GdbxRegPlace) { .kind = GDBX_PLACE_PC,
                                .bits = cs64 ? bits : 32 };
    }
    if (machine >= M_SEG && machine < M_SEG + 6) {
        return segment_place(machine - M_SEG);
    }
    return control_place(machine);
}

bool gdbx_i386_reg_place(GdbxView view, bool cs64, unsigned n,
                         GdbxRegPlace *out)
{
    GdbxRegPlace place = { .kind = GDBX_PLACE_NONE };
    const Reg *r;

    if (view == GDBX_VIEW_MACHINE) {
        place = machine_place(n, cs64, TARGET_LONG_BITS);
    } else {
        r = reg_at(view == GDBX_VIEW_PROCESS32, n);
        if (r && r->kind == K_ORIG) {
            place = (GdbxRegPlace) { .kind = GDBX_PLACE_CONST, .value = -1 };
        } else if (r && r->kind == K_CPL) {
            place.kind = GDBX_PLACE_CPL;
        } else if (r && r->machine >= 0) {
            place = machine_place(r->machine, cs64, r->bits);
        }
    }
    if (place.kind == GDBX_PLACE_NONE) {
        return false;
    }
    *out = place;
    return true;
}

static uint64_t read_place(CPUX86State *env, const GdbxRegPlace *p,
                           uint64_t pc)
{
    const void *field = (const char *)env + p->offset;
    uint64_t value = p->value;

    switch (p->kind) {
    case GDBX_PLACE_GPR:
        value = env->regs[p->index];
        return p->bits == 32 ? (uint32_t)value : value;
    case GDBX_PLACE_PC:
        value = env->hflags & HF_CS64_MASK ? pc : pc - env->segs[R_CS].base;
        return p->bits == 32 ? (uint32_t)value : value;
    case GDBX_PLACE_CPL:
        return env->hflags & HF_CPL_MASK;
    case GDBX_PLACE_ENV:
        return p->bits == 16 ? *(const uint16_t *)field
             : p->bits == 32 ? *(const uint32_t *)field
             : *(const uint64_t *)field;
    default:
        return value;
    }
}

/* What has no place: computed, or in another device. */
static bool condition_machine(CPUState *cs, int n, uint64_t *value)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    uint8_t le[8] = { 0 };
    int len = n >= 0 ? gdb_read_register(cs, buf, n) : 0;

    if (!len || len > 8) {
        return false;
    }
    memcpy(le, buf->data, len);
    *value = ldq_le_p(le);
    return true;
}

bool gdbx_i386_condition_reg(CPUState *cs, GdbxView view, unsigned n,
                             uint64_t pc, uint64_t *value)
{
    CPUX86State *env = cpu_env(cs);
    GdbxRegPlace place;
    const Reg *r;

    if (gdbx_i386_reg_place(view, env->hflags & HF_CS64_MASK, n, &place)) {
        *value = read_place(env, &place, pc);
        return true;
    }
    if (view == GDBX_VIEW_MACHINE) {
        return condition_machine(cs, n, value);
    }
    r = reg_at(view == GDBX_VIEW_PROCESS32, n);
    return r && condition_machine(cs, r->machine, value);
}
