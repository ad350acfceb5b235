/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the event index, and its answers in words. See index.h. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/fault.h"
#include "introspect/syscall.h"
#include "gdbstub/gdbx/args.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/syscall.h"

/* Kinds by name; those of a type take its words. */
static const struct {
    const char *name, *type;
} kinds[GDBX_INDEX_KINDS] = {
    [GDBX_INDEX_SYSCALL] = { "syscall", "syscall" },
    [GDBX_INDEX_RETURN] = { "return", "syscall" },
    [GDBX_INDEX_EXCEPTION] = { "exception", "exception" },
    [GDBX_INDEX_SWITCH] = { "switch" },
    [GDBX_INDEX_EXEC] = { "exec" },
    [GDBX_INDEX_FORK] = { "fork" },
    [GDBX_INDEX_EXIT] = { "exit" },
};

static bool take_kind(const char **args, GdbxIndexQuery *q, char **why)
{
    GdbxWord word = "";

    if (gdbx_next_word(args, word)) {
        for (int i = 0; i < GDBX_INDEX_KINDS; i++) {
            if (!strcmp(word, kinds[i].name)) {
                q->kinds = 1u << i;
                q->type = kinds[i].type ? gdbx_event_type(kinds[i].type) : NULL;
                return true;
            }
        }
        if (!strcmp(word, "event")) {
            q->kinds = (1u << GDBX_INDEX_KINDS) - 1;
            return true;
        }
    }
    *why = g_strdup_printf("'%.40s' is no kind of event in the index: syscall "
                           "return exception switch exec fork exit event",
                           word);
    return false;
}

static bool take_who(const char **args, GdbxIndexQuery *q, char **why)
{
    const char *at = *args;
    GdbxWord word;
    uint64_t n;

    q->pid = -1;
    if (!gdbx_next_word(&at, word) || strcmp(word, "of")) {
        return true;
    }
    if (!gdbx_next_word(&at, word)) {
        *why = g_strdup("of whom? a process or thread id, or a name");
        return false;
    }
    if (gdbx_word_number(word, &n) && n <= INT32_MAX) {
        q->pid = n;
    } else {
        g_strlcpy(q->name, word, sizeof(q->name));
    }
    *args = at;
    return true;
}

/*
 * The type's own words, up to "of" or "go": those are ours, though #OF is an
 * exception.
 */
static bool take_filter(const char **args, GdbxIndexQuery *q, char **why)
{
    const char *at = *args, *end = at, *own;
    g_autofree char *words = NULL;
    GdbxWord word;

    while (gdbx_next_word(&at, word) && strcmp(word, "of") &&
           strcmp(word, "go")) {
        end = at;
    }
    own = words = g_strndup(*args, end - *args);
    q->filter = q->type->parse(&own, why);
    *args += own - words;
    return q->filter;
}

bool gdbx_index_parse(const char **args, GdbxIndexQuery *q, char **why)
{
    *q = (GdbxIndexQuery) { 0 };
    if (!take_kind(args, q, why)) {
        return false;
    }
    if (q->type && !take_filter(args, q, why)) {
        return false;
    }
    if (take_who(args, q, why)) {
        return true;
    }
    gdbx_index_query_free(q);
    return false;
}

void gdbx_index_query_free(GdbxIndexQuery *q)
{
    if (q->filter) {
        (q->type->release ?: g_free)(q->filter);
        q->filter = NULL;
    }
    g_clear_pointer(&q->called, g_hash_table_unref);
}

/* ---- does a record answer it? ---- */

static void set(GdbxEvent *ev, int field, uint64_t value)
{
    ev->field[field] = value;
    ev->known |= 1u << field;
}

/* What the type's own filter looks at. */
static bool filter_means(const GdbxIndexQuery *q, const IndexRecord *r)
{
    GdbxEvent ev = { .kind = q->type->kind };

    if (ev.kind == GDBX_EVENT_SYSCALL) {
        set(&ev, GDBX_CALL_NUMBER, r->what);
        set(&ev, GDBX_CALL_ENTRY, r->kind == GDBX_INDEX_SYSCALL);
        set(&ev, GDBX_CALL_COMPAT32, r->flags & GDBX_INDEX_COMPAT32);
    } else {
        set(&ev, GDBX_EXC_VECTOR, r->what);
        set(&ev, GDBX_EXC_CPL, r->flags & GDBX_INDEX_CPL);
        set(&ev, GDBX_EXC_KIND, r->flags >> GDBX_INDEX_TRAP);
    }
    return q->type->match(q->filter, &ev);
}

static bool leads_to_another(const IndexRecord *r)
{
    return r->kind == GDBX_INDEX_SWITCH || r->kind == GDBX_INDEX_FORK;
}

static bool is_pid(const GdbxIndexQuery *q, const IndexRecord *r)
{
    return r->pid == q->pid || r->tid == q->pid ||
           (leads_to_another(r) && (r->what == q->pid || r->value == q->pid));
}


