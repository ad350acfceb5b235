/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target descriptions: the registers of the machine and of user threads.
 *
 * Order and names: gdb's {32bit,64bit}-{core,sse,linux,segments}.xml in its
 * features/i386 ("Standard Target Features" in its manual): core, sse, linux,
 * segments in that order make gdb's default `g` layout, which it falls back on
 * where it has not fetched a description (R2). Ours come after and are served
 * by `p` alone. The machine has no linux feature, and has what else QEMU's own
 * description has, under the same names.
 *
 * A register that people filter on is a plain integer: flags and structs
 * cannot stand in a condition but by a cast.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "gdbx/regs.h"
#include "gdbx/regs-desc.h"

typedef struct Feature {
    const char *name, *types;
    const Reg *regs;
    unsigned n;
    bool in_g;
} Feature;

#define SAVED(f) ((int)offsetof(OsiUserRegs, f))
#define PLAIN(n, t, b, m) { n, t, NULL, K_PLAIN, b, m, -1 }

#define GPR(n, t, m, f, b) { n, t, NULL, K_PLAIN, b, m, SAVED(f) }
#define SEGMENTS(cs, ss) \
    { "cs", "int32", NULL, K_SEG, 32, M_SEG, cs }, \
    { "ss", "int32", NULL, K_SEG, 32, M_SEG + 1, ss }, \
    { "ds", "int32", NULL, K_SEG, 32, M_SEG + 2, -1 }, \
    { "es", "int32", NULL, K_SEG, 32, M_SEG + 3, -1 }, \
    { "fs", "int32", NULL, K_SEG, 32, M_SEG + 4, -1 }, \
    { "gs", "int32", NULL, K_SEG, 32, M_SEG + 5, -1 }
#define ST(i) { "st" #i, "i387_ext", NULL, K_ST, 80, M_ST + i, -1 }
#define FCTL(n, i) { n, "int", "float", K_PLAIN, 32, M_FCTRL + i, -1 }
#define X87 \
    ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7), \
    FCTL("fctrl", 0), FCTL("fstat", 1), FCTL("ftag", 2), FCTL("fiseg", 3), \
    FCTL("fioff", 4), FCTL("foseg", 5), FCTL("fooff", 6), FCTL("fop", 7)
#define XMM(i) PLAIN("xmm" #i, "vec128", 128, M_XMM + i)
#define MXCSR { "mxcsr", "i386_mxcsr", "vector", K_PLAIN, 32, M_MXCSR, -1 }

#ifdef TARGET_X86_64
static const Reg core64[] = {
    GPR("rax", "int64", M_AX, rax, 64), GPR("rbx", "int64", M_BX, rbx, 64),
    GPR("rcx", "int64", M_CX, rcx, 64), GPR("rdx", "int64", M_DX, rdx, 64),
    GPR("rsi", "int64", M_SI, rsi, 64), GPR("rdi", "int64", M_DI, rdi, 64),
    GPR("rbp", "data_ptr", M_BP, rbp, 64),
    GPR("rsp", "data_ptr", M_SP, rsp, 64),
    GPR("r8", "int64", 8, r8, 64), GPR("r9", "int64", 9, r9, 64),
    GPR("r10", "int64", 10, r10, 64), GPR("r11", "int64", 11, r11, 64),
    GPR("r12", "int64", 12, r12, 64), GPR("r13", "int64", 13, r13, 64),
    GPR("r14", "int64", 14, r14, 64), GPR("r15", "int64", 15, r15, 64),
    GPR("rip", "code_ptr", M_RIP, rip, 64),
    GPR("eflags", "i386_eflags", M_FLAGS, rflags, 32),
    SEGMENTS(SAVED(cs), SAVED(ss)), X87,
};

static const Reg sse64[] = {
    XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7),
    XMM(8), XMM(9), XMM(10), XMM(11), XMM(12), XMM(13), XMM(14), XMM(15),
    MXCSR,
};

static const Reg linux64[] = {
    { "orig_rax", "int64", "system", K_ORIG, 64, -1, SAVED(orig_rax) },
};

static const Reg segments64[] = {
    GPR("fs_base", "int64", M_FSBASE, fs_base, 64),
    GPR("gs_base", "int64", M_GSBASE, gs_base, 64),
};

static const Reg system64[] = {
    PLAIN("k_gs_base", "int64", 64, M_KGSBASE),
    PLAIN("cr0", "x86_cr0", 64, M_CR0), PLAIN("cr2", "int64", 64, M_CR2),
    PLAIN("cr4", "x86_cr4", 64, M_CR4), PLAIN("cr8", "int64", 64, M_CR8),
    PLAIN("efer", "x86_efer", 64, M_EFER),
    PLAIN("cr3_fields", "x86_cr3", 64, M_CR3),
};
#else
static const Reg system32[] = {
    PLAIN("fs_base", "int32", 32, M_FSBASE),
    PLAIN("gs_base", "int32", 32, M_GSBASE),
    PLAIN("k_gs_base", "int32", 32, M_KGSBASE),
    PLAIN("cr0", "x86_cr0", 64, M_CR0), PLAIN("cr2", "int32", 32, M_CR2),
    PLAIN("cr4", "x86_cr4", 64, M_CR4), PLAIN("cr8", "int32", 32, M_CR8),
    PLAIN("efer", "x86_efer", 64, M_EFER),
    PLAIN("cr3_fields", "x86_cr3", 64, M_CR3),
};
#endif

