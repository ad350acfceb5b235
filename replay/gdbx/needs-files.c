/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that a recording needs. The same size and time of change are taken
 * for the same content; a SHA-256 decides where the time differs. It is made
 * in a thread of its own while the guest runs (nobody writes those files), but at
 * once for a disk image that the guest itself may write.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#include "block/block_int.h"
#include "hw/boards.h"
#include "needs.h"
#include <zlib.h>

typedef struct Sum {
    char *what, *name, *sha256;
    bool ready;             /* atomic */
} Sum;

static GPtrArray *sums;     /* Sum, for the thread; never freed */
static bool leaving;        /* atomic */

static char *sha256_of(const char *name)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *buf = g_malloc(1 << 20);
    FILE *f = fopen(name, "rb");
    size_t n;

    if (!f) {
        return NULL;
    }
    while ((n = fread(buf, 1, 1 << 20, f)) && !qatomic_read(&leaving)) {
        g_checksum_update(sum, (guchar *)buf, n);
    }
    fclose(f);
    return qatomic_read(&leaving) ? NULL
                                  : g_strdup(g_checksum_get_string(sum));
}

static gpointer make_sums(gpointer opaque)
{
    for (guint i = 0; i < sums->len && !qatomic_read(&leaving); i++) {
        Sum *s = g_ptr_array_index(sums, i);

        s->sha256 = sha256_of(s->name);
        qatomic_store_release(&s->ready, s->sha256 != NULL);
    }
    return NULL;
}

static void add(QDict *files, const char *what, const char *name, bool now,
                bool later)
{
    struct stat st;
    QDict *d;

    /* What has no name any more (an overlay of snapshot=on) begins empty. */
    if (!name || !*name || stat(name, &st) || !S_ISREG(st.st_mode)) {
        return;
    }
    d = qdict_new();
    qdict_put_str(d, "name", name);
    qdict_put_int(d, "size", st.st_size);
    qdict_put_int(d, "changed", st.st_mtim.tv_sec * 1000000000ll +
                  st.st_mtim.tv_nsec);
    if (now) {
        g_autofree char *sha256 = sha256_of(name);

        qdict_put_str(d, "sha256", sha256 ? sha256 : "");
    } else if (later) {
        Sum *s = g_new0(Sum, 1);

        s->what = g_strdup(what);
        s->name = g_strdup(name);
        g_ptr_array_add(sums, s);
    }
    qdict_put(files, what, d);
}

static void add_drives(QDict *files, bool recording)
{
    BlockDriverState *bs = NULL;
    unsigned n = 0;

    while ((bs = bdrv_next_all_states(bs))) {
        if (bs->drv && bs->drv->protocol_name &&
            !strcmp(bs->drv->protocol_name, "file")) {
            g_autofree char *what = g_strdup_printf("drive file %u", n++);
            bool written = !bdrv_is_read_only(bs);

            add(files, what, bs->filename, recording && written,
                recording && !written);
        }
    }
}

QDict *needs_files(bool recording)
{
    MachineState *m = current_machine;
    QDict *files = qdict_new();

    sums = sums ? sums : g_ptr_array_new();
    add(files, "kernel", m->kernel_filename, false, recording);
    add(files, "initrd", m->initrd_filename, false, recording);
    add(files, "device tree", m->dtb, false, recording);
    add(files, "firmware", m->firmware, false, recording);
    add_drives(files, recording);
    if (recording && sums->len) {
        g_thread_unref(g_thread_new("gdbx-sums", make_sums, NULL));
    }
    return files;
}

void needs_files_finish(QDict *files)
{
    qatomic_set(&leaving, true);
    for (guint i = 0; files && sums && i < sums->len; i++) {
        Sum *s = g_ptr_array_index(sums, i);
        QDict *d = qdict_get_qdict(files, s->what);

        if (d && qatomic_load_acquire(&s->ready)) {
            qdict_put_str(d, "sha256", s->sha256);
        }
    }
}

/* False, and said: @is is not what @was. */
static bool same_file(const char *recording, const char *what, QDict *was,
                      QDict *is)
{
    const char *name = qdict_get_str(is, "name");
    const char *sum = qdict_get_try_str(was, "sha256");
    g_autofree char *now = NULL;

    if (qdict_get_try_int(was, "size", -1) != qdict_get_int(is, "size")) {
        error_report("%s: %s %s: recorded with %" PRId64 " bytes, now %" PRId64,
                     recording, what, name,
                     qdict_get_try_int(was, "size", -1),
                     qdict_get_int(is, "size"));
        return false;
    }
    if (qdict_get_try_int(was, "changed", -1) ==
        qdict_get_int(is, "changed")) {
        return true;
    }
    now = sum ? sha256_of(name) : NULL;
    if (now && !strcmp(now, sum)) {
        return true;
    }
    error_report("%s: %s %s: %s", recording, what, name, sum ?
                 "its content is another than when it was recorded" :
                 "it was written since (the recorder left no checksum)");
    return false;
}

unsigned needs_files_differ(const char *recording, QDict *was)
{
    QDict *is = needs_files(false);
    unsigned n = 0;

    for (const QDictEntry *e = qdict_first(is); e; e = qdict_next(is, e)) {
        const char *what = qdict_entry_key(e);
        QDict *old = was ? qdict_get_qdict(was, what) : NULL;

        if (!old) {
            error_report("%s: %s: was not there when it was recorded",
                         recording, what);
            n++;
        } else {
            n += !same_file(recording, what, old,
                            qobject_to(QDict, qdict_entry_value(e)));
        }
    }
    for (const QDictEntry *e = was ? qdict_first(was) : NULL; e;
         e = qdict_next(was, e)) {
        if (!qdict_haskey(is, qdict_entry_key(e))) {
            error_report("%s: %s: recorded with one, now there is none",
                         recording, qdict_entry_key(e));
            n++;
        }
    }
    qobject_unref(is);
    return n;
}

QDict *needs_checksums(const char *file)
{
    FILE *f = fopen(file, "rb");
    g_autofree uint8_t *buf = g_malloc(1 << 20);
    QList *list = qlist_new();
    QDict *d = qdict_new();
    uint64_t bytes = 0;
    size_t n;

    while (f && (n = fread(buf, 1, 1 << 20, f))) {
        qlist_append_int(list, crc32(0, buf, n));
        bytes += n;
    }
    if (f) {
        fclose(f);
    }
    qdict_put_int(d, "bytes", bytes);
    qdict_put(d, "crc32", list);
    return d;
}

char *needs_checksums_differ(QDict *was, QDict *is)
{
    const QList *a = qdict_get_qlist(was, "crc32");
    const QList *b = qdict_get_qlist(is, "crc32");
    const QListEntry *x = a ? qlist_first(a) : NULL;
    const QListEntry *y = b ? qlist_first(b) : NULL;

    for (unsigned i = 0; x && y; i++, x = qlist_next(x), y = qlist_next(y)) {
        /* The last piece of a file that was cut off is told by its length. */
        if (qlist_next(y) && !qobject_is_equal(qlist_entry_obj(x),
                                               qlist_entry_obj(y))) {
            return g_strdup_printf("damaged: its bytes from %u MiB to %u MiB "
                                   "are not those that were recorded", i,
                                   i + 1);
        }
    }
    if (qdict_get_try_int(was, "bytes", -1) ==
        qdict_get_try_int(is, "bytes", -2) && x == y &&
        !qobject_is_equal(qdict_get(was, "crc32"), qdict_get(is, "crc32"))) {
        return g_strdup("damaged: its last bytes are not those that were "
                        "recorded");
    }
    return NULL;
}
