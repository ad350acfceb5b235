/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rings of trace events and the formats of their files. */
#include <glib.h>
#include <string.h>
#include "gdbstub/gdbx/trace-format.h"

#define CPUS 3
#define EACH 20000

/* What event @n of @cpu is; all of it follows from the two. */
static GdbxTraceEvent made(unsigned cpu, uint64_t n)
{
    GdbxTraceEvent ev = { .cpu = cpu, .time = 1000 * n + cpu, .icount = n,
                          .pc = n * n, .pid = cpu + 1, .tid = n % 7,
                          .known = n * 2654435761u % 4096, .kind = n % 3,
                          .behind = n & 1 };

    for (int i = 0; i < GDBX_TRACE_FIELDS; i++) {
        ev.field[i] = ev.known >> i & 1 ? n + i : 0;
    }
    memset(ev.text, 'a' + n % 26, n % (GDBX_TRACE_TEXT - 1));
    return ev;
}

static bool is_made(const GdbxTraceEvent *ev, uint64_t n)
{
    GdbxTraceEvent want = made(ev->cpu, n);

    return ev->time == want.time && ev->icount == want.icount &&
           ev->pc == want.pc && ev->pid == want.pid && ev->tid == want.tid &&
           ev->known == want.known && ev->kind == want.kind &&
           ev->behind == want.behind && !strcmp(ev->text, want.text) &&
           !memcmp(ev->field, want.field, sizeof(want.field));
}

typedef struct Writer {
    GdbxTraceRings *rings;
    unsigned cpu;
    bool waits;
} Writer;

static gpointer write_all(gpointer opaque)
{
    Writer *w = opaque;

    for (uint64_t n = 0; n < EACH; n++) {
        GdbxTraceEvent ev = made(w->cpu, n);

        while (!gdbx_trace_put(w->rings, &ev, w->waits) && w->waits) {
            g_thread_yield();
        }
    }
    return NULL;
}

/* Numbers of all without gaps, each CPU's in order, what is lost counted. */
static void run_writers(bool waits)
{
    GdbxTraceRings *r = gdbx_trace_rings_new(CPUS, 8192);
    GThread *thread[CPUS];
    Writer w[CPUS];
    uint64_t next[CPUS] = { 0 }, seen = 0, lost = 0, missing = 0;
    GdbxTraceEvent ev;
    bool over = false;

    for (unsigned i = 0; i < CPUS; i++) {
        w[i] = (Writer) { r, i, waits };
        thread[i] = g_thread_new("writer", write_all, &w[i]);
    }
    for (;;) {
        while (gdbx_trace_take(r, &ev)) {
            g_assert_cmpuint(ev.seq, ==, ++seen);
            next[ev.cpu] += ev.lost;
            lost += ev.lost;
            g_assert_true(is_made(&ev, next[ev.cpu]));
            next[ev.cpu]++;
        }
        if (over) {
            break;
        }
        if (waits ? seen == CPUS * EACH
            : gdbx_trace_count(r) + gdbx_trace_lost(r) == CPUS * EACH) {
            over = true;
        }
    }
    for (unsigned i = 0; i < CPUS; i++) {
        g_thread_join(thread[i]);
        missing += EACH - next[i];
    }
    g_assert_cmpuint(seen, ==, gdbx_trace_count(r));
    g_assert_cmpuint(lost + missing, ==, gdbx_trace_lost(r));
    g_assert_cmpuint(seen + gdbx_trace_lost(r), ==, CPUS * EACH);
    g_assert_true(!waits || !gdbx_trace_lost(r));
    gdbx_trace_rings_free(r);
}

static void test_waiting(void)
{
    run_writers(true);
}

static void test_losing(void)
{
    run_writers(false);
}

/* Negative control: what was put differs from what is expected. */
static void test_control(void)
{
    GdbxTraceRings *r = gdbx_trace_rings_new(1, 4096);
    GdbxTraceEvent ev = made(0, 4095);

    g_assert_true(gdbx_trace_put(r, &ev, false));
    g_assert_true(gdbx_trace_take(r, &ev));
    g_assert_true(is_made(&ev, 4095));
    g_assert_false(is_made(&ev, 4094));
    ev.field[3]++;
    g_assert_false(is_made(&ev, 4095));
    g_assert_false(gdbx_trace_take(r, &ev));
    gdbx_trace_rings_free(r);
}

static const GdbxTraceKind io = {
    "io", 3, { "port", "value", "size" }, { false, false, true },
};

