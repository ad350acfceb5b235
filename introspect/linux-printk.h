/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of the kernel's printk, where it is stored. See linux-printk.c. */
#ifndef INTROSPECT_LINUX_PRINTK_H
#define INTROSPECT_LINUX_PRINTK_H

#include "linux.h"

typedef struct LinuxPrintk {
    /* prb_reserved_entry: the ring buffer, the record's id */
    OsiField entry_ring, entry_id;
    /* printk_ringbuffer: log2 of how many descriptors, they, their infos */
    OsiField count_bits, descs, infos;
    OsiField size_bits, data;               /* the same of the text's bytes */
    OsiField begin, next;                   /* prb_desc: where the text is */
    OsiField seq, text_len, facility, level;    /* printk_info */
    uint32_t desc_bytes, info_bytes, word;
    uint64_t current;       /* address of the pointer `prb'; 0 unknown */
} LinuxPrintk;

/* Layouts from BTF; false, with @err, when they are not all there. */
bool linux_printk_layout(const Linux *lx, LinuxPrintk *p, OsiError *err);

/*
 * The record that @entry (a struct prb_reserved_entry) is about, into @ev. Any
 * thread.
 */
bool linux_printk_read(const LinuxPrintk *p, OsiReader *r, uint64_t entry,
                       OsiEvent *ev, OsiError *err);

#endif
