/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMCOREINFO of the guest's kernel: a second witness of where things are, and
 * its build id, by which a profile is matched. Nothing else leans on it: it
 * is written late in boot and only where crash dumps are configured.
 */
#include "linux-threads.h"
#include "vmcoreinfo.h"

#define PAGE            4096
#define SCANS_MAX       4
#define SCAN_MAX        (8ull << 30)    /* bytes of RAM looked through */
#define NOTES_MAX       4096
#define NT_GNU_BUILD_ID 3
#define BUILD_ID_MAX    32              /* bytes */

/* ---- where it is ---- */

static bool keep_text(Linux *lx, const char *text, size_t len, uint64_t at,
                      OsiError *err)
{
    LinuxNote *note = lx->note;
    char release[80];

    len = osi_vmcoreinfo_length(text, len);
    if (!osi_vmcoreinfo_string(text, len, "OSRELEASE", release,
                               sizeof(release))) {
        return osi_fail(err, OSI_ERR_NO_SUCH, at, "no OSRELEASE= at 0x%"
                        PRIx64, at);
    }
    note->text = g_memdup2(text, len);
    note->len = len;
    note->at = at;
    return true;
}

static bool from_symbols(Linux *lx, OsiError *err)
{
    g_autofree char *text = NULL;
    uint64_t at, data, size = PAGE;

    if (!linux_sym(lx, "vmcoreinfo_data", &at)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, lx->no_syms.address,
                        "no symbol vmcoreinfo_data");
    }
    if (!osi_reader_uint(&lx->kernel, at, lx->word, &data, err)) {
        return false;
    }
    if (!data) {
        return osi_fail(err, OSI_ERR_NO_SUCH, at, "vmcoreinfo_data is not set"
                        " yet");
    }
    if (linux_sym(lx, "vmcoreinfo_size", &at)) {
        osi_reader_uint(&lx->kernel, at, lx->word, &size, NULL);
    }
    size = CLAMP(size, sizeof(OSI_VMCOREINFO_START), OSI_VMCOREINFO_MAX);
    text = g_malloc(size);
    return osi_reader_read(&lx->kernel, data, text, size, err) &&
           keep_text(lx, text, size, data, err);
}

/* Is the page at @pa it, and of this kernel? */
static bool try_page(Linux *lx, uint64_t pa)
{
    const OsiMemory *mem = &lx->view->mem;
    char text[PAGE], want[sizeof(lx->release) + 16];
    const char *release = strchr(lx->release, ' ');
    size_t n = strlen(OSI_VMCOREINFO_START);

    if (!mem->read(mem->opaque, pa, text, n) ||
        memcmp(text, OSI_VMCOREINFO_START, n) || !release) {
        return false;
    }
    n = g_snprintf(want, sizeof(want), OSI_VMCOREINFO_START "%s\n",
                   release + 1);
    return mem->read(mem->opaque, pa, text, PAGE) && !memcmp(text, want, n) &&
           keep_text(lx, text, PAGE, pa, NULL);
}

/*
 * A build without data symbols (CONFIG_KALLSYMS_ALL off) names only the code
 * that writes it; one without any symbols may have it too.
 */
static bool worth_a_scan(Linux *lx)
{
    uint64_t any;

    return !linux_sym(lx, "vmcoreinfo_data", &any) &&
           (!lx->syms || linux_sym(lx, "crash_save_vmcoreinfo", &any));
}

