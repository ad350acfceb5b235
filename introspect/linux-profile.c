/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user gives: a raw BTF file and a System.map of the guest's build.
 *
 * Neither says in itself which build it is of, so both are matched by content:
 * types against the guest's own BTF where it has one and against its data
 * where not; symbols by the place of the banner, of the entry point, and of
 * what the kernel's own table knows. One that does not fit is refused as a
 * whole, and the reason is a row of the features.
 */
#include "linux.h"

#define TYPES_MIN       100
#define SYMBOLS_MIN     100
#define COMPARED_MAX    4096    /* symbols that both tables have */

bool linux_check_profile(const OsiProfile *p, OsiError *err)
{
    if (p->types_len) {
        OsiBtf *btf = osi_btf_parse(p->types, p->types_len, err);
        bool ok = btf && osi_btf_struct_size(btf, "task_struct") &&
                  osi_btf_types(btf) >= TYPES_MIN;

        osi_btf_free(btf);
        if (!ok) {
            return btf ? osi_fail(err, OSI_ERR_NO_SUCH, 0, "BTF without struct"
                                  " task_struct: not of a Linux kernel")
                       : false;
        }
    }
    if (p->symbols_len) {
        OsiKallsyms *map = osi_kallsyms_from_map(p->symbols, p->symbols_len,
                                                 err);
        uint64_t text;
        bool ok = map && osi_kallsyms_find(map, "_text", &text) &&
                  osi_kallsyms_count(map) >= SYMBOLS_MIN;

        osi_kallsyms_free(map);
        if (!ok) {
            return map ? osi_fail(err, OSI_ERR_NO_SUCH, 0, "a System.map"
                                  " without _text: not of a Linux kernel")
                       : false;
        }
    }
    return true;
}

/* ---- symbols ---- */

/* @name of the map, moved, must be @at, if it is there at all. */
static bool lies_at(const OsiKallsyms *map, const char *name, uint64_t at,
                    OsiError *err)
{
    uint64_t value;

    return !osi_kallsyms_find(map, name, &value) || value == at ||
           osi_fail(err, OSI_ERR_BAD_DATA, at, "the System.map has %s at 0x%"
                    PRIx64 ", the guest at 0x%" PRIx64, name, value, at);
}

/* Names that are there once in both must have one value. */
static bool agrees_with_kallsyms(const Linux *lx, const OsiKallsyms *map,
                                 OsiError *err)
{
    size_t n = lx->syms ? osi_kallsyms_count(lx->syms) : 0, same = 0, both = 0;
    size_t step = n / COMPARED_MAX + 1;
    OsiSymbol first = { NULL };

    for (size_t i = 0; i < n; i += step) {
        OsiSymbol s = osi_kallsyms_get(lx->syms, i);
        uint64_t there, here;

        if (osi_kallsyms_find(map, s.name, &there) &&
            osi_kallsyms_find(lx->syms, s.name, &here)) {
            both++;
            same += there == here;
            if (there != here && !first.name) {
                first = s;
            }
        }
    }
    return same * 100 >= both * 99 ||
           osi_fail(err, OSI_ERR_BAD_DATA, first.value, "the System.map agrees"
                    " with %zu of %zu of the kernel's own symbols: not with"
                    " %.64s", same, both, first.name);
}

static bool is_banner(const Linux *lx, uint64_t at)
{
    static const char text[] = "Linux version ";
    uint64_t offset = at - lx->image.base;

    return offset < lx->image.size &&
           lx->image.size - offset >= sizeof(text) &&
           !memcmp(lx->image.bytes + offset, text, strlen(text));
}

static bool map_fits(Linux *lx, OsiKallsyms *map, OsiError *err)
{
    const OsiImage *img = &lx->image;
    uint64_t text, banner = 0;

    if (!osi_kallsyms_find(map, "_text", &text)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "the System.map has no _text");
    }
    osi_kallsyms_move(map, text, img->base - text,
                      lx->word == 8 ? UINT64_MAX : UINT32_MAX);
    if (!osi_kallsyms_find(map, "linux_banner", &banner) ||
        !is_banner(lx, banner)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, img->base, "by the System.map"
                        " the guest should have linux_banner at 0x%" PRIx64,
                        banner);
    }
    return (strcmp(img->anchor_name, "LSTAR") ||
            lies_at(map, "entry_SYSCALL_64", img->anchor, err)) &&
           agrees_with_kallsyms(lx, map, err);
}

