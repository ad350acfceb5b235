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

/* Numbers in gdb-xml/i386-64bit.xml of QEMU. */
enum { M_RIP = 16, M_FLAGS = 17, M_SEG = 18, M_FSBASE = 24, M_GSBASE = 25,
       M_CR3 = 29, M_ST = 33, M_FCTRL = 41, M_XMM = 49, M_MXCSR = 65 };

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
    static const uint8_t order[16] = {
        R_EAX, R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP, R_ESP,
        8, 9, 10, 11, 12, 13, 14, 15
    };
    CPUX86State *env = cpu_env(cs);
    bool compat32 = view == GDBX_VIEW_PROCESS && !(env->hflags & HF_CS64_MASK);
    const Reg *r;

    if (view == GDBX_VIEW_PROCESS) {
        r = reg_at(compat32, n);
        if (!r) {
            return false;
        }
        if (r->kind == K_CPL) {
            *value = env->hflags & HF_CPL_MASK;
            return true;
        }
        if (r->kind == K_ORIG) {
            *value = -1;
            return true;
        }
        n = r->machine;
    }
    if (n < 16) {
        *value = env->regs[order[n]];
        if (!(env->hflags & HF_CS64_MASK)) {
            *value = (uint32_t)*value;
        }
        return true;
    }
    if (n == M_RIP) {
        *value = pc;
        return true;
    }
    return condition_machine(cs, n, value);
}