/* Page by page. It appears while the kernel boots: late looks find no more. */
static bool from_ram(Linux *lx, OsiError *err)
{
    uint64_t end = lx->view->mem.phys_limit;

    if (lx->note->scans++ >= SCANS_MAX) {
        end = 0;
    }
    for (uint64_t pa = 0; pa < MIN(end, SCAN_MAX); pa += PAGE) {
        if (try_page(lx, pa)) {
            lx->note->scanned = true;
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, 0, "no page of RAM starts with "
                    OSI_VMCOREINFO_START);
}

const LinuxNote *linux_vmcoreinfo(Linux *lx)
{
    LinuxNote *note = lx->note;

    if (note && (note->text || note->tried)) {
        return note;
    }
    if (!note) {
        note = lx->note = g_new0(LinuxNote, 1);
    }
    note->tried = true;
    note->why.kind = OSI_OK;
    if (!from_symbols(lx, &note->why) && worth_a_scan(lx)) {
        from_ram(lx, &note->why);
    }
    if (note->text) {
        note->why.kind = OSI_OK;
    }
    return note;
}

/* ---- build id ---- */

static void to_hex(const uint8_t *b, size_t n, char *hex)
{
    for (size_t i = 0; i < n; i++) {
        g_snprintf(hex + 2 * i, 3, "%02x", b[i]);
    }
}

/* ELF notes: sizes of name and contents, type, both padded to 4. */
static bool id_in_notes(const uint8_t *b, size_t len, char *hex)
{
    size_t at = 0;

    while (at + 12 <= len) {
        uint32_t name = osi_le32(b + at), desc = osi_le32(b + at + 4);
        uint32_t type = osi_le32(b + at + 8);
        size_t from = at + 12 + OSI_ALIGN_UP((size_t)name, 4);

        if (name > len || desc > len || from + desc > len) {
            return false;
        }
        if (type == NT_GNU_BUILD_ID && name == 4 &&
            !memcmp(b + at + 12, "GNU", 4) && desc && desc <= BUILD_ID_MAX) {
            to_hex(b + from, desc, hex);
            return true;
        }
        at = from + OSI_ALIGN_UP((size_t)desc, 4);
    }
    return false;
}

static bool id_from_image(Linux *lx, char *hex)
{
    uint64_t start, stop;
    uint8_t b[NOTES_MAX];
    size_t len = 0;

    if (!linux_sym(lx, "__start_notes", &start) ||
        !linux_sym(lx, "__stop_notes", &stop) || stop <= start) {
        return false;
    }
    len = MIN(stop - start, sizeof(b));
    return osi_reader_read(&lx->kernel, start, b, len, NULL) &&
           id_in_notes(b, len, hex);
}

const char *linux_build_id(Linux *lx)
{
    const LinuxNote *note;

    if (!*lx->build_id && !id_from_image(lx, lx->build_id)) {
        note = linux_vmcoreinfo(lx);
        if (note->text) {
            osi_vmcoreinfo_string(note->text, note->len, "BUILD-ID",
                                  lx->build_id, sizeof(lx->build_id));
        }
    }
    return *lx->build_id ? lx->build_id : NULL;
}

/* ---- as a witness ---- */

typedef struct Witness {
    Linux *lx;
    int same, compared;
    char differs[64];
} Witness;

/* What is called SYMBOL() is an address, or what a pointer there holds. */
static bool compare_symbol(void *opaque, const char *name, uint64_t address)
{
    Witness *w = opaque;
    uint64_t have, held;

    if (!linux_sym(w->lx, name, &have)) {
        return true;
    }
    w->compared++;
    if (have == address ||
        (osi_reader_uint(&w->lx->kernel, have, w->lx->word, &held, NULL) &&
         held == address)) {
        w->same++;
    } else if (!*w->differs) {
        g_strlcpy(w->differs, name, sizeof(w->differs));
    }
    return true;
}

static void compare(Witness *w, const char *what, bool same)
{
    w->compared++;
    w->same += same;
    if (!same && !*w->differs) {
        g_strlcpy(w->differs, what, sizeof(w->differs));
    }
}

/* The physical address that the image's virtual one stands for. */
static void compare_place(Witness *w, const LinuxNote *note)
{
    const OsiImage *img = &w->lx->image;
    int64_t phys_base;
    uint64_t v;

    if (osi_vmcoreinfo_number(note->text, note->len, "NUMBER(phys_base)",
                              &phys_base)) {
        compare(w, "phys_base", img->base - OSI_KERNEL_LO +
                (uint64_t)phys_base == img->pa);
    }
    /* Where symbols are missing the root and the image are witnessed still. */
    if (!w->lx->syms &&
        osi_vmcoreinfo_hex(note->text, note->len, "SYMBOL(_stext)", &v)) {
        compare(w, "_stext", v - img->base < img->size);
    }
}

static void compare_all(Linux *lx, const LinuxNote *note, Witness *w)
{
    const char *release = strchr(lx->release, ' ');
    char s[80], id[2 * BUILD_ID_MAX + 1] = "";

    if (osi_vmcoreinfo_string(note->text, note->len, "OSRELEASE", s,
                              sizeof(s))) {
        compare(w, "OSRELEASE", release && !strcmp(release + 1, s));
    }
    if (id_from_image(lx, id) &&
        osi_vmcoreinfo_string(note->text, note->len, "BUILD-ID", s,
                              sizeof(s))) {
        compare(w, "BUILD-ID", !strcmp(id, s));
    }
    compare_place(w, note);
    osi_vmcoreinfo_symbols(note->text, note->len, compare_symbol, w);
}

void linux_vmcoreinfo_feature(Linux *lx, GArray *rows)
{
    const LinuxNote *note = linux_vmcoreinfo(lx);
    const char *id = linux_build_id(lx);
    Witness w = { .lx = lx };
    OsiError err;

    if (id) {
        linux_row(rows, "build-id", "%s", id);
    } else {
        osi_fail(&err, OSI_ERR_NO_SUCH, 0, "neither a note at __start_notes"
                 " nor VMCOREINFO: %.120s", note->why.message);
        linux_row_no(rows, "build-id", &err, "a profile cannot be matched by"
                     " it: it is matched by its contents");
    }
    if (!note->text) {
        linux_row_no(rows, "vmcoreinfo", &note->why, "only a second witness:"
                     " nothing else depends on it");
        return;
    }
    compare_all(lx, note, &w);
    if (w.same < w.compared) {
        osi_fail(&err, OSI_ERR_BAD_DATA, note->at, "agrees in %d of %d, not in"
                 " %s", w.same, w.compared, w.differs);
        linux_row_no(rows, "vmcoreinfo", &err, "an old page of another kernel,"
                     " or what was found is wrong: compare with the guest");
    } else {
        linux_row(rows, "vmcoreinfo", "%zu bytes at %s0x%" PRIx64 ", agrees in"
                  " all of %d (release, build id, base, symbols)", note->len,
                  note->scanned ? "physical " : "", note->at, w.compared);
    }
}
