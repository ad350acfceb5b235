/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding kallsyms. Steps, each of which checks the one before:
 *
 *  1. the token table (256 strings), found by its digits, which the compressor
 *     never replaces, and proved by the token index behind it;
 *  2. the names: a count and that many length-prefixed token strings, found
 *     backwards from there and proved by the markers behind them;
 *  3. the addresses, in one of three places and three encodings.
 */
#define _GNU_SOURCE
#include <string.h>
#include "bytes.h"
#include "kallsyms.h"

#define TOKENS          256
#define FIRST_DIGIT     '0'
#define TOKEN_MAX       512
#define SYMS_MIN        1000
#define SYMS_MAX        2000000
#define NAME_MAX_LEN    512
#define POOL_MAX        (96u << 20)
#define NAMES_REACH     (48u << 20)     /* names + markers before the tokens */
#define BASE_SLACK      (2u << 20)      /* relative_base is near _text */
#define MARK_EVERY      256

/* Forged images must not cost more than honest ones, by much. */
#define DIGITS_MAX      256             /* candidates for the token table */
#define WORK_MAX        (16u << 20)     /* names looked at while searching */
#define PROBES_MAX      4096            /* colliding names in the hash */

struct OsiKallsyms {
    uint32_t n;
    uint64_t *value;        /* n */
    uint32_t *name;         /* n: offset in pool of type letter, name, NUL */
    GByteArray *pool;
    uint32_t *bucket;       /* buckets: symbol index + 1, 0 = empty */
    uint32_t *chain;        /* n: the next symbol + 1 in the same bucket */
    uint32_t buckets;       /* a power of two */
    uint32_t *order;        /* by value, or NULL when already sorted */
    const char *layout;
};

typedef struct Scan {
    const uint8_t *img;
    size_t len;
    uint64_t base;
    size_t tokens;                  /* offset of the token table */
    uint32_t token_off[TOKENS];     /* of each token in the image */
    uint16_t token_len[TOKENS];
    bool starts_name[TOKENS];       /* its first character is a type letter */
    size_t index_end;               /* behind the token index */
    size_t num_at;                  /* offset of num_syms */
    size_t names;                   /* offset of the first name */
    uint32_t n;
    uint32_t work;
} Scan;

/* ---- 1. tokens ---- */

/* Start of the NUL-terminated string that ends right before @at. */
static bool previous_string(const Scan *s, size_t at, size_t *start)
{
    size_t p = at;

    if (p < 2 || s->img[p - 1]) {
        return false;
    }
    p--;
    while (p && s->img[p - 1] && at - p < TOKEN_MAX) {
        p--;
    }
    *start = p;
    return p > 0 && at - p < TOKEN_MAX;
}

/* Does the token index at @at describe s->token_off[1..]? */
static bool index_matches(Scan *s, size_t at)
{
    uint32_t first;

    if (at + 2 * TOKENS > s->len || osi_le16(s->img + at)) {
        return false;
    }
    /* What precedes token 0 need not be NUL: its length is in the index. */
    first = osi_le16(s->img + at + 2);
    if (first < 2 || first > TOKEN_MAX || first > s->token_off[1]) {
        return false;
    }
    for (int i = 2; i < TOKENS; i++) {
        if (osi_le16(s->img + at + 2 * i) !=
            s->token_off[i] - s->token_off[1] + first) {
            return false;
        }
    }
    s->token_off[0] = s->token_off[1] - first;
    s->token_len[0] = first - 1;
    s->tokens = s->token_off[0];
    s->index_end = at + 2 * TOKENS;
    return true;
}

static bool tokens_around(Scan *s, size_t zero)
{
    size_t p = zero;

    for (int i = FIRST_DIGIT; i > 1; i--) {
        if (!previous_string(s, p, &p)) {
            return false;
        }
    }
    for (int i = 1; i < TOKENS; i++) {
        size_t n = strnlen((const char *)s->img + p,
                           MIN(TOKEN_MAX, s->len - p));

        if (n == 0 || n == MIN(TOKEN_MAX, s->len - p)) {
            return false;
        }
        s->token_off[i] = p;
        s->token_len[i] = n;
        p += n + 1;
    }
    for (size_t align = 1; align <= 8; align *= 2) {
        if (index_matches(s, OSI_ALIGN_UP(p, align))) {
            return true;
        }
    }
    return false;
}

