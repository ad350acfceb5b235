/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See trace.h: the file, and the thread that writes it. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/cutils.h"
#include "qemu/thread.h"
#include "qemu/units.h"
#include "system/runstate.h"
#include "hw/boards.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/trace.h"

#define RING_SIZE (4 * MiB)
#define FLUSH_AT (256 * KiB)
#define IDLE_MS 5               /* between looks into empty rings */
#define MAX_KINDS 64
#define MAX_TASKS 20000         /* that are given a name at the end */

struct GdbxTrace {
    int refs;
    GdbxTraceOptions options;
    char *path;
    int fd;
    void *format;               /* the format's own */
    GdbxTraceRings *rings;
    const GdbxEventType *type[MAX_KINDS];
    GdbxTraceKind kind[MAX_KINDS];
    unsigned kinds;             /* atomic: those below are complete */
    unsigned told;              /* kinds that the file has; the thread's */
    GString *out;               /* the thread's, then the main thread's */
    GHashTable *tasks;          /* tid -> pid seen; the same */
    uint64_t bytes, written;    /* atomic */
    int error;                  /* atomic: nothing is written any more */
    bool stop;                  /* atomic */
    QemuThread thread;
};

static GdbxTrace *now;

GdbxTrace *gdbx_trace_now(void)
{
    return now;
}

const GdbxTraceOptions *gdbx_trace_options(const GdbxTrace *t)
{
    return &t->options;
}

/* Writes the buffer out; after an error what comes is dropped. */
static void flush(GdbxTrace *t)
{
    if (!qatomic_read(&t->error) && t->out->len) {
        ssize_t n = qemu_write_full(t->fd, t->out->str, t->out->len);

        qatomic_set(&t->bytes, t->bytes + MAX(n, 0));
        if (n != t->out->len) {
            qatomic_set(&t->error, errno);
        }
    }
    g_string_truncate(t->out, 0);
}

static void tell_kinds(GdbxTrace *t)
{
    while (t->told < qatomic_load_acquire(&t->kinds)) {
        t->options.format->kind(t->format, t->out, &t->kind[t->told], t->told);
        t->told++;
    }
}

static void write_event(GdbxTrace *t, const GdbxTraceEvent *ev)
{
    tell_kinds(t);
    t->options.format->event(t->format, t->out, &t->kind[ev->kind], ev);
    if (t->options.format->task && ev->tid > 0 &&
        g_hash_table_size(t->tasks) < MAX_TASKS) {
        g_hash_table_insert(t->tasks, GINT_TO_POINTER((int)ev->tid),
                            GINT_TO_POINTER((int)ev->pid));
    }
    qatomic_set(&t->written, ev->seq);
    if (t->out->len >= FLUSH_AT) {
        flush(t);
    }
}

static void *writer(void *opaque)
{
    GdbxTrace *t = opaque;
    GdbxTraceEvent ev;
    bool last = false;

    for (;;) {
        while (gdbx_trace_take(t->rings, &ev)) {
            write_event(t, &ev);
        }
        flush(t);
        if (last) {
            return NULL;
        }
        last = qatomic_load_acquire(&t->stop);
        if (!last) {
            g_usleep(IDLE_MS * 1000);
        }
    }
}

/* Is what @fd has of ours? An empty file is, too. */
static bool may_overwrite(int fd)
{
    char head[64];
    ssize_t n = read(fd, head, sizeof(head));

    return n == 0 || (n > 0 && gdbx_trace_is_one(head, n));
}