static const Reg core32[] = {
    GPR("eax", "int32", M_AX, rax, 32), GPR("ecx", "int32", M_CX, rcx, 32),
    GPR("edx", "int32", M_DX, rdx, 32), GPR("ebx", "int32", M_BX, rbx, 32),
    GPR("esp", "data_ptr", M_SP, rsp, 32),
    GPR("ebp", "data_ptr", M_BP, rbp, 32),
    GPR("esi", "int32", M_SI, rsi, 32), GPR("edi", "int32", M_DI, rdi, 32),
    GPR("eip", "code_ptr", M_RIP, rip, 32),
    GPR("eflags", "i386_eflags", M_FLAGS, rflags, 32),
    SEGMENTS(SAVED(cs), SAVED(ss)), X87,
};

static const Reg sse32[] = {
    XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7), MXCSR,
};

static const Reg linux32[] = {
    { "orig_eax", "int32", "system", K_ORIG, 32, -1, SAVED(orig_rax) },
};

static const Reg ours[] = {
    { "cr3", "uint64", "system", K_SPACE, 64, M_CR3, -1 },
    { "cpl", "int32", "system", K_CPL, 32, -1, -1 },
    { "ospid", "int32", "system", K_PID, 32, -1, -1 },
    { "ostid", "int32", "system", K_TID, 32, -1, -1 },
    { "icount", "uint64", "system", K_ICOUNT, 64, -1, -1 },
    { "rflags", "uint64", "system", K_PLAIN, 64, M_FLAGS, SAVED(rflags) },
};

#define FLAG_FIELD(n, from, to) \
    "<field name=\"" n "\" start=\"" #from "\" end=\"" #to "\"/>"
#define FLAG(n, at) FLAG_FIELD(n, at, at)
#define FLAGS(id, size, fields) \
    "<flags id=\"" id "\" size=\"" #size "\">" fields "</flags>\n"

static const char core_types[] = FLAGS("i386_eflags", 4,
    FLAG("CF", 0) FLAG("", 1) FLAG("PF", 2) FLAG("AF", 4) FLAG("ZF", 6)
    FLAG("SF", 7) FLAG("TF", 8) FLAG("IF", 9) FLAG("DF", 10) FLAG("OF", 11)
    FLAG("NT", 14) FLAG("RF", 16) FLAG("VM", 17) FLAG("AC", 18)
    FLAG("VIF", 19) FLAG("VIP", 20) FLAG("ID", 21));

/* With the privilege to do port I/O, as in QEMU's. */
static const char machine_core_types[] = FLAGS("i386_eflags", 4,
    FLAG("CF", 0) FLAG("", 1) FLAG("PF", 2) FLAG("AF", 4) FLAG("ZF", 6)
    FLAG("SF", 7) FLAG("TF", 8) FLAG("IF", 9) FLAG("DF", 10) FLAG("OF", 11)
    FLAG_FIELD("IOPL", 12, 13) FLAG("NT", 14) FLAG("RF", 16) FLAG("VM", 17)
    FLAG("AC", 18) FLAG("VIF", 19) FLAG("VIP", 20) FLAG("ID", 21));

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
    FLAGS("i386_mxcsr", 4,
    FLAG("IE", 0) FLAG("DE", 1) FLAG("ZE", 2) FLAG("OE", 3) FLAG("UE", 4)
    FLAG("PE", 5) FLAG("DAZ", 6) FLAG("IM", 7) FLAG("DM", 8) FLAG("ZM", 9)
    FLAG("OM", 10) FLAG("UM", 11) FLAG("PM", 12) FLAG("FZ", 15));

