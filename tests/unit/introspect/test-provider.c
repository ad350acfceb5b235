/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract for an operating system: a provider that knows the least there
 * is to know, and what the front of the room makes of it. It is the example of
 * docs/adding-an-os.md.
 *
 * The OS: one task, "only", id 1, when the machine's first four bytes are
 * "tiny". Control: without them there is no OS.
 */
#include <glib.h>
#include <string.h>
#include "introspect/provider.h"

typedef struct Tiny {
    const OsiView *view;
    int stops;
} Tiny;

static bool is_there(const OsiView *view)
{
    char magic[4];

    return view->mem.read(view->mem.opaque, 0, magic, 4) &&
           !memcmp(magic, "tiny", 4);
}

static void *tiny_detect(const OsiView *view, OsiError *err)
{
    Tiny *t;

    if (!is_there(view)) {
        osi_fail(err, OSI_ERR_NO_OS, 0, "no tiny OS at 0");
        return NULL;
    }
    t = g_new0(Tiny, 1);
    t->view = view;
    return t;
}

static bool tiny_resume(void *os, OsiError *err)
{
    Tiny *t = os;

    t->stops++;
    return is_there(t->view) || osi_fail(err, OSI_ERR_NO_OS, 0, "gone");
}

static const char *tiny_release(void *os)
{
    return "tiny";
}

static bool tiny_kernel_root(void *os, OsiRoot *root, OsiError *err)
{
    *root = (OsiRoot) { OSI_PAGING_NONE, 0 };
    return true;
}

static uint64_t tiny_cr3_mask(void *os)
{
    return ~0xfffull;
}

static unsigned tiny_word(void *os)
{
    return 4;
}

static const OsiTask only = {
    .object = 16, .pid = 1, .tgid = 1, .comm = "only", .state = 'R',
};

static bool tiny_each_task(void *os, OsiTaskFn fn, void *opaque, OsiError *err)
{
    fn(opaque, &only);
    return true;
}

static bool tiny_current(void *os, const OsiCpu *cpu, OsiTask *task,
                         OsiError *err)
{
    *task = only;
    return true;
}

/* A program's memory that is not there yet: all A. */
static bool tiny_vmas(void *os, const OsiTask *t, GArray *out, OsiError *err)
{
    OsiVma v = { .start = 0x1000, .end = 0x3000, .rights = OSI_READ,
                 .path = g_strdup("/only") };

    g_array_append_val(out, v);
    return true;
}

static const OsiProvider least = {
    .name = "tiny",
    .detect = tiny_detect,
    .free = g_free,
    .resume = tiny_resume,
    .release = tiny_release,
    .kernel_root = tiny_kernel_root,
    .cr3_mask = tiny_cr3_mask,
    .word = tiny_word,
    .each_task = tiny_each_task,
    .current = tiny_current,
};

static char ram[64] = "tiny";

static bool read_ram(void *opaque, uint64_t pa, void *buf, size_t len)
{
    if (pa > sizeof(ram) || len > sizeof(ram) - pa) {
        return false;
    }
    memcpy(buf, ram + pa, len);
    return true;
}

static OsiGuest *guest(const OsiProvider *const *p)
{
    static const OsiMemory mem = { read_ram, NULL, sizeof(ram) };
    OsiGuest *g = osi_guest_new_with(&mem, p, 1);
    OsiCpu cpu = { .index = 0 };

    osi_guest_stopped(g, &cpu, 1);
    return g;
}

static void test_least(void)
{
    static const OsiProvider *const p = &least;
    OsiGuest *g = guest(&p);
    const OsiTask *t;
    size_t n = 0;

    g_assert_cmpstr(osi_guest_name(g), ==, "tiny");
    t = osi_tasks(g, &n, NULL);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(t->comm, ==, "only");
    g_assert_cmpstr(osi_current_task(g, 0, NULL)->comm, ==, "only");
    g_assert_cmpuint(osi_word(g), ==, 4);
    osi_guest_features(g, &n);
    osi_guest_free(g);
}

#define UNSUPPORTED(call) do { \
    err.kind = OSI_OK; \
    g_assert_false(call); \
    g_assert_cmpint(err.kind, ==, OSI_ERR_UNSUPPORTED); \
    g_assert_nonnull(strstr(err.message, "tiny")); \
} while (0)