static bool find_tokens(Scan *s, OsiError *err)
{
    static const char digits[20] = "0\0001\0002\0003\0004\0005\0006\0007\0008"
                                   "\0009";
    const uint8_t *p = s->img, *end = s->img + s->len;
    int tries = 0;

    while (tries++ < DIGITS_MAX &&
           (p = memmem(p, end - p, digits, sizeof(digits)))) {
        if (tokens_around(s, p - s->img)) {
            return true;
        }
        p++;
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, s->base,
                    "no kallsyms token table in %zu MiB of kernel image"
                    " (CONFIG_KALLSYMS off?)", s->len >> 20);
}

/* ---- 2. names ---- */

/* Length prefix at *@at: one byte, or two with bit 7 set (6.1 and later). */
static bool name_length(const Scan *s, size_t *at, size_t end, size_t *n)
{
    if (*at >= end) {
        return false;
    }
    *n = s->img[(*at)++];
    if (*n & 0x80) {
        if (*at >= end) {
            return false;
        }
        *n = (*n & 0x7f) | (size_t)s->img[(*at)++] << 7;
    }
    return *n > 0 && *n <= end - *at;
}

static bool is_type_letter(uint8_t c)
{
    return c && strchr("TtDdRrBbAaVvWwNnUuCcGgSsPpIi", c);
}

static void mark_starts(Scan *s)
{
    for (int i = 0; i < TOKENS; i++) {
        s->starts_name[i] = is_type_letter(s->img[s->token_off[i]]);
    }
}

/* Markers: u32 offset of every 256th name, 4- or 8-aligned behind them. */
static bool markers_at(const Scan *s, size_t end, uint32_t second)
{
    for (size_t align = 4; align <= 8; align *= 2) {
        size_t m = OSI_ALIGN_UP(end, align);

        if (m + 8 <= s->len && !osi_le32(s->img + m) &&
            osi_le32(s->img + m + 4) == second) {
            return true;
        }
    }
    return false;
}

static bool names_at(Scan *s, size_t start, uint32_t n)
{
    size_t at = start, len;
    uint32_t second = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (i == MARK_EVERY) {
            second = at - start;
        }
        if (s->work++ > WORK_MAX ||
            !name_length(s, &at, s->tokens, &len) ||
            !s->starts_name[s->img[at]]) {
            return false;
        }
        at += len;
    }
    return markers_at(s, at, second);
}