static int open_file(const GdbxTraceOptions *o, char **why)
{
    int fd = open(o->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) {
        *why = g_strdup_printf("%s: %s", o->path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        *why = g_strdup_printf("%s is no regular file", o->path);
    } else if (!o->force && !may_overwrite(fd)) {
        *why = g_strdup_printf("%s is there and is no trace; `force' "
                               "overwrites it", o->path);
    } else if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)) {
        *why = g_strdup_printf("%s: %s", o->path, strerror(errno));
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

GdbxTrace *gdbx_trace_open(const GdbxTraceOptions *options, char **why)
{
    int fd = open_file(options, why);
    GdbxTrace *t;

    if (fd < 0) {
        return NULL;
    }
    assert(!now);
    now = t = g_new0(GdbxTrace, 1);
    t->refs = 1;
    t->options = *options;
    t->path = g_strdup(options->path);
    t->options.path = t->path;
    t->fd = fd;
    t->out = g_string_sized_new(2 * FLUSH_AT);
    t->tasks = g_hash_table_new(NULL, NULL);
    t->rings = gdbx_trace_rings_new(current_machine->smp.max_cpus, RING_SIZE);
    t->format = t->options.format->open(t->out);
    qemu_thread_create(&t->thread, "gdbx-trace", writer, t,
                       QEMU_THREAD_JOINABLE);
    return t;
}

void gdbx_trace_ref(GdbxTrace *t)
{
    t->refs++;
}

/* Tasks that are still there have names. */
static void tell_tasks(GdbxTrace *t)
{
    GHashTableIter i;
    gpointer tid, pid;

    if (!t->options.format->task || runstate_is_running()) {
        return;
    }
    g_hash_table_iter_init(&i, t->tasks);
    while (g_hash_table_iter_next(&i, &tid, &pid)) {
        const OsiTask *task = osi_task_by_pid(gdbx_guest(),
                                              GPOINTER_TO_INT(tid), NULL);

        if (task) {
            t->options.format->task(t->format, t->out, GPOINTER_TO_INT(pid),
                                    GPOINTER_TO_INT(tid), task->comm);
        }
    }
}

void gdbx_trace_drain(GdbxTrace *t)
{
    if (!qatomic_read(&t->stop)) {
        qatomic_store_release(&t->stop, true);
        qemu_thread_join(&t->thread);
    }
}

void gdbx_trace_unref(GdbxTrace *t)
{
    GdbxTraceEnd end;

    if (--t->refs) {
        return;
    }
    now = NULL;
    gdbx_trace_drain(t);
    end.events = gdbx_trace_count(t->rings);
    end.lost = gdbx_trace_lost(t->rings);
    tell_kinds(t);
    tell_tasks(t);
    t->options.format->close(t->format, t->out, &end);
    flush(t);
    if (t->error) {
        gdbx_console("gdbx: %s: %s; the trace ends early\n", t->path,
                     strerror(t->error));
    }
    close(t->fd);
    gdbx_trace_rings_free(t->rings);
    g_hash_table_unref(t->tasks);
    g_string_free(t->out, true);
    g_free(t->path);
    g_free(t);
}

int gdbx_trace_kind_of(GdbxTrace *t, const GdbxEventType *type)
{
    GdbxTraceKind *k = &t->kind[t->kinds];

    for (unsigned i = 0; i < t->kinds; i++) {
        if (t->type[i] == type) {
            return i;
        }
    }
    if (t->kinds == MAX_KINDS) {
        return -1;
    }
    t->type[t->kinds] = type;
    k->name = type->name;
    while (k->n < GDBX_TRACE_FIELDS && type->fields[k->n].name) {
        k->field[k->n] = type->fields[k->n].name;
        k->decimal[k->n] = type->fields[k->n].decimal;
        k->n++;
    }
    qatomic_store_release(&t->kinds, t->kinds + 1);
    return t->kinds - 1;
}

GdbxTraceState gdbx_trace_state(GdbxTrace *t)
{
    return (GdbxTraceState) {
        .bytes = qatomic_read(&t->bytes),
        .events = gdbx_trace_count(t->rings),
        .written = qatomic_read(&t->written),
        .lost = gdbx_trace_lost(t->rings),
        .error = qatomic_read(&t->error),
    };
}

/* The writer needs no lock that a vCPU thread can have: it goes on. */
void gdbx_trace_event(GdbxTrace *t, const GdbxTraceEvent *ev)
{
    bool wait = t->options.lossless;

    while (!gdbx_trace_put(t->rings, ev, wait) && wait) {
        g_usleep(200);
    }
}
