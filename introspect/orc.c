/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ORC tables; see orc.h. All input is hostile. */
#include "bytes.h"
#include "orc.h"

#define ENTRY_MAX 16            /* bytes; 6 so far */

#define NUMBERS 16              /* four bits */

/* ---- layout ---- */

bool osi_orc_layout(const OsiBtf *btf, OsiOrcLayout *l, OsiError *err)
{
    OsiOrcLayout f = { .size = osi_btf_struct_size(btf, "orc_entry") };

    if (!osi_btf_member(btf, "orc_entry", "sp_offset", &f.sp_offset, err) ||
        !osi_btf_member(btf, "orc_entry", "bp_offset", &f.bp_offset, err) ||
        !osi_btf_member(btf, "orc_entry", "sp_reg", &f.sp_reg, err) ||
        !osi_btf_member(btf, "orc_entry", "bp_reg", &f.bp_reg, err) ||
        !osi_btf_member(btf, "orc_entry", "type", &f.type, err)) {
        return false;
    }
    osi_btf_member(btf, "orc_entry", "end", &f.end, NULL);
    osi_btf_member(btf, "orc_entry", "signal", &f.signal, NULL);
    if (f.size < 6 || f.size > ENTRY_MAX || f.sp_offset.size != 2 ||
        f.bp_offset.size != 2 || f.sp_offset.offset + 2 > f.size ||
        f.bp_offset.offset + 2 > f.size) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "BTF: orc_entry has %u bytes, its offsets %u and %u",
                        f.size, f.sp_offset.size, f.bp_offset.size);
    }
    *l = f;
    return true;
}

#define BITS(at, first, n) { (at), 1, (first), (n) }

static const OsiOrcLayout known[] = {
    /* 6.4 on: type of 3 bits, signal */
    { { 0, 2 }, { 2, 2 }, BITS(4, 0, 4), BITS(4, 4, 4), BITS(5, 0, 3),
      { 0 }, BITS(5, 3, 1), 6 },
    /* before: type of 2 bits, end */
    { { 0, 2 }, { 2, 2 }, BITS(4, 0, 4), BITS(4, 4, 4), BITS(5, 0, 2),
      BITS(5, 2, 1), { 0 }, 6 },
};

bool osi_orc_known_layout(unsigned i, OsiOrcLayout *l)
{
    if (i >= G_N_ELEMENTS(known)) {
        return false;
    }
    *l = known[i];
    return true;
}

/* At most 16 bits, wherever they lie; bits beyond the entry are zero. */
static unsigned bits_of(const OsiOrcLayout *l, const OsiField *f,
                        const uint8_t *entry)
{
    unsigned n = f->bit_size ? f->bit_size : MIN(f->size, 2) * 8, v = 0;

    for (unsigned i = 0; i < MIN(n, 16); i++) {
        uint64_t at = (uint64_t)f->offset * 8 + f->bit_offset + i;

        if (at / 8 < l->size) {
            v |= (entry[at / 8] >> at % 8 & 1u) << i;
        }
    }
    return v;
}

/* ---- what the numbers mean ---- */

typedef struct Numbers {
    const char *name;
    uint8_t base[OSI_ORC_BASES];    /* number by OsiOrcBase; 0 = none */
} Numbers;

/* DX and DI were 2 and 3; where SP is 3 they are told by nothing here. */
static const Numbers numbers[] = {
    { "registers numbered as from 4.14 to 7.0",
      { [OSI_ORC_PREV_SP] = 1, [OSI_ORC_DX] = 2, [OSI_ORC_DI] = 3,
        [OSI_ORC_BP] = 4, [OSI_ORC_SP] = 5, [OSI_ORC_R10] = 6,
        [OSI_ORC_R13] = 7, [OSI_ORC_BP_INDIRECT] = 8,
        [OSI_ORC_SP_INDIRECT] = 9 } },
    { "registers numbered as from 7.2 on",
      { [OSI_ORC_PREV_SP] = 8, [OSI_ORC_BP] = 4, [OSI_ORC_SP] = 3,
        [OSI_ORC_R10] = 6, [OSI_ORC_R13] = 7, [OSI_ORC_BP_INDIRECT] = 10,
        [OSI_ORC_SP_INDIRECT] = 9 } },
};

typedef struct Histogram {
    size_t sp[NUMBERS], bp[NUMBERS], type[NUMBERS];
} Histogram;

uint64_t osi_orc_address(const OsiOrcTable *t, size_t i)
{
    return t->ip_va + 4 * i + (int32_t)osi_le32(t->ip + 4 * i);
}

