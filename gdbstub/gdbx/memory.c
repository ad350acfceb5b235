/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a followed process, through its own page tables, whether or not
 * it runs, and physical memory through its window. What else the machine's
 * inferior reads is QEMU's own business.
 */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"
#include "introspect/qemu.h"

/* Bytes readable from @addr on, at most @len: a page may be missing. */
static size_t read_some(const OsiMemory *mem, OsiRoot root, uint64_t addr,
                        uint8_t *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        uint64_t at = addr + done;
        size_t chunk = MIN(len - done, 4096 - (at & 4095));

        if (!osi_read(mem, root, at, buf + done, chunk, NULL)) {
            break;
        }
        done += chunk;
    }
    return done;
}

/* RAM from physical address @pa on, never a device. */
static size_t read_phys(const OsiMemory *mem, uint64_t pa, uint8_t *buf,
                        size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t chunk = MIN(len - done, 4096 - ((pa + done) & 4095));

        if (!mem->read(mem->opaque, pa + done, buf + done, chunk)) {
            break;
        }
        done += chunk;
    }
    return done;
}

bool gdbx_pkt_read_mem(const char *args)
{
    GdbxInferior *inf = gdbx_selected();
    OsiMemory mem = osi_qemu_memory();
    uint8_t buf[MAX_PACKET_LENGTH / 2];
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t addr, len;

    if (!gdbx_parse_hex(&args, &addr) || *args++ != ',' ||
        !gdbx_parse_hex(&args, &len) || *args || len > sizeof(buf)) {
        if (!inf) {
            return false;
        }
        gdb_put_packet("E22");
        return true;
    }
    if (gdbx_in_phys_window(addr)) {
        len = read_phys(&mem, addr - GDBX_WINDOW_PHYS, buf, len);
    } else if (!inf) {
        return false;
    } else {
        /* The page tables of one that is gone are somebody else's by now. */
        len = inf->gone ? 0 : read_some(&mem, inf->root, addr, buf, len);
    }
    if (!len) {
        gdb_put_packet("E14");
        return true;
    }
    gdbx_append_hex(out, buf, len);
    gdbx_reply(out);
    return true;
}

/*
 * All of [addr, addr+len) must be mapped writable in the process: a page that
 * is not may be shared with others (copy-on-write, page cache), and writing it
 * would change them too.
 */
static const char *write_process(const OsiMemory *mem, OsiRoot root,
                                 uint64_t addr, const uint8_t *buf, size_t len)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t done = 0; done < len; ) {
            size_t chunk = MIN(len - done, 4096 - ((addr + done) & 4095));
            OsiLeaf leaf;

            if (!osi_translate(mem, root, addr + done, &leaf, NULL)) {
                return "not mapped now";
            }
            if (!leaf.writable) {
                return "not writable by the process: the page may be shared";
            }
            if (pass) {
                cpu_physical_memory_write(leaf.pa, buf + done, chunk);
            }
            done += chunk;
        }
    }
    return NULL;
}

/* All of it has to be RAM that is not write-protected. */
static const char *write_phys(uint64_t pa, const uint8_t *buf, size_t len)
{
    hwaddr at, chunk;

    RCU_READ_LOCK_GUARD();
    for (size_t done = 0; done < len; done += chunk) {
        MemoryRegion *mr;

        chunk = len - done;
        mr = address_space_translate(&address_space_memory, pa + done, &at,
                                     &chunk, true, MEMTXATTRS_UNSPECIFIED);
        if (!chunk || !memory_region_is_ram(mr) || memory_region_is_rom(mr) ||
            memory_region_is_ram_device(mr)) {
            return "not RAM that can be written";
        }
    }
    cpu_physical_memory_write(pa, buf, len);
    return NULL;
}

bool gdbx_pkt_write_mem(const char *args)
{
    GdbxInferior *inf = gdbx_selected();
    g_autoptr(GByteArray) buf = g_byte_array_new();
    OsiMemory mem = osi_qemu_memory();
    const char *why = NULL;
    uint64_t addr, len;

    /* For the machine too: QEMU takes what is not hex for zeroes. */
    if (!gdbx_parse_hex(&args, &addr) || *args++ != ',' ||
        !gdbx_parse_hex(&args, &len) || *args++ != ':' ||
        strlen(args) % 2 || len != strlen(args) / 2 ||
        !gdbx_unhex(args, len, buf)) {
        gdb_put_packet("E22");
        return true;
    }
    if (inf && inf->gone) {
        gdbx_error("process %d is gone", (int)inf->pid);
        return true;
    }
    gdbx_watch_own_write(true);
    if (gdbx_in_phys_window(addr)) {
        why = write_phys(addr - GDBX_WINDOW_PHYS, buf->data, len);
    } else if (inf) {
        why = write_process(&mem, inf->root, addr, buf->data, len);
    } else if (gdb_target_memory_rw_debug(gdbserver_state.g_cpu, addr,
                                          buf->data, buf->len, true)) {
        why = "not mapped";
    }
    gdbx_watch_own_write(false);
    if (why && !inf && !gdbx_in_phys_window(addr)) {
        gdb_put_packet("E14");      /* QEMU's own words */
        return true;
    }
    if (why) {
        gdbx_error("0x%" PRIx64 " is %s", addr, why);
        return true;
    }
    gdbx_watches_written(gdbx.general.pid, addr, len);
    gdbx_guest_stale();
    gdbx_ok();
    return true;
}
