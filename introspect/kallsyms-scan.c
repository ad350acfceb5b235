/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding kallsyms by content:
 *
 *  1. the token table (256 strings), found by its digits, which the compressor
 *     never replaces, and proved by the token index behind it;
 *  2. the names: a count and that many length-prefixed token strings, found
 *     backwards from there and proved by the markers behind them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "kallsyms-scan.h"

#define FIRST_DIGIT     '0'
#define TOKEN_MAX       512
#define SYMS_MIN        1000
#define SYMS_MAX        2000000
#define NAMES_REACH     (48u << 20)     /* names + markers before the tokens */
#define MARK_EVERY      256

/* Forged images must not cost more than honest ones, by much. */
#define DIGITS_MAX      256             /* candidates for the token table */
#define WORK_MAX        (16u << 20)     /* names looked at while searching */

/* ---- 1. tokens ---- */

/* Start of the NUL-terminated string that ends right before @at. */
static bool previous_string(const OsiScan *s, size_t at, size_t *start)
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
static bool index_matches(OsiScan *s, size_t at)
{
    uint32_t first;

    if (at + 2 * OSI_TOKENS > s->len || osi_le16(s->img + at)) {
        return false;
    }
    /* What precedes token 0 need not be NUL: its length is in the index. */
    first = osi_le16(s->img + at + 2);
    if (first < 2 || first > TOKEN_MAX || first > s->token_off[1]) {
        return false;
    }
    for (int i = 2; i < OSI_TOKENS; i++) {
        if (osi_le16(s->img + at + 2 * i) !=
            s->token_off[i] - s->token_off[1] + first) {
            return false;
        }
    }
    s->token_off[0] = s->token_off[1] - first;
    s->token_len[0] = first - 1;
    s->tokens = s->token_off[0];
    s->index_end = at + 2 * OSI_TOKENS;
    return true;
}

static bool tokens_around(OsiScan *s, size_t zero)
{
    size_t p = zero;

    for (int i = FIRST_DIGIT; i > 1; i--) {
        if (!previous_string(s, p, &p)) {
            return false;
        }
    }
    for (int i = 1; i < OSI_TOKENS; i++) {
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

static bool find_tokens(OsiScan *s, OsiError *err)
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
bool osi_scan_length(const OsiScan *s, size_t *at, size_t end, size_t *n)
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

static void mark_starts(OsiScan *s)
{
    for (int i = 0; i < OSI_TOKENS; i++) {
        s->starts_name[i] = is_type_letter(s->img[s->token_off[i]]);
    }
}

/* Markers: u32 offset of every 256th name, 4- or 8-aligned behind them. */
static bool markers_at(const OsiScan *s, size_t end, uint32_t second)
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

static bool names_at(OsiScan *s, size_t start, uint32_t n)
{
    size_t at = start, len;
    uint32_t second = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (i == MARK_EVERY) {
            second = at - start;
        }
        if (s->work++ > WORK_MAX ||
            !osi_scan_length(s, &at, s->tokens, &len) ||
            !s->starts_name[s->img[at]]) {
            return false;
        }
        at += len;
    }
    return markers_at(s, at, second);
}

static bool find_names(OsiScan *s, OsiError *err)
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

bool osi_scan_tables(OsiScan *s, OsiError *err)
{
    return find_tokens(s, err) && find_names(s, err);
}
