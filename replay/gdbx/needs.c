/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording needs (FILE.json beside it): gathered from the machine as it
 * was made, compared when it is replayed.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "hw/qdev-core.h"
#include "qom/object.h"
#include "replay/recording.h"
#include "needs.h"

#define FORMAT 1

static char *beside(const char *file)
{
    return g_strconcat(file, ".json", NULL);
}

static int append_device(Object *obj, void *opaque)
{
    if (object_dynamic_cast(obj, TYPE_DEVICE)) {
        g_autofree char *path = object_get_canonical_path(obj);
        g_autofree char *line = g_strdup_printf("%s (%s)", path,
                                                object_get_typename(obj));
        qlist_append_str(opaque, line);
    }
    return 0;
}

/* What the CPU is said to have: the properties that are on. */
static QList *cpu_features(void)
{
    QList *list = qlist_new();
    ObjectPropertyIterator iter;
    ObjectProperty *p;

    object_property_iter_init(&iter, OBJECT(first_cpu));
    while ((p = object_property_iter_next(&iter))) {
        if (!strcmp(p->type, "bool") &&
            object_property_get_bool(OBJECT(first_cpu), p->name, NULL)) {
            qlist_append_str(list, p->name);
        }
    }
    return list;
}

static QDict *machine_needs(void)
{
    MachineState *m = current_machine;
    QDict *d = qdict_new();

    qdict_put_int(d, "format", FORMAT);
    qdict_put_str(d, "qemu", QEMU_VERSION);
    qdict_put_str(d, "machine", MACHINE_GET_CLASS(m)->name);
    qdict_put_int(d, "memory", m->ram_size);
    qdict_put_int(d, "cpus", m->smp.cpus);
    qdict_put_str(d, "cpu", m->cpu_type ? m->cpu_type : "");
    qdict_put_str(d, "kernel command line",
                  m->kernel_cmdline ? m->kernel_cmdline : "");
    qdict_put(d, "cpu feature", cpu_features());
    return d;
}

static QDict *needs_now(bool recording)
{
    QDict *d = machine_needs();
    QList *devices = qlist_new();

    object_child_foreach_recursive(OBJECT(current_machine), append_device,
                                   devices);
    qdict_put(d, "device", devices);
    qdict_put(d, "files", needs_files(recording));
    return d;
}

static QDict *saved_needs(const char *file)
{
    g_autofree char *name = beside(file), *text = NULL;
    Error *err = NULL;
    QObject *o;
    gsize len;

    if (!g_file_get_contents(name, &text, &len, NULL)) {
        return NULL;
    }
    o = len < 64 * MiB ? qobject_from_json(text, &err) : NULL;
    if (!o || !qobject_to(QDict, o) ||
        qdict_get_try_int(qobject_to(QDict, o), "format", 0) != FORMAT) {
        error_report("%s: not what a recording needs, or of another version%s"
                     "%s", name, err ? ": " : "",
                     err ? error_get_pretty(err) : "");
        exit(1);
    }
    return qobject_to(QDict, o);
}

static void save_needs(const char *file, QDict *d)
{
    g_autofree char *name = beside(file);
    g_autoptr(GString) text = qobject_to_json_pretty(QOBJECT(d), true);
    g_autoptr(GError) err = NULL;

    g_string_append_c(text, '\n');
    if (!g_file_set_contents(name, text->str, text->len, &err)) {
        warn_report("%s", err->message);
    }
}

void recording_needs_write(const char *file)
{
    QDict *d = needs_now(true);

    save_needs(file, d);
    qobject_unref(d);
}

/* --- what differs --- */

static bool is_in(const QList *list, const char *text)
{
    const QListEntry *e;

    QLIST_FOREACH_ENTRY(list, e) {
        QString *s = qobject_to(QString, qlist_entry_obj(e));

        if (s && !strcmp(qstring_get_str(s), text)) {
            return true;
        }
    }
    return false;
}

static void only_in(const char *file, const char *what, const QList *here,
                    const QList *there, const char *how, unsigned *n)
{
    const QListEntry *e;

    QLIST_FOREACH_ENTRY(here, e) {
        QString *s = qobject_to(QString, qlist_entry_obj(e));

        if (s && !is_in(there, qstring_get_str(s))) {
            error_report("%s: %s %s %s", file, what, qstring_get_str(s), how);
            ++*n;
        }
    }
}

static void compare_one(const char *file, const char *key, QObject *was,
                        QObject *is, unsigned *n)
{
    QList *before = qobject_to(QList, was), *now = qobject_to(QList, is);

    if (before && now) {
        only_in(file, key, before, now, "was there when it was recorded", n);
        only_in(file, key, now, before, "was not there when it was recorded",
                n);
    } else if (!qobject_is_equal(was, is)) {
        g_autoptr(GString) a = qobject_to_json(was), b = qobject_to_json(is);

        error_report("%s: %s: recorded with %s, now %s", file, key, a->str,
                     b->str);
        ++*n;
    }
}

void recording_needs_compare(const char *file)
{
    QDict *was = saved_needs(file), *is;
    unsigned n = 0;

    if (!was) {
        return;
    }
    is = needs_now(false);
    for (const QDictEntry *e = qdict_first(is); e; e = qdict_next(is, e)) {
        const char *key = qdict_entry_key(e);
        QObject *old = qdict_get(was, key);

        if (!strcmp(key, "files")) {
            n += needs_files_differ(file, qdict_get_qdict(was, key));
        } else if (old) {
            compare_one(file, key, old, qdict_entry_value(e), &n);
        } else {
            error_report("%s: %s: not said in %s.json", file, key, file);
            n++;
        }
    }
    qobject_unref(was);
    qobject_unref(is);
    if (n) {
        error_report("%s would not be replayed as it was recorded (its needs "
                     "are in %s.json)", file, file);
        exit(1);
    }
}

/* --- the recording's own file --- */

void recording_needs_finish(const char *file)
{
    QDict *d = saved_needs(file);
    QDict *log;

    if (!d) {
        return;
    }
    log = needs_checksums(file);
    if (log) {
        qdict_put(d, "recording", log);
    }
    needs_files_finish(qdict_get_qdict(d, "files"));
    save_needs(file, d);
    qobject_unref(d);
}

void recording_needs_whole(const char *file)
{
    QDict *d = saved_needs(file), *was, *is;
    g_autofree char *where = NULL;

    was = d ? qdict_get_qdict(d, "recording") : NULL;
    is = was ? needs_checksums(file) : NULL;
    if (is) {
        where = needs_checksums_differ(was, is);
    }
    if (where) {
        error_report("%s: %s", file, where);
        exit(1);
    }
    qobject_unref(is);
    qobject_unref(d);
}