static bool find_names(Scan *s, OsiError *err)
{
    size_t p = OSI_ALIGN_DOWN(s->tokens, 4);
    size_t low = p > NAMES_REACH ? p - NAMES_REACH : 0;

    mark_starts(s);
    while (p >= low + 8 && s->work < WORK_MAX) {
        uint32_t n;

        p -= 4;
        n = osi_le32(s->img + p);
        if (n < SYMS_MIN || n > SYMS_MAX || n > (s->tokens - p) / 2) {
            continue;
        }
        s->n = n;
        s->num_at = p;
        s->names = p + 8;
        if (p % 8 == 0 && !osi_le32(s->img + p + 4) &&
            names_at(s, s->names, n)) {
            return true;
        }
        s->names = p + 4;
        if (names_at(s, s->names, n)) {
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_BAD_DATA, s->base + s->tokens,
                    "kallsyms tokens found, but no names before them");
}

static bool append_name(const Scan *s, OsiKallsyms *ks, size_t at, size_t len)
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

static bool expand_names(const Scan *s, OsiKallsyms *ks, OsiError *err)
{
    size_t at = s->names, len;

    for (uint32_t i = 0; i < s->n; i++) {
        ks->name[i] = ks->pool->len;
        if (!name_length(s, &at, s->tokens, &len) ||
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
static void build_hash(OsiKallsyms *ks)
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

/* ---- 3. addresses ---- */

static bool near_base(const Scan *s, size_t at, uint64_t *value)
{
    if (at + 8 > s->len) {
        return false;
    }
    *value = osi_le64(s->img + at);
    return *value >= s->base && *value - s->base < BASE_SLACK;
}

static bool mostly_negative(const Scan *s, size_t offsets)
{
    uint32_t negative = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        negative += osi_le32(s->img + offsets + 4 * i) >> 31;
    }
    return negative > s->n / 2;
}

static void relative_addresses(const Scan *s, OsiKallsyms *ks, size_t offsets,
                               uint64_t rel, bool percpu)
{
    for (uint32_t i = 0; i < s->n; i++) {
        int32_t off = (int32_t)osi_le32(s->img + offsets + 4 * i);

        if (!percpu) {
            ks->value[i] = rel + (uint32_t)off;
        } else if (off >= 0) {
            ks->value[i] = off;     /* CONFIG_KALLSYMS_ABSOLUTE_PERCPU */
        } else {
            ks->value[i] = rel - 1 - (int64_t)off;
        }
    }
}

static void pcrel_addresses(const Scan *s, OsiKallsyms *ks, size_t offsets)
{
    for (uint32_t i = 0; i < s->n; i++) {
        size_t at = offsets + 4 * (size_t)i;

        ks->value[i] = s->base + at + (int32_t)osi_le32(s->img + at);
    }
}

/*
 * The proof that the encoding is right: most symbols lie in the image, and the
 * one that marks its start is there. A table taken for a PC-relative one would
 * pass the first test alone.
 */
static bool values_plausible(const Scan *s, const OsiKallsyms *ks)
{
    uint32_t inside = 0;
    uint64_t text;

    if (osi_kallsyms_find(ks, "_text", &text) && text != s->base) {
        return false;
    }

    for (uint32_t i = 0; i < ks->n; i++) {
        inside += ks->value[i] - s->base < s->len;
    }
    return inside > ks->n / 10 * 8;
}

static bool find_addresses(const Scan *s, OsiKallsyms *ks, OsiError *err)
{
    size_t bytes = 4 * (size_t)s->n;
    size_t after = OSI_ALIGN_UP(s->index_end, 4);
    size_t rel_at = OSI_ALIGN_UP(OSI_ALIGN_UP(s->index_end, 8) + bytes, 8);
    uint64_t rel;

    if (s->num_at >= bytes + 16 && s->num_at % 8 == 0 &&
        near_base(s, s->num_at - 8, &rel)) {
        size_t at = OSI_ALIGN_DOWN(s->num_at - 8 - bytes, 8);
        bool percpu = mostly_negative(s, at);

        ks->layout = percpu ? "addresses before names, per-cpu absolute"
                            : "addresses before names";
        relative_addresses(s, ks, at, rel, percpu);
    } else if (near_base(s, rel_at, &rel)) {
        size_t at = OSI_ALIGN_UP(s->index_end, 8);
        bool percpu = mostly_negative(s, at);

        ks->layout = percpu ? "addresses after names, per-cpu absolute"
                            : "addresses after names";
        relative_addresses(s, ks, at, rel, percpu);
    } else if (after + bytes <= s->len) {
        ks->layout = "addresses after names, relative to themselves";
        pcrel_addresses(s, ks, after);
    }
    if (!ks->layout || !values_plausible(s, ks)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, s->base + s->num_at,
                        "kallsyms: %u names, but no table of addresses fits",
                        s->n);
    }
    return true;
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

static void build_order(OsiKallsyms *ks)
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

OsiKallsyms *osi_kallsyms_decode(const uint8_t *image, size_t len,
                                 uint64_t base, OsiError *err)
{
    Scan s = { .img = image, .len = MIN(len, UINT32_MAX), .base = base };
    OsiKallsyms *ks;

    if (!find_tokens(&s, err) || !find_names(&s, err)) {
        return NULL;
    }
    ks = g_new0(OsiKallsyms, 1);
    ks->n = s.n;
    ks->value = g_new0(uint64_t, s.n);
    ks->name = g_new0(uint32_t, s.n);
    ks->pool = g_byte_array_sized_new(s.n * 24);
    if (!expand_names(&s, ks, err)) {
        osi_kallsyms_free(ks);
        return NULL;
    }
    build_hash(ks);
    if (!find_addresses(&s, ks, err)) {
        osi_kallsyms_free(ks);
        return NULL;
    }
    build_order(ks);
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