static const GdbxTraceEvent sample = {
    .seq = 1, .lost = 2, .time = 1234567, .cpu = 1, .pid = 5, .tid = 6,
    .pc = 0x1000, .known = 5, .field = { 0x3f8, 0, 1 },
    .text = "out \"a\"\n\x1b\xff\\",
};

static char *formatted(const GdbxTraceFormat *f)
{
    GString *out = g_string_new(NULL);
    GdbxTraceEnd end = { 1, 2 };
    void *state = f->open(out);

    f->kind(state, out, &io, 0);
    f->event(state, out, &io, &sample);
    f->close(state, out, &end);
    g_assert_true(gdbx_trace_is_one(out->str, out->len));
    g_assert_false(gdbx_trace_is_one(out->str + 1, out->len - 1));
    return g_string_free(out, FALSE);
}

static void test_text(void)
{
    g_autofree char *s = formatted(&gdbx_trace_text);

    g_assert_nonnull(strstr(s, "\n# 2 events of CPU 1 are missing here\n"
                            "1 1234567 - cpu1 5/6 io pc=0x1000 port=0x3f8 "
                            "size=1 | out \"a\"\\x0a\\x1b\xff\\\n# end: 1 "
                            "events, 2 missing\n"));
}

static void test_chrome(void)
{
    g_autofree char *s = formatted(&gdbx_trace_chrome);

    g_assert_nonnull(strstr(s, "\n{\"ph\":\"i\",\"ts\":1234.567,\"pid\":5,"
                            "\"tid\":6,\"s\":\"t\",\"name\":\"out\",\"cat\":"
                            "\"io\",\"args\":{\"pc\":\"0x1000\",\"cpu\":1,"
                            "\"port\":\"0x3f8\",\"size\":1,\"text\":\"out "
                            "\\\"a\\\"\\u000a\\u001b\\u00ff\\\\\",\"missing "
                            "before\":2}}"));
    g_assert_true(g_str_has_suffix(s, "}}\n]\n"));
}

static const GdbxTraceKind os = { "os", 1, { "to_tid" }, { true } };

static GdbxTraceEvent task_switch(uint64_t to, const char *text)
{
    GdbxTraceEvent ev = { .known = 1, .field = { to }, .time = 5000 };

    g_strlcpy(ev.text, text, sizeof(ev.text));
    return ev;
}

/* A task's slice ends where the next begins; none for the idle task. */
static void test_switches(void)
{
    const char *const want[] = {
        "\"ph\":\"B\",\"ts\":5.000,\"pid\":10000000,\"tid\":10000001,"
        "\"name\":\"sh\"",
        "\"ph\":\"E\",\"ts\":5.000,\"pid\":10000000,\"tid\":10000001}",
    };
    GdbxTraceEvent a = task_switch(7, "switch from 0 \"x\" to 7 \"sh\"");
    GdbxTraceEvent none = task_switch(0, "switch from 7 \"sh\" to 0 \"idle\"");
    GString *out = g_string_new(NULL);
    GdbxTraceEnd end = { 2, 0 };
    void *state = gdbx_trace_chrome.open(out);

    gdbx_trace_chrome.event(state, out, &os, &a);
    gdbx_trace_chrome.event(state, out, &os, &none);
    gdbx_trace_chrome.close(state, out, &end);
    g_assert_nonnull(strstr(out->str, want[0]));
    g_assert_nonnull(strstr(out->str, want[1]));
    g_assert_null(strstr(out->str, "idle\",\"cat"));
    g_string_free(out, TRUE);
}

static void test_names(void)
{
    g_assert_true(gdbx_trace_format("chrome") == &gdbx_trace_chrome);
    g_assert_null(gdbx_trace_format("pcap"));
    g_assert_true(gdbx_trace_format_of("/a/b.json") == &gdbx_trace_chrome);
    g_assert_true(gdbx_trace_format_of("x.gdbx") == &gdbx_trace_binary);
    g_assert_true(gdbx_trace_format_of(".json/x") == &gdbx_trace_text);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/waiting", test_waiting);
    g_test_add_func("/trace/losing", test_losing);
    g_test_add_func("/trace/control", test_control);
    g_test_add_func("/trace/text", test_text);
    g_test_add_func("/trace/chrome", test_chrome);
    g_test_add_func("/trace/switches", test_switches);
    g_test_add_func("/trace/names", test_names);
    return g_test_run();
}