/* Intel SDM vol. 3A, 2.5 "Control Registers" and 2.2.1 "IA32_EFER". */
static const char system_types[] =
    FLAGS("x86_cr0", 8,
    FLAG("PE", 0) FLAG("MP", 1) FLAG("EM", 2) FLAG("TS", 3) FLAG("ET", 4)
    FLAG("NE", 5) FLAG("WP", 16) FLAG("AM", 18) FLAG("NW", 29) FLAG("CD", 30)
    FLAG("PG", 31))
    FLAGS("x86_cr3", 8, FLAG_FIELD("PCID", 0, 11) FLAG_FIELD("PDBR", 12, 63))
    FLAGS("x86_cr4", 8,
    FLAG("VME", 0) FLAG("PVI", 1) FLAG("TSD", 2) FLAG("DE", 3) FLAG("PSE", 4)
    FLAG("PAE", 5) FLAG("MCE", 6) FLAG("PGE", 7) FLAG("PCE", 8)
    FLAG("OSFXSR", 9) FLAG("OSXMMEXCPT", 10) FLAG("UMIP", 11) FLAG("LA57", 12)
    FLAG("VMXE", 13) FLAG("SMXE", 14) FLAG("FSGSBASE", 16) FLAG("PCIDE", 17)
    FLAG("OSXSAVE", 18) FLAG("KL", 19) FLAG("SMEP", 20) FLAG("SMAP", 21)
    FLAG("PKE", 22) FLAG("CET", 23) FLAG("PKS", 24) FLAG("UINTR", 25)
    FLAG("LASS", 27) FLAG("LAM_SUP", 28) FLAG("FRED", 32))
    FLAGS("x86_efer", 8,
    FLAG("SCE", 0) FLAG("LME", 8) FLAG("LMA", 10) FLAG("NXE", 11)
    FLAG("SVME", 12) FLAG("LMSLE", 13) FLAG("FFXSR", 14) FLAG("TCE", 15));

#define FEATURE(n, t, r, g) { n, t, r, ARRAY_SIZE(r), g }

#ifdef TARGET_X86_64
static const Feature machine[] = {
    FEATURE("org.gnu.gdb.i386.core", machine_core_types, core64, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse64, true),
    FEATURE("org.gnu.gdb.i386.segments", "", segments64, true),
    FEATURE("org.qemu.gdbx.system", system_types, system64, false),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};

static const Feature process64[] = {
    FEATURE("org.gnu.gdb.i386.core", core_types, core64, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse64, true),
    FEATURE("org.gnu.gdb.i386.linux", "", linux64, true),
    FEATURE("org.gnu.gdb.i386.segments", "", segments64, true),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};
#else
static const Feature machine[] = {
    FEATURE("org.gnu.gdb.i386.core", machine_core_types, core32, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse32, true),
    FEATURE("org.qemu.gdbx.system", system_types, system32, false),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};
#endif

static const Feature process32[] = {
    FEATURE("org.gnu.gdb.i386.core", core_types, core32, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse32, true),
    FEATURE("org.gnu.gdb.i386.linux", "", linux32, true),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};

/* A CPU as boot code sees it. */
static const Feature boot[] = {
    FEATURE("org.gnu.gdb.i386.core", machine_core_types, core32, true),
    FEATURE("org.gnu.gdb.i386.sse", sse_types, sse32, true),
    FEATURE("org.qemu.gdbx", "", ours, false),
    { NULL },
};

/* 32-bit CPUs have 32-bit processes only. */
static const struct {
    const Feature *features;
    const char *architecture, *osabi;
} views[] = {
#ifdef TARGET_X86_64
    [GDBX_VIEW_MACHINE] = { machine, "i386:x86-64", "none" },
    [GDBX_VIEW_PROCESS] = { process64, "i386:x86-64", "GNU/Linux" },
#else
    [GDBX_VIEW_MACHINE] = { machine, "i386", "none" },
    [GDBX_VIEW_PROCESS] = { process32, "i386", "GNU/Linux" },
#endif
    [GDBX_VIEW_PROCESS32] = { process32, "i386", "GNU/Linux" },
    [GDBX_VIEW_REAL] = { boot, "i8086", "none" },
    [GDBX_VIEW_PROTECTED] = { boot, "i386", "none" },
};

const Reg *gdbx_i386_reg(GdbxView view, unsigned n)
{
    for (const Feature *f = views[view].features; f->name; f++) {
        if (n < f->n) {
            return &f->regs[n];
        }
        n -= f->n;
    }
    return NULL;
}

bool gdbx_i386_reg_info(GdbxView view, unsigned n, GdbxRegInfo *out)
{
    for (const Feature *f = views[view].features; f->name; f++) {
        if (n < f->n) {
            const Reg *r = &f->regs[n];

            *out = (GdbxRegInfo) {
                .name = r->name, .bytes = r->bits / 8, .in_g = f->in_g,
                .source = r->kind == K_PID ? GDBX_REG_OSPID
                        : r->kind == K_TID ? GDBX_REG_OSTID
                        : r->kind == K_ICOUNT ? GDBX_REG_ICOUNT : GDBX_REG_CPU,
            };
            return true;
        }
        n -= f->n;
    }
    return false;
}

static char *make_xml(GdbxView view)
{
    GString *s = g_string_new("<?xml version=\"1.0\"?>\n"
                              "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");

    g_string_append_printf(s, "<target><architecture>%s</architecture>"
                           "<osabi>%s</osabi>\n", views[view].architecture,
                           views[view].osabi);
    for (const Feature *f = views[view].features; f->name; f++) {
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

const char *gdbx_i386_description(GdbxView view)
{
    static char *xml[ARRAY_SIZE(views)];

    if (!xml[view]) {
        xml[view] = make_xml(view);
    }
    return xml[view];
}
