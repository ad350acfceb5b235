/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files by their names on a forged guest: mounts, links, what is not there,
 * what is damaged; and an inode that is no longer what it was.
 */
#include <string.h>
#include "introspect/inode.h"
#include "forge-parts.h"

#define FIXTURE_TASK 10     /* worker */
#include "forge-fixture.h"

static bool look(Fixture *f, const char *path, bool follow, OsiInode *i,
                 OsiError *err)
{
    *err = (OsiError) { 0 };
    return osi_file_lookup(f->g, f->t, path, follow, i, err);
}

static void check(Fixture *f, const char *path, uint64_t number)
{
    OsiInode i = { 0 };
    OsiError err;

    look(f, path, true, &i, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(i.number, ==, number);
}

static void check_none(Fixture *f, const char *path, OsiErrorKind kind,
                       const char *why)
{
    OsiInode i = { .number = 5 };
    OsiError err;

    g_assert_false(look(f, path, true, &i, &err));
    g_assert_cmpint(err.kind, ==, kind);
    g_assert_nonnull(strstr(err.message, why));
    g_assert_cmpuint(i.number, ==, 5);
}

static void test_names(Fixture *f, gconstpointer options)
{
    g_autofree char *deep = g_strnfill(5000, '/');
    g_autofree char *name = g_strnfill(300, 'x');
    g_autofree char *longest = g_strconcat("/", name, NULL);

    check(f, "/", 2);
    check(f, "/tmp", 12);
    check(f, "/mnt", 1);            /* what is mounted there, not below it */
    check(f, "/mnt/bin/worker", 100);
    check(f, "//mnt/.//bin/../lib.so", 101);
    check(f, "/mnt/..", 2);
    check(f, "/../../mnt/bin/", 3);
    check(f, "/far", 100);
    check(f, "/mnt/near", 3);
    check(f, "/mnt/near/../near/worker", 100);
    check_none(f, "/none", OSI_ERR_NO_SUCH, "no such file");
    check_none(f, "/what", OSI_ERR_NO_SUCH, "no such name in memory");
    check_none(f, "/tmp/gone", OSI_ERR_NO_SUCH, "no such name in memory");
    check_none(f, "/mnt/lib.so/x", OSI_ERR_NO_SUCH, "not a directory");
    check_none(f, "/circle", OSI_ERR_LIMIT, "symbolic links");
    check_none(f, "mnt", OSI_ERR_NO_SUCH, "absolute");
    check_none(f, "", OSI_ERR_NO_SUCH, "absolute");
    check_none(f, deep, OSI_ERR_NO_SUCH, "4096");
    check_none(f, longest, OSI_ERR_NO_SUCH, "300 bytes");
}

static void test_links(Fixture *f, gconstpointer options)
{
    g_autofree char *to = NULL;
    OsiInode i;
    OsiError err;

    g_assert_true(look(f, "/far", false, &i, &err));
    g_assert_cmpint(i.mode & OSI_MODE_KIND, ==, OSI_MODE_LINK);
    to = osi_inode_link(f->g, &i, &err);
    g_assert_cmpstr(to, ==, "/mnt/../mnt/near/worker");
    g_assert_true(look(f, "/mnt/near/worker", false, &i, &err));
    g_assert_null(osi_inode_link(f->g, &i, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

static void test_contents(Fixture *f, gconstpointer options)
{
    uint8_t b[8 * 4096];
    OsiInode i, same;
    OsiError err;
    size_t got = 77;

    g_assert_true(look(f, "/mnt/lib.so", true, &i, &err));
    g_assert_cmpuint(i.size, ==, 7 * 4096);
    g_assert_cmpint(i.mtime, ==, 1000101);
    g_assert_true(osi_file_inode(f->g, f->k->file[FF_LIB], &same, &err));
    g_assert_cmpmem(&i, sizeof(i), &same, sizeof(same));
    g_assert_true(osi_inode_read(f->g, &i, 100, b, sizeof(b), &got, &err));
    g_assert_cmpuint(got, ==, 5 * 4096 - 100);      /* then comes the hole */
    g_assert_cmphex(b[3 * 4096], ==, 0x43);
    g_assert_false(osi_inode_read(f->g, &i, 5 * 4096, b, 1, &got, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_true(osi_inode_read(f->g, &i, 7 * 4096, b, 1, &got, &err));
    g_assert_cmpuint(got, ==, 0);
    g_assert_true(look(f, "/mnt", true, &i, &err));
    g_assert_false(osi_inode_read(f->g, &i, 0, b, 1, &got, &err));
}

/* Freed, or another file's by now: never taken for the one it was. */
static void test_identity(Fixture *f, gconstpointer options)
{
    OsiInode i, now;
    OsiError err = { 0 };
    uint64_t list, next;

    g_assert_true(look(f, "/mnt/bin/worker", true, &i, &err));
    g_assert_true(osi_inode_check(f->g, &i, &now, &err));
    i.generation++;
    g_assert_false(osi_inode_check(f->g, &i, &now, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    i.generation--;
    i.number++;
    g_assert_false(osi_inode_check(f->g, &i, &now, &err));
    i.number--;
    list = forge_at_member(f->k, i.object, "inode", "i_sb_list");
    next = forge_peek(f->k, list);
    forge_poke(f->k, list, list);
    again(f);
    g_assert_false(osi_inode_check(f->g, &i, &now, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    forge_poke(f->k, list, next);
    again(f);
    g_assert_true(osi_inode_check(f->g, &i, &now, &err));
}

/* Entries and mounts in a circle, entries of another directory. */
static void test_damage(Fixture *f, gconstpointer options)
{
    const ForgeOptions *o = options;
    const char *member = o->list ? "d_child" : "d_sib";
    OsiInode i;
    OsiError err;
    uint64_t file = forge_at_member(f->k, f->k->file[FF_EXE], "file",
                                    "f_path.dentry");
    uint64_t d = forge_peek(f->k, file);
    uint64_t link = forge_at_member(f->k, d, "dentry", member);
    uint64_t at = forge_at_member(f->k, d, "dentry", "d_parent");
    uint64_t parent = forge_peek(f->k, at);

    forge_poke(f->k, link, link);
    again(f);
    g_assert_false(look(f, "/mnt/bin/other", true, &i, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_nonnull(strstr(err.message, "circle"));
    forge_poke(f->k, at, d);
    again(f);
    g_assert_false(look(f, "/mnt/bin/worker", true, &i, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    forge_poke(f->k, at, parent);
}

#define CASE(name, options, test) \
    g_test_add("/lookup/" name, Fixture, options, setup, test, teardown)

int main(int argc, char **argv)
{
    static const ForgeOptions list = {
        .kallsyms = FORGE_AFTER, .paging = OSI_PAGING_4LEVEL, .list = true,
    };
    static const ForgeOptions tree = {
        .kallsyms = FORGE_AFTER, .paging = OSI_PAGING_5LEVEL, .pti = true,
    };

    g_test_init(&argc, &argv, NULL);
    CASE("names-old", &list, test_names);
    CASE("names-new", &tree, test_names);
    CASE("links", &tree, test_links);
    CASE("contents", &list, test_contents);
    CASE("identity", &tree, test_identity);
    CASE("damage-old", &list, test_damage);
    CASE("damage-new", &tree, test_damage);
    return g_test_run();
}