static bool is_called(const GdbxIndexQuery *q, uint64_t icount, int32_t tid)
{
    const GArray *times = tid <= 0 ? NULL
        : g_hash_table_lookup(q->called, GINT_TO_POINTER(tid));

    for (guint i = 0; times && i < times->len; i++) {
        const IndexTime *t = &g_array_index(times, IndexTime, i);

        if (icount >= t->from && icount < t->to) {
            return true;
        }
    }
    return false;
}

/* A new task has its parent's name to begin with: any that it gets counts. */
static bool will_be_called(const GdbxIndexQuery *q, const IndexRecord *r)
{
    const GArray *times = r->kind != GDBX_INDEX_FORK ? NULL
        : g_hash_table_lookup(q->called, GINT_TO_POINTER(r->what));

    return times && times->len;
}

static bool is_named(const GdbxIndexQuery *q, const IndexRecord *r)
{
    return will_be_called(q, r) || is_called(q, r->icount, r->tid) ||
           is_called(q, r->icount, r->pid) ||
           (leads_to_another(r) && is_called(q, r->icount, r->what));
}

static bool match(const IndexRecord *r, void *opaque)
{
    const GdbxIndexQuery *q = opaque;

    return (!q->filter || filter_means(q, r)) &&
           (q->pid < 0 || is_pid(q, r)) && (!q->called || is_named(q, r));
}

bool gdbx_index_ask(GdbxIndexQuery *q, uint64_t icount, bool back,
                    IndexRecord *found)
{
    if (q->name[0] && !q->called) {
        q->called = index_called(q->name);
    }
    return index_find(icount, back, q->kinds, match, q, found);
}

/* ---- in words ---- */

static char *who(uint64_t icount, int32_t pid, int32_t tid)
{
    char name[INDEX_NAME];

    if (pid < 0) {
        return g_strdup(" of an unknown task");
    }
    if (!tid) {
        return g_strdup(" of no process");
    }
    index_name_at(icount, tid, name);
    return g_strdup_printf(" of process %d \"%s\" thread %d", pid, name, tid);
}

static char *call_text(const IndexRecord *r)
{
    bool compat32 = r->flags & GDBX_INDEX_COMPAT32;
    const char *name = osi_call_name(r->what, compat32), *error = NULL;
    g_autofree char *number = g_strdup_printf("syscall_%d", r->what);
    unsigned args = osi_call_args(r->what, compat32);

    if (r->kind == GDBX_INDEX_SYSCALL) {
        return args ? g_strdup_printf("syscall %s(0x%" PRIx64 "%s)",
                                      name ?: number, (uint64_t)r->value,
                                      args > 1 ? ", ..." : "")
                    : g_strdup_printf("syscall %s()", name ?: number);
    }
#ifdef __GLIBC__
    error = r->value < 0 && r->value > -4096 ? strerrorname_np(-r->value)
                                             : NULL;
#endif
    return g_strdup_printf("return of %s = %" PRId64 "%s%s", name ?: number,
                           r->value, error ? " " : "", error ?: "");
}

static char *exception_text(const IndexRecord *r)
{
    const GdbxEventType *type = gdbx_event_type("exception");
    GdbxEvent ev = { .kind = GDBX_EVENT_EXCEPTION };

    set(&ev, GDBX_EXC_VECTOR, r->what);
    if (type && type->text) {
        type->text(NULL, &ev);
    }
    return g_strdup_printf("exception %s at 0x%" PRIx64, ev.text,
                           (uint64_t)r->value);
}

static char *exit_text(const IndexRecord *r)
{
    return !r->value ? g_strdup("exit of a thread")
         : r->what & 0x7f ? g_strdup_printf("exit by signal %d", r->what & 0x7f)
         : g_strdup_printf("exit with status %d", r->what >> 8 & 0xff);
}

static char *what(const IndexRecord *r)
{
    char name[INDEX_NAME] = "";

    if (r->what > 0 && leads_to_another(r)) {
        index_name_at(r->icount, r->what, name);
    }
    switch (r->kind) {
    case GDBX_INDEX_SYSCALL:
    case GDBX_INDEX_RETURN:
        return call_text(r);
    case GDBX_INDEX_EXCEPTION:
        return exception_text(r);
    case GDBX_INDEX_SWITCH:
        return r->what ? g_strdup_printf("switch to %d \"%s\"", r->what, name)
                       : g_strdup("switch to idle");
    case GDBX_INDEX_EXEC:
        return g_strdup_printf("exec, entry 0x%" PRIx64, (uint64_t)r->value);
    case GDBX_INDEX_FORK:
        return g_strdup_printf("fork of %s %d \"%s\"", r->value == r->what ?
                               "process" : "thread", r->what, name);
    case GDBX_INDEX_EXIT:
        return exit_text(r);
    default:
        return g_strdup("an event");
    }
}

char *gdbx_index_text(const IndexRecord *r)
{
    g_autofree char *text = what(r), *whose = who(r->icount, r->pid, r->tid);

    return g_strconcat(text, whose, NULL);
}