/* Of all entries; false where addresses descend. */
static bool count(const OsiOrcTable *t, const OsiOrcLayout *l, Histogram *h)
{
    uint64_t last = 0;

    memset(h, 0, sizeof(*h));
    for (size_t i = 0; i < t->n; i++) {
        const uint8_t *e = t->entries + i * l->size;
        uint64_t at = osi_orc_address(t, i);
        unsigned sp = bits_of(l, &l->sp_reg, e) % NUMBERS;

        if (at < last) {
            return false;
        }
        last = at;
        h->sp[sp]++;
        h->bp[bits_of(l, &l->bp_reg, e) % NUMBERS]++;
        if (sp) {
            h->type[bits_of(l, &l->type, e) % NUMBERS]++;
        }
    }
    return true;
}

/* The commonest number from @from on. */
static unsigned commonest(const size_t *n, unsigned from)
{
    unsigned best = from;

    for (unsigned i = from; i < NUMBERS; i++) {
        best = n[i] > n[best] ? i : best;
    }
    return best;
}

static void fill_bases(const Numbers *known_as, OsiOrcCoding *c)
{
    memset(c->base, OSI_ORC_UNKNOWN, sizeof(c->base));
    c->base[0] = OSI_ORC_UNDEFINED;
    for (int b = 1; known_as && b < OSI_ORC_UNKNOWN; b++) {
        if (known_as->base[b]) {
            c->base[known_as->base[b]] = b;
        }
    }
}

bool osi_orc_coding(const OsiOrcTable *t, const OsiOrcLayout *l,
                    OsiOrcCoding *c, OsiError *err)
{
    const Numbers *same = NULL;
    unsigned sp, prev, type;
    Histogram h;

    if (!count(t, l, &h)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, t->ip_va,
                        "ORC: %zu addresses are not sorted", t->n);
    }
    sp = commonest(h.sp, 1);
    prev = commonest(h.bp, 1);
    type = commonest(h.type, 0);
    if (h.sp[sp] < t->n / 2 || h.type[type] < t->n / 2 || (type != 0 &&
                                                           type != 2)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, t->ip_va, "ORC: commonest base"
                        " %u in %zu, kind %u in %zu of %zu entries", sp,
                        h.sp[sp], type, h.type[type], t->n);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].base[OSI_ORC_SP] == sp &&
            numbers[i].base[OSI_ORC_PREV_SP] == prev) {
            same = &numbers[i];
        }
    }
    fill_bases(same, c);
    c->base[sp] = OSI_ORC_SP;
    if (c->base[prev] == OSI_ORC_UNKNOWN) {
        c->base[prev] = OSI_ORC_PREV_SP;
    }
    c->call = type;
    c->name = same ? same->name : "registers numbered in a new way";
    return true;
}

bool osi_orc_agrees(const OsiOrcLayout *l, const OsiOrcCoding *c,
                    const uint8_t *fp_entry)
{
    OsiOrcRule r;

    osi_orc_rule(l, c, fp_entry, &r);
    return r.kind == OSI_ORC_CALL && r.sp == OSI_ORC_BP &&
           r.sp_offset == 16 && r.bp == OSI_ORC_PREV_SP && r.bp_offset == -16;
}

/* ---- rules ---- */

/*
 * Before 6.4 a call is 0 and two more kinds follow; an entry without a base
 * ends the stack if its bit says so. Since then a call is 2, and 0 and 1 say
 * what the missing base and the bit said.
 */
static OsiOrcKind kind_of(const OsiOrcLayout *l, const OsiOrcCoding *c,
                          const uint8_t *entry, unsigned sp)
{
    unsigned type = bits_of(l, &l->type, entry);

    if (!c->call && !sp) {
        return l->end.size && bits_of(l, &l->end, entry) ? OSI_ORC_END
                                                          : OSI_ORC_NOTHING;
    }
    if (type + 2 < c->call || type > c->call + 2u) {
        return OSI_ORC_NOTHING;
    }
    return (int)OSI_ORC_CALL + (int)type - (int)c->call;
}

void osi_orc_rule(const OsiOrcLayout *l, const OsiOrcCoding *c,
                  const uint8_t *entry, OsiOrcRule *rule)
{
    unsigned sp = bits_of(l, &l->sp_reg, entry) % NUMBERS;

    *rule = (OsiOrcRule) {
        .kind = kind_of(l, c, entry, sp),
        .sp = c->base[sp],
        .bp = c->base[bits_of(l, &l->bp_reg, entry) % NUMBERS],
        .sp_offset = (int16_t)osi_le16(entry + l->sp_offset.offset),
        .bp_offset = (int16_t)osi_le16(entry + l->bp_offset.offset),
        .sp_number = sp,
    };
    rule->exact = l->signal.size ? bits_of(l, &l->signal, entry)
                                 : rule->kind >= OSI_ORC_REGS;
}

bool osi_orc_find(const OsiOrcTable *t, const OsiOrcLayout *l,
                  const OsiOrcCoding *c, uint64_t pc, OsiOrcRule *rule)
{
    size_t lo = 0, hi = t->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (osi_orc_address(t, mid) <= pc) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (!lo) {
        return false;
    }
    osi_orc_rule(l, c, t->entries + (lo - 1) * l->size, rule);
    return true;
}
