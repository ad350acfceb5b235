/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding kallsyms: names out of tokens, and addresses, which lie in one of
 * three places in one of four encodings. Where is decided by what is there.
 */
#include <string.h>
#include "kallsyms-scan.h"
#include "kallsyms-table.h"

#define NAME_MAX_LEN    OSI_SYMBOL_NAME_MAX
#define POOL_MAX        OSI_SYMBOL_POOL_MAX
#define BASE_SLACK      (2u << 20)      /* relative_base is near _text */
#define PROBES_MAX      4096            /* colliding names in the hash */

static bool append_name(const OsiScan *s, OsiKallsyms *ks, size_t at, size_t len)
{
    uint8_t name[NAME_MAX_LEN + 1];
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t t = s->img[at + i];

        if (used + s->token_len[t] > NAME_MAX_LEN) {
            return false;
        }
        memcpy(name + used, s->img + s->token_off[t], s->token_len[t]);
        used += s->token_len[t];
    }
    name[used++] = 0;
    g_byte_array_append(ks->pool, name, used);
    return used > 2 && ks->pool->len < POOL_MAX;
}

static bool expand_names(const OsiScan *s, OsiKallsyms *ks, OsiError *err)
{
    size_t at = s->names, len;

    for (uint32_t i = 0; i < s->n; i++) {
        ks->name[i] = ks->pool->len;
        if (!osi_scan_length(s, &at, s->tokens, &len) ||
            !append_name(s, ks, at, len)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, s->base + at,
                            "kallsyms name %u does not expand", i);
        }
        at += len;
    }
    return true;
}

/* ---- by name ---- */

static const char *name_of(const OsiKallsyms *ks, uint32_t i)
{
    return (const char *)ks->pool->data + ks->name[i] + 1;
}

static uint32_t *bucket_of(const OsiKallsyms *ks, const char *name)
{
    uint32_t h = 5381;

    for (; *name; name++) {
        h = h * 33 + (uint8_t)*name;
    }
    return &ks->bucket[(h ^ h >> 15) & (ks->buckets - 1)];
}

/* From the last to the first, so that the first of several is found first. */
void osi_kallsyms_index_names(OsiKallsyms *ks)
{
    ks->buckets = 1024;
    while (ks->buckets < ks->n) {
        ks->buckets *= 2;
    }
    ks->bucket = g_new0(uint32_t, ks->buckets);
    ks->chain = g_new0(uint32_t, ks->n);
    for (uint32_t i = ks->n; i-- > 0;) {
        uint32_t *b = bucket_of(ks, name_of(ks, i));

        ks->chain[i] = *b;
        *b = i + 1;
    }
}

bool osi_kallsyms_find(const OsiKallsyms *ks, const char *name,
                       uint64_t *value)
{
    uint32_t i = *bucket_of(ks, name);

    for (int probes = 0; i && probes < PROBES_MAX; probes++) {
        if (!strcmp(name_of(ks, i - 1), name)) {
            *value = ks->value[i - 1];
            return true;
        }
        i = ks->chain[i - 1];
    }
    return false;
}

/* ---- addresses ---- */

/*
 * relative_base is near _text: where the image starts, or, of a 32-bit kernel
 * in early boot, somewhere in it.
 */
static bool near_base(const OsiScan *s, size_t at, uint64_t *value)
{
    uint64_t slack = s->word == 8 ? BASE_SLACK : s->len;

    if (at + s->word > s->len) {
        return false;
    }
    *value = osi_le(s->img + at, s->word);
    return *value >= s->base && *value - s->base < slack;
}

static bool mostly_negative(const OsiScan *s, size_t offsets)
{
    uint32_t negative = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        negative += osi_le32(s->img + offsets + 4 * i) >> 31;
    }
    return negative > s->n / 2;
}

static void relative_addresses(const OsiScan *s, OsiKallsyms *ks, size_t offsets,
                               uint64_t rel, bool percpu)
{
    for (uint32_t i = 0; i < s->n; i++) {
        int32_t off = (int32_t)osi_le32(s->img + offsets + 4 * i);

        if (!percpu) {
            ks->value[i] = s->mask & (rel + (uint32_t)off);
        } else if (off >= 0) {
            ks->value[i] = off;     /* CONFIG_KALLSYMS_ABSOLUTE_PERCPU */
        } else {
            ks->value[i] = rel - 1 - (int64_t)off;
        }
    }
}

static void pcrel_addresses(const OsiScan *s, OsiKallsyms *ks, size_t offsets)
{
    for (uint32_t i = 0; i < s->n; i++) {
        size_t at = offsets + 4 * (size_t)i;

        ks->value[i] = s->mask & (s->base + at + (int32_t)osi_le32(s->img + at));
    }
}

/*
 * The proof that the encoding is right: most symbols lie in the image, and the
 * one that marks its start is there. A table taken for a PC-relative one would
 * pass the first test alone.
 */
static bool values_plausible(const OsiScan *s, const OsiKallsyms *ks)
{
    uint32_t inside = 0;
    uint64_t text;

    if (osi_kallsyms_find(ks, "_text", &text) &&
        (s->word == 8 ? text != s->base : text - s->base >= s->len)) {
        return false;
    }

    for (uint32_t i = 0; i < ks->n; i++) {
        inside += ks->value[i] - s->base < s->len;
    }
    return inside > ks->n / 10 * 8;
}

