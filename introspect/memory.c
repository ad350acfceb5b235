/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors, and reads of virtual memory through a chosen root. */
#include <stdarg.h>
#include <stdio.h>
#include "bytes.h"
#include "reader.h"

#define PAGE 4096

bool osi_fail(OsiError *err, OsiErrorKind kind, uint64_t address,
              const char *fmt, ...)
{
    va_list ap;

    if (err) {
        err->kind = kind;
        err->address = address;
        va_start(ap, fmt);
        vsnprintf(err->message, sizeof(err->message), fmt, ap);
        va_end(ap);
    }
    return false;
}

void osi_reader_init(OsiReader *r, const OsiMemory *mem, OsiRoot root)
{
    memset(r, 0, sizeof(*r));
    r->mem = mem;
    r->root = root;
}

static bool reader_page(OsiReader *r, uint64_t va, uint64_t *pa, OsiError *err)
{
    uint64_t page = va / PAGE;
    size_t i = page % OSI_READER_SLOTS;
    OsiLeaf leaf;

    if (r->slot[i].page != page + 1) {
        if (!osi_translate(r->mem, r->root, page * PAGE, &leaf, err)) {
            return false;
        }
        r->slot[i].page = page + 1;
        r->slot[i].pa = leaf.pa;
    }
    *pa = r->slot[i].pa + va % PAGE;
    return true;
}

bool osi_reader_read(OsiReader *r, uint64_t va, void *buf, size_t len,
                     OsiError *err)
{
    uint8_t *to = buf;
    uint64_t pa;

    if (len && va + (len - 1) < va) {
        return osi_fail(err, OSI_ERR_BAD_DATA, va,
                        "range of %zu bytes wraps around", len);
    }
    while (len) {
        size_t part = MIN(len, PAGE - va % PAGE);

        if (!reader_page(r, va, &pa, err)) {
            return false;
        }
        if (!r->mem->read(r->mem->opaque, pa, to, part)) {
            return osi_fail(err, OSI_ERR_NOT_RAM, va,
                            "physical 0x%" PRIx64 " is not RAM", pa);
        }
        to += part;
        va += part;
        len -= part;
    }
    return true;
}

bool osi_reader_uint(OsiReader *r, uint64_t va, size_t size, uint64_t *value,
                     OsiError *err)
{
    uint8_t b[8];

    if (size != 1 && size != 2 && size != 4 && size != 8) {
        return osi_fail(err, OSI_ERR_BAD_DATA, va,
                        "no integer has %zu bytes", size);
    }
    if (!osi_reader_read(r, va, b, size, err)) {
        return false;
    }
    *value = osi_le(b, size);
    return true;
}

bool osi_reader_string(OsiReader *r, uint64_t va, char *buf, size_t max,
                       OsiError *err)
{
    size_t done = 0;

    while (done + 1 < max) {
        size_t part = MIN(max - 1 - done, PAGE - (va + done) % PAGE);

        if (!osi_reader_read(r, va + done, buf + done, part, err)) {
            return false;
        }
        if (memchr(buf + done, 0, part)) {
            return true;
        }
        done += part;
    }
    buf[done] = 0;
    return true;
}

bool osi_read(const OsiMemory *mem, OsiRoot root, uint64_t va,
              void *buf, size_t len, OsiError *err)
{
    OsiReader r;

    osi_reader_init(&r, mem, root);
    return osi_reader_read(&r, va, buf, len, err);
}
