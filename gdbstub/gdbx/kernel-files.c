/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below /gdbx/: what the stub itself has for gdb to read.
 *
 *   /gdbx/vmlinux           the kernel that runs now, at its addresses
 *   /gdbx/modules/NAME.ko   a module of it
 *
 * The kernel's is made once and kept while the same kernel runs.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/files.h"
#include "gdbstub/gdbx/kernel-file.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/os-stops.h"
#include "gdbstub/gdbx/rows.h"

#define DIR         "/gdbx/"
#define MODULES     DIR "modules/"

/* ---- the kernel's, kept ---- */

static struct {
    char *key;              /* which kernel, where */
    GBytes *file;
} kept;

/* What tells one run of a kernel from another as far as the file goes. */
static char *key_of(OsiGuest *g)
{
    uint64_t text = 0;

    osi_symbol(g, "_text", &text, NULL);
    return g_strdup_printf("%s %s %" PRIx64, osi_guest_name(g) ?: "",
                           osi_build_id(g) ?: "", text);
}

static GBytes *kernel(OsiError *err)
{
    OsiGuest *g = gdbx_guest();
    g_autofree char *key = NULL;
    GBytes *file;

    if (!osi_guest_detect(g, err)) {
        return NULL;
    }
    key = key_of(g);
    if (!kept.file || strcmp(key, kept.key)) {
        file = gdbx_kernel_file(g, err);
        if (!file) {
            return NULL;
        }
        g_clear_pointer(&kept.file, g_bytes_unref);
        g_free(kept.key);
        kept.file = file;
        kept.key = g_steal_pointer(&key);
    }
    return g_bytes_ref(kept.file);
}

static bool off;                /* `monitor gdbx kernel-symbols off' */

const char *gdbx_kernel_path(void)
{
    uint64_t text;

    return !off && osi_symbol(gdbx_guest(), "_text", &text, NULL)
           ? "target:" DIR "vmlinux" : NULL;
}

/* ---- as files ---- */

typedef struct BytesFile {
    GdbxFile head;
    GBytes *bytes;
} BytesFile;

static int64_t read_bytes(GdbxFile *f, uint64_t offset, void *buf, size_t len)
{
    gsize size;
    const char *data = g_bytes_get_data(container_of(f, BytesFile, head)->bytes,
                                        &size);

    if (offset >= size) {
        return 0;
    }
    len = MIN(len, size - offset);
    memcpy(buf, data + offset, len);
    return len;
}

static void free_bytes(GdbxFile *f)
{
    BytesFile *b = container_of(f, BytesFile, head);

    g_bytes_unref(b->bytes);
    g_free(b);
}

static GdbxFile *file_of(GBytes *bytes)
{
    static const GdbxFileOps ops = { read_bytes, free_bytes };
    BytesFile *b = g_new0(BytesFile, 1);

    b->head = (GdbxFile) {
        .ops = &ops, .size = g_bytes_get_size(bytes), .mode = S_IFREG | 0444,
    };
    b->bytes = bytes;
    return &b->head;
}

static const OsiModule *module_called(const char *name, size_t len)
{
    size_t n = 0;
    const OsiModule *m = osi_modules(gdbx_guest(), &n, NULL);

    for (size_t i = 0; m && i < n; i++) {
        if (strlen(m[i].name) == len && !memcmp(m[i].name, name, len)) {
            return &m[i];
        }
    }
    return NULL;
}

static GBytes *module(const char *file)
{
    const OsiModule *m = g_str_has_suffix(file, ".ko")
                         ? module_called(file, strlen(file) - 3) : NULL;

    return m ? gdbx_module_file(gdbx_guest(), m, NULL) : NULL;
}

static GdbxFile *open_own(int32_t pid, const char *path, int *err)
{
    GBytes *bytes = NULL;

    *err = GDBX_ENOENT;
    if (!strcmp(path, DIR "vmlinux")) {
        bytes = kernel(NULL);
    } else if (g_str_has_prefix(path, MODULES)) {
        bytes = module(path + strlen(MODULES));
    }
    return bytes ? file_of(bytes) : NULL;
}

const GdbxFileSource gdbx_files_own = { .prefix = DIR, .open = open_own };

/* ---- modules as libraries of the machine ---- */

static void append_module(GString *out, OsiGuest *g, const OsiModule *m)
{
    size_t n = 0;
    const OsiSection *s = m->state == 'U' || m->state == 'G' ? NULL
                          : osi_module_sections(g, m, &n, NULL);
    guint start = out->len;
    bool any = false;

    g_string_append(out, "<library name=\"target:" MODULES);
    gdbx_append_xml(out, m->name);
    g_string_append(out, ".ko\">");
    for (size_t i = 0; s && i < n; i++) {
        if (gdbx_section_there(&s[i])) {
            g_string_append_printf(out, "<section address=\"0x%" PRIx64
                                   "\"/>", s[i].address);
            any = true;
        }
    }
    g_string_append(out, "</library>\n");
    if (!any) {
        g_string_truncate(out, start);
    }
}

/*
 * Of a guest without modules an empty list: gdb forgets what it knew. Of a
 * process nothing: its dynamic linker is asked (libraries-svr4).
 */
static bool make_libraries(const char *annex, GString *out)
{
    OsiGuest *g = gdbx_guest();
    size_t n = 0;
    const OsiModule *m;

    if (*annex || !gdbx_is_machine(gdbx.general.pid)) {
        return false;
    }
    m = off || gdbx.general.pid != GDBX_MACHINE_PID ? NULL
        : osi_modules(g, &n, NULL);
    g_string_append(out, "<library-list>\n");
    for (size_t i = 0; m && i < n; i++) {
        append_module(out, g, &m[i]);
    }
    g_string_append(out, "</library-list>\n");
    return true;
}

static bool told;
static bool in_vain;            /* gdb asked for the kernel when there was none */

void gdbx_kernel_asked(bool found)
{
    in_vain = !found && !off;
}

void gdbx_kernel_offer(void)
{
    if (in_vain && gdbx_kernel_path()) {
        in_vain = false;
        gdbx_console("gdbx: the guest's kernel is there now: `file target:"
                     DIR "vmlinux' reads its symbols\n");
    }
}

bool gdbx_modules_told(void)
{
    return told;
}

void gdbx_modules_forget(void)
{
    told = in_vain = false;
}

bool gdbx_pkt_modules(const char *args)
{
    /* Of the machine, with a kernel that gdb has symbols of. */
    if (!told && gdbx.general.pid == GDBX_MACHINE_PID && gdbx_kernel_path()) {
        told = true;
        gdbx_events_update();
    }
    return gdbx_xfer("libraries", args, make_libraries);
}

void gdbx_mon_kernel_symbols(Monitor *mon, const char *args)
{
    GdbxWord word;

    if (gdbx_next_word(&args, word)) {
        if (strcmp(word, "on") && strcmp(word, "off")) {
            gdbx_usage(mon, "kernel-symbols");
            return;
        }
        off = !strcmp(word, "off");
    }
    monitor_printf(mon, "gdbx: when it connects, gdb is %s the kernel's symbols"
                   " and modules\n", off ? "not given" : "given");
}