static bool before_names(const OsiScan *s, OsiKallsyms *ks)
{
    size_t bytes = 4 * (size_t)s->n, at;
    uint64_t rel;
    bool percpu;

    if (s->num_at < bytes + 2 * s->word || s->num_at % s->word ||
        !near_base(s, s->num_at - s->word, &rel)) {
        return false;
    }
    at = OSI_ALIGN_DOWN(s->num_at - s->word - bytes, s->word);
    percpu = mostly_negative(s, at);
    ks->layout = percpu ? "addresses before names, per-cpu absolute"
                        : "addresses before names";
    relative_addresses(s, ks, at, rel, percpu);
    return values_plausible(s, ks);
}

static bool after_names(const OsiScan *s, OsiKallsyms *ks)
{
    size_t at = OSI_ALIGN_UP(s->index_end, s->word);
    uint64_t rel;
    bool percpu;

    if (!near_base(s, OSI_ALIGN_UP(at + 4 * (size_t)s->n, s->word), &rel)) {
        return false;
    }
    percpu = mostly_negative(s, at);
    ks->layout = percpu ? "addresses after names, per-cpu absolute"
                        : "addresses after names";
    relative_addresses(s, ks, at, rel, percpu);
    return values_plausible(s, ks);
}

static bool after_names_pcrel(const OsiScan *s, OsiKallsyms *ks)
{
    size_t at = OSI_ALIGN_UP(s->index_end, 4);

    if (at + 4 * (size_t)s->n > s->len) {
        return false;
    }
    ks->layout = "addresses after names, relative to themselves";
    pcrel_addresses(s, ks, at);
    return values_plausible(s, ks);
}

static bool find_addresses(const OsiScan *s, OsiKallsyms *ks, OsiError *err)
{
    return before_names(s, ks) || after_names(s, ks) ||
           after_names_pcrel(s, ks) ||
           osi_fail(err, OSI_ERR_BAD_DATA, s->base + s->num_at,
                    "kallsyms: %u names, but no table of addresses fits",
                    s->n);
}

/* ---- the whole ---- */

static int compare_values(const void *a, const void *b, void *opaque)
{
    const OsiKallsyms *ks = opaque;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

    if (ks->value[i] != ks->value[j]) {
        return ks->value[i] < ks->value[j] ? -1 : 1;
    }
    return i < j ? -1 : i > j;
}

void osi_kallsyms_index_values(OsiKallsyms *ks)
{
    uint32_t i = 1;

    while (i < ks->n && ks->value[i - 1] <= ks->value[i]) {
        i++;
    }
    if (i >= ks->n) {
        return;
    }
    ks->order = g_new(uint32_t, ks->n);
    for (i = 0; i < ks->n; i++) {
        ks->order[i] = i;
    }
    g_qsort_with_data(ks->order, ks->n, sizeof(uint32_t), compare_values, ks);
}

OsiKallsyms *osi_kallsyms_new(uint32_t n)
{
    OsiKallsyms *ks = g_new0(OsiKallsyms, 1);

    ks->value = g_new0(uint64_t, n);
    ks->name = g_new0(uint32_t, n);
    ks->pool = g_byte_array_sized_new(n * 24);
    return ks;
}

OsiKallsyms *osi_kallsyms_decode(const uint8_t *image, size_t len,
                                 uint64_t base, OsiError *err)
{
    bool wide = base >> 32;
    OsiScan s = {
        .img = image, .len = MIN(len, UINT32_MAX), .base = base,
        .word = wide ? 8 : 4, .mask = wide ? UINT64_MAX : UINT32_MAX,
    };
    OsiKallsyms *ks;

    if (!osi_scan_tables(&s, err)) {
        return NULL;
    }
    ks = osi_kallsyms_new(s.n);
    ks->n = s.n;
    if (!expand_names(&s, ks, err)) {
        osi_kallsyms_free(ks);
        return NULL;
    }
    osi_kallsyms_index_names(ks);
    if (!find_addresses(&s, ks, err)) {
        osi_kallsyms_free(ks);
        return NULL;
    }
    osi_kallsyms_index_values(ks);
    return ks;
}

void osi_kallsyms_free(OsiKallsyms *ks)
{
    if (ks) {
        g_byte_array_unref(ks->pool);
        g_free(ks->value);
        g_free(ks->name);
        g_free(ks->bucket);
        g_free(ks->chain);
        g_free(ks->order);
        g_free(ks);
    }
}

size_t osi_kallsyms_count(const OsiKallsyms *ks)
{
    return ks->n;
}

const char *osi_kallsyms_layout(const OsiKallsyms *ks)
{
    return ks->layout;
}

OsiSymbol osi_kallsyms_get(const OsiKallsyms *ks, size_t i)
{
    return (OsiSymbol) {
        .name = name_of(ks, i),
        .type = ks->pool->data[ks->name[i]],
        .value = ks->value[i],
    };
}

static uint32_t nth(const OsiKallsyms *ks, uint32_t i)
{
    return ks->order ? ks->order[i] : i;
}

bool osi_kallsyms_at(const OsiKallsyms *ks, uint64_t addr, OsiSymbol *sym)
{
    uint32_t lo = 0, hi = ks->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (ks->value[nth(ks, mid)] <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (!lo) {
        return false;
    }
    lo--;
    while (lo && ks->value[nth(ks, lo - 1)] == ks->value[nth(ks, lo)]) {
        lo--;
    }
    *sym = osi_kallsyms_get(ks, nth(ks, lo));
    return true;
}
