/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bookmarks. See include/replay/bookmarks.h. Their file:
 *
 *     bookmarks of BYTES SHA256        of the recording, as BesideId has it
 *     ICOUNT NAME
 *     ...
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "system/replay.h"
#include "replay/beside.h"
#include "replay/bookmarks.h"

/* Far more than BOOKMARKS_MAX lines are. */
#define FILE_MAX (BOOKMARKS_MAX * 128)

static GArray *marks;           /* Bookmark, by icount */
static const char *why_not;

bool bookmark_name_ok(const char *name)
{
    size_t n = strlen(name);

    if (!n || n >= BOOKMARK_NAME ||
        !(g_ascii_isalpha(*name) || *name == '_')) {
        return false;
    }
    for (const char *p = name; *p; p++) {
        if (!g_ascii_isalnum(*p) && !strchr("._-", *p)) {
            return false;
        }
    }
    return true;
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    const Bookmark *x = a, *y = b;

    return x->icount < y->icount ? -1 : x->icount != y->icount ? 1
           : strcmp(x->name, y->name);
}

static Bookmark *find(const char *name)
{
    for (guint i = 0; i < marks->len; i++) {
        Bookmark *m = &g_array_index(marks, Bookmark, i);

        if (!strcmp(m->name, name)) {
            return m;
        }
    }
    return NULL;
}

/* False: there are too many. Not sorted. */
static bool put(const char *name, uint64_t icount)
{
    Bookmark *there = find(name), m = { .icount = icount };

    if (there) {
        there->icount = icount;
        return true;
    }
    g_strlcpy(m.name, name, sizeof(m.name));
    if (marks->len < BOOKMARKS_MAX) {
        g_array_append_val(marks, m);
        return true;
    }
    return false;
}

/* ---- the file ---- */

static bool read_head(const char *line, BesideId *id)
{
    char **w = g_strsplit(line, " ", 5);
    bool ok = g_strv_length(w) == 4 && !strcmp(w[0], "bookmarks") &&
              !strcmp(w[1], "of") && !qemu_strtou64(w[2], NULL, 10, &id->bytes);

    if (ok) {
        ok = g_strlcpy(id->sum, w[3], sizeof(id->sum)) < sizeof(id->sum);
    }
    g_strfreev(w);
    return ok;
}

static bool read_mark(const char *line)
{
    const char *name;
    uint64_t icount;

    return !qemu_strtou64(line, &name, 10, &icount) && *name == ' ' &&
           icount <= INT64_MAX && bookmark_name_ok(name + 1) &&
           put(name + 1, icount);
}

static const char *read_lines(char **line)
{
    BesideId id;

    if (!*line || !read_head(*line, &id)) {
        return "is no file of bookmarks";
    }
    if (!beside_matches(&id)) {
        return "is of another recording";
    }
    for (line++; *line; line++) {
        if (**line && !read_mark(*line)) {
            return "has lines that are no bookmarks";
        }
    }
    return NULL;
}

static char *contents(const char *name)
{
    FILE *f = fopen(name, "rb");
    char *text;
    size_t n;

    if (!f) {
        return NULL;
    }
    text = g_malloc(FILE_MAX + 1);
    n = fread(text, 1, FILE_MAX, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* A recording that is being made begins with none. */
static void load(void)
{
    g_autofree char *name = NULL, *text = NULL;
    char **lines;

    if (marks) {
        return;
    }
    marks = g_array_new(false, true, sizeof(Bookmark));
    name = beside_name("bookmarks");
    text = name && replay_mode == REPLAY_MODE_PLAY ? contents(name) : NULL;
    if (text) {
        lines = g_strsplit(text, "\n", -1);
        why_not = read_lines(lines);
        g_strfreev(lines);
        g_array_sort(marks, by_place);
    }
}

/* NULL, or what is wrong. */
static const char *save(void)
{
    g_autofree char *name = beside_name("bookmarks");
    g_autoptr(GString) s = g_string_new(NULL);
    BesideId id;

    g_array_sort(marks, by_place);
    if (!name) {
        return NULL;            /* no recording: they last as long as we do */
    }
    if (!beside_id(0, &id)) {
        return "the recording cannot be read, so they were not written";
    }
    g_string_printf(s, "bookmarks of %" PRIu64 " %s\n", id.bytes, id.sum);
    for (guint i = 0; i < marks->len; i++) {
        const Bookmark *m = &g_array_index(marks, Bookmark, i);

        g_string_append_printf(s, "%" PRIu64 " %s\n", m->icount, m->name);
    }
    return g_file_set_contents(name, s->str, s->len, NULL) ? NULL
           : "their file cannot be written; they last as long as the emulator";
}

/* ---- the rest ---- */

const char *bookmark_set(const char *name, uint64_t icount)
{
    load();
    if (!bookmark_name_ok(name)) {
        return "a name has letters, digits, . _ and -, begins with a letter, "
               "and is not longer than 63";
    }
    return put(name, icount) ? save() : "there are 1000 already";
}

const char *bookmark_delete(const char *name)
{
    Bookmark *m;

    load();
    m = find(name);
    if (!m) {
        return "there is no bookmark of that name";
    }
    g_array_remove_index(marks, m - &g_array_index(marks, Bookmark, 0));
    return save();
}

const Bookmark *bookmark_find(const char *name)
{
    load();
    return find(name);
}

const Bookmark *bookmark_before(uint64_t icount)
{
    const Bookmark *best = NULL;

    load();
    for (guint i = 0; i < marks->len; i++) {
        const Bookmark *m = &g_array_index(marks, Bookmark, i);

        best = m->icount <= icount ? m : best;
    }
    return best;
}

const Bookmark *bookmarks_all(size_t *n)
{
    load();
    *n = marks->len;
    return *n ? &g_array_index(marks, Bookmark, 0) : NULL;
}

const char *bookmarks_why_not(void)
{
    load();
    return why_not;
}