/* Answers for names the kernel's own table has not, or for all. */
static void take_map(Linux *lx)
{
    const OsiProfile *p = &lx->view->profile;
    OsiKallsyms *map = osi_kallsyms_from_map(p->symbols, p->symbols_len,
                                             &lx->no_profile_map);

    if (map && map_fits(lx, map, &lx->no_profile_map)) {
        lx->profile_map = map;
        lx->no_profile_map.kind = OSI_OK;
    } else {
        osi_kallsyms_free(map);
    }
}

/* ---- types ---- */

static void take_types(Linux *lx)
{
    const OsiProfile *p = &lx->view->profile;
    OsiBtf *btf = osi_btf_parse(p->types, p->types_len, &lx->no_profile);

    if (btf && osi_btf_pointer_bytes(btf) != lx->word) {
        osi_fail(&lx->no_profile, OSI_ERR_BAD_DATA, lx->image.base,
                 "the profile is of a kernel with %u-bit pointers",
                 8 * osi_btf_pointer_bytes(btf));
    } else if (btf && lx->own_btf && !osi_btf_equal(btf, lx->own_btf)) {
        osi_fail(&lx->no_profile, OSI_ERR_BAD_DATA,
                 lx->image.base + lx->btf_at,
                 "the profile differs from the BTF that the guest has itself");
    } else if (btf) {
        lx->no_profile.kind = OSI_OK;
        lx->profile_btf = btf;
        return;
    }
    osi_btf_free(btf);
}

void linux_take_profile(Linux *lx)
{
    const OsiProfile *p = &lx->view->profile;

    osi_fail(&lx->no_profile, OSI_ERR_NO_SUCH, 0, "no types were given");
    osi_fail(&lx->no_profile_map, OSI_ERR_NO_SUCH, 0, "no symbols were given");
    if (!(p->engines & OSI_ENGINE_PROFILE)) {
        return;
    }
    if (p->symbols_len) {
        take_map(lx);
    }
    if (p->types_len) {
        take_types(lx);
    }
}

/* ---- proof by data ---- */

typedef struct Compare {
    GHashTable *data;       /* "task_struct.pid" -> offset + 1 */
    OsiError *err;
    int same;
    bool ok;
} Compare;

static void keep_member(void *opaque, const char *type, const char *path,
                        const OsiField *f)
{
    Compare *c = opaque;

    if (f->size) {
        g_hash_table_insert(c->data, g_strconcat(type, ".", path, NULL),
                            GUINT_TO_POINTER(f->offset + 1));
    }
}

static void compare_member(void *opaque, const char *type, const char *path,
                           const OsiField *f)
{
    Compare *c = opaque;
    g_autofree char *name = g_strconcat(type, ".", path, NULL);
    guint offset = GPOINTER_TO_UINT(g_hash_table_lookup(c->data, name));

    if (!f->size || !offset) {
        return;
    }
    c->same += f->offset == offset - 1;
    if (f->offset != offset - 1 && c->ok) {
        c->ok = osi_fail(c->err, OSI_ERR_BAD_DATA, 0, "the profile has %s at"
                         " %u, the data at %u", name, f->offset, offset - 1);
    }
}

/*
 * All that data can tell must be as the profile says. Where data tells
 * nothing (early boot) there is nothing to contradict.
 */
bool linux_profile_agrees(Linux *lx, OsiError *err)
{
    g_autoptr(GHashTable) data = g_hash_table_new_full(g_str_hash, g_str_equal,
                                                       g_free, NULL);
    Compare c = { data, err, 0, true };
    uint64_t init_task = lx->init_task;

    if (linux_guess_fields(lx, NULL)) {
        linux_each_member(lx, keep_member, &c);
    }
    lx->init_task = init_task;
    linux_fill_fields(lx);
    linux_each_member(lx, compare_member, &c);
    lx->profile_proved = c.same;
    return c.ok;
}

void linux_profile_features(const Linux *lx, GArray *rows)
{
    const OsiProfile *p = &lx->view->profile;
    const OsiError *why = &lx->no_engine[0];

    if (p->types_len && lx->engine == OSI_ENGINE_PROFILE) {
        linux_row(rows, "profile", "types are used: %s; symbols: %s",
                  lx->own_btf ? "equal to the guest's own BTF"
                  : lx->profile_proved ? "the data agrees"
                  : "init_task fits, the data does not tell more yet",
                  lx->profile_map ? "fit" : lx->no_profile_map.message);
    } else if (p->types_len) {
        linux_row_no(rows, "profile", why, "give the BTF of this very build");
    } else if (p->symbols_len && lx->profile_map) {
        linux_row(rows, "profile", "%zu symbols fit",
                  osi_kallsyms_count(lx->profile_map));
    } else if (p->symbols_len) {
        linux_row_no(rows, "profile", &lx->no_profile_map,
                     "give the System.map of this very build");
    }
}