/* What a provider does not say is refused in one sentence, not a crash. */
static void test_rest(void)
{
    static const OsiProvider *const p = &least;
    OsiGuest *g = guest(&p);
    OsiError err;
    const OsiTask *t = osi_task_by_pid(g, 1, &err);
    union {
        OsiCreds creds;
        OsiNamespaces ns;
        OsiUserRegs regs;
        OsiFpu fpu;
        OsiKernelRegs kregs;
        OsiSyscall sc;
        OsiFrame frames[4];
        uint64_t u;
    } x;
    OsiModule m = { .object = 16 };
    size_t n;

    UNSUPPORTED(osi_current_recipe(g, &err));
    UNSUPPORTED(osi_creds(g, t, &x.creds, &err));
    UNSUPPORTED(osi_namespaces(g, t, &x.ns, &err));
    UNSUPPORTED(osi_cgroup(g, t, &err));
    UNSUPPORTED(osi_vmas(g, t, &n, &err));
    UNSUPPORTED(osi_vma_at(g, t, 0x1000, &err));
    UNSUPPORTED(osi_exe_path(g, t, &err));
    UNSUPPORTED(osi_exe_file(g, t, &err));
    UNSUPPORTED(osi_command_line(g, t, &err));
    UNSUPPORTED(osi_auxv(g, t, &err));
    UNSUPPORTED(osi_libraries(g, t, &n, &err));
    UNSUPPORTED(osi_files(g, t, &n, &err));
    UNSUPPORTED(osi_cwd(g, t, &err));
    UNSUPPORTED(osi_root_path(g, t, &err));
    UNSUPPORTED(osi_file_size(g, 16, &x.u, &err));
    UNSUPPORTED(osi_file_read(g, 16, 0, &x, 1, &err));
    UNSUPPORTED(osi_saved_user_regs(g, t, &x.regs, &err));
    UNSUPPORTED(osi_saved_fpu(g, t, &x.fpu, &err));
    UNSUPPORTED(osi_kernel_regs(g, t, &x.kregs, &err));
    UNSUPPORTED(osi_kernel_stack(g, t, x.frames, 4, &n, &err));
    UNSUPPORTED(osi_syscall(g, t, &x.sc, &err));
    UNSUPPORTED(osi_symbol(g, "x", &x.u, &err));
    UNSUPPORTED(osi_each_symbol(g, NULL, NULL, &err));
    UNSUPPORTED(osi_modules(g, &n, &err));
    UNSUPPORTED(osi_module_sections(g, &m, &n, &err));
    UNSUPPORTED(osi_module_symbols(g, &m, NULL, NULL, &err));
    UNSUPPORTED(osi_events_new(g, 1, &err));
    g_assert_null(osi_symbol_at(g, 16, NULL));
    osi_guest_free(g);
}

/* Lists are read once between two stops, and freed with what they own. */
static void test_list(void)
{
    OsiProvider more = least;
    const OsiProvider *p = &more;
    OsiGuest *g;
    const OsiTask *t;
    const OsiVma *v;
    OsiError err;
    size_t n;

    more.vmas = tiny_vmas;
    g = guest(&p);
    t = osi_task_by_pid(g, 1, NULL);
    v = osi_vmas(g, t, &n, NULL);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(v->path, ==, "/only");
    g_assert_true(osi_vmas(g, t, &n, NULL) == v);
    g_assert_true(osi_vma_at(g, t, 0x2fff, NULL) == v);
    g_assert_null(osi_vma_at(g, t, 0x3000, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_UNMAPPED);
    osi_guest_free(g);
}

static void test_gone(void)
{
    static const OsiProvider *const p = &least;
    OsiGuest *g = guest(&p);
    OsiCpu cpu = { .index = 0 };
    OsiError err;

    g_assert_true(osi_guest_detect(g, NULL));
    ram[0] = 'T';
    osi_guest_stopped(g, &cpu, 1);
    g_assert_false(osi_guest_detect(g, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_OS);
    ram[0] = 't';
    osi_guest_stopped(g, &cpu, 1);
    g_assert_true(osi_guest_detect(g, NULL));
    osi_guest_free(g);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/provider/least", test_least);
    g_test_add_func("/provider/rest", test_rest);
    g_test_add_func("/provider/list", test_list);
    g_test_add_func("/provider/gone", test_gone);
    return g_test_run();
}
