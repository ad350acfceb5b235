/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and numbers of system calls; see introspect/syscall.h. */
#include <stddef.h>
#include <string.h>
#include "introspect/syscall.h"

#define MOST_ARGS 6

typedef struct Row {
    uint16_t number;
    uint8_t args;
    const char *name;
} Row;

#include "syscall-table.inc"

typedef struct Table {
    const Row *rows;
    size_t n;
} Table;

static Table table(bool compat32)
{
    return compat32
        ? (Table) { table32, sizeof(table32) / sizeof(*table32) }
        : (Table) { table64, sizeof(table64) / sizeof(*table64) };
}

static const Row *find(uint64_t number, bool compat32)
{
    const Table t = table(compat32);
    size_t low = 0, high = t.n;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (t.rows[mid].number < number) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < t.n && t.rows[low].number == number ? &t.rows[low] : NULL;
}

const char *osi_call_name(uint64_t number, bool compat32)
{
    const Row *r = find(number, compat32);

    return r ? r->name : NULL;
}

unsigned osi_call_args(uint64_t number, bool compat32)
{
    const Row *r = find(number, compat32);

    return r ? r->args : MOST_ARGS;
}

int osi_call_number(const char *name, bool compat32)
{
    const Table t = table(compat32);

    for (size_t i = 0; i < t.n; i++) {
        if (!strcmp(t.rows[i].name, name)) {
            return t.rows[i].number;
        }
    }
    return -1;
}
