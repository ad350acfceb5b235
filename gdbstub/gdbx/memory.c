/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a followed process, through its own page tables, whether or not
 * it runs, and physical memory through its window. The machine's inferior sees
 * what QEMU shows.
 */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/wire.h"
#include "gdbstub/gdbx/rows.h"
#include "introspect/qemu.h"

/*
 * What the process would read where its page tables map nothing: a file's page
 * out of the page cache, zeros where it never wrote.
 */
static bool read_absent(const GdbxInferior *inf, uint64_t addr, uint8_t *buf,
                        size_t len)
{
    OsiGuest *g = gdbx_guest();
    const OsiTask *t = osi_task_by_pid(g, gdbx_some_thread(inf), NULL);

    return t && t->root.table == inf->root.table &&
           osi_process_read(g, t, addr, buf, len, NULL);
}

/* Bytes readable from @addr on, at most @len: a page may be missing. */
static size_t read_some(const OsiMemory *mem, const GdbxInferior *inf,
                        uint64_t addr, uint8_t *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        uint64_t at = addr + done;
        size_t chunk = MIN(len - done, 4096 - (at & 4095));

        if (!osi_read(mem, inf->root, at, buf + done, chunk, NULL) &&
            !read_absent(inf, at, buf + done, chunk)) {
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

/* "ADDR,LEN"; *args moves behind it. */
static bool parse_range(const char **args, uint64_t *addr, uint64_t *len)
{
    const char *p = *args;

    if (!gdbx_parse_hex(&p, addr) || *p++ != ',' || !gdbx_parse_hex(&p, len)) {
        return false;
    }
    *args = p;
    return true;
}

bool gdbx_machine_read(uint64_t addr, void *buf, size_t len)
{
    CPUState *cs = gdbserver_state.g_cpu ?: first_cpu;
    bool task = gdbx_is_machine(gdbx.general.pid) &&
                gdbx_task_thread(gdbx.general.tid);

    return (!task && !gdb_target_memory_rw_debug(cs, addr, buf, len, false)) ||
           gdbx_kernel_read(addr, buf, len);
}

/* What can be read from @addr on in the selected inferior; at most @len. */
static size_t read_selected(uint64_t addr, uint8_t *buf, size_t len)
{
    GdbxInferior *inf = gdbx_selected();
    OsiMemory mem = osi_qemu_memory();
    size_t got;

    if (gdbx_in_phys_window(addr)) {
        got = read_phys(&mem, addr - GDBX_WINDOW_PHYS, buf, len);
        return got ?: gdbx_event_window_read(addr, buf, len);
    }
    if (gdbx_event_in_window(addr)) {
        return gdbx_event_window_read(addr, buf, len);
    }
    if (!inf) {
        return gdbx_machine_read(addr, buf, len) ? len : 0;
    }
    /* The page tables of one that is gone are somebody else's by now. */
    got = inf->gone ? 0 : read_some(&mem, inf, addr, buf, len);
    if (!got && len) {
        gdbx_doctor_unread();
    }
    return got;
}

static bool read_mem(const char *args, uint64_t max, const char *head,
                     void (*append)(GString *, const void *, size_t))
{
    g_autoptr(GString) out = g_string_new(head);
    g_autofree uint8_t *buf = NULL;
    uint64_t addr, len;
    size_t got;

    if (!parse_range(&args, &addr, &len) || *args || len > max) {
        gdb_put_packet("E22");
        return true;
    }
    buf = g_malloc(len + 1);
    got = read_selected(addr, buf, len);
    if (!got && len) {
        gdb_put_packet("E14");
        return true;
    }
    append(out, buf, got);
    gdbx_reply(out);
    return true;
}

bool gdbx_pkt_read_mem(const char *args)
{
    return read_mem(args, GDBX_PACKET_MAX / 2, "", gdbx_append_hex);
}

/* Escapes may double it; gdb has room for that. */
bool gdbx_pkt_read_mem_binary(const char *args)
{
    return read_mem(args, GDBX_PACKET_MAX, "b", gdbx_append_escaped);
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

/* Of a task that is shown as a thread of the machine: its own, as it is read. */
static const char *write_task(const OsiMemory *mem, const OsiTask *t,
                              uint64_t addr, const uint8_t *buf, size_t len)
{
    OsiRoot root = t->root;

    if (!root.table && !osi_kernel_root(gdbx_guest(), &root, NULL)) {
        return "not mapped";
    }
    return write_process(mem, root, addr, buf, len);
}

/* NULL, or why @buf cannot be written at @addr in the selected inferior. */
static const char *write_selected(uint64_t addr, uint8_t *buf, size_t len)
{
    GdbxInferior *inf = gdbx_selected();
    OsiMemory mem = osi_qemu_memory();
    const OsiTask *t = inf ? NULL : gdbx_task_thread(gdbx.general.tid);
    const char *why = NULL;

    gdbx_watch_own_write(true);
    if (gdbx_in_phys_window(addr)) {
        why = write_phys(addr - GDBX_WINDOW_PHYS, buf, len);
    } else if (inf) {
        why = write_process(&mem, inf->root, addr, buf, len);
    } else if (t) {
        why = write_task(&mem, t, addr, buf, len);
    } else if (gdb_target_memory_rw_debug(gdbserver_state.g_cpu, addr, buf, len,
                                          true)) {
        why = "not mapped";
    }
    gdbx_watch_own_write(false);
    return why;
}

static void write_mem(uint64_t addr, uint8_t *buf, size_t len)
{
    GdbxInferior *inf = gdbx_selected();
    const char *why;

    if (inf && inf->gone) {
        gdbx_error("process %d is gone", (int)inf->pid);
        return;
    }
    why = len ? write_selected(addr, buf, len) : NULL;
    if (why && !inf && !gdbx_in_phys_window(addr)) {
        gdb_put_packet("E14");      /* QEMU's own words */
        return;
    }
    if (why) {
        gdbx_error("0x%" PRIx64 " is %s", addr, why);
        return;
    }
    if (len) {
        gdbx_watches_written(gdbx.general.pid, addr, len);
        gdbx_guest_stale();
    }
    gdbx_ok();
}

bool gdbx_pkt_write_mem(const char *args)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    uint64_t addr, len;

    /* For the machine too: QEMU takes what is not hex for zeroes. */
    if (!parse_range(&args, &addr, &len) || *args++ != ':' ||
        strlen(args) % 2 || len != strlen(args) / 2 ||
        !gdbx_unhex(args, len, buf)) {
        gdb_put_packet("E22");
        return true;
    }
    write_mem(addr, buf->data, len);
    return true;
}

/* gdb asks by a write of nothing whether the packet is known. */
bool gdbx_pkt_write_mem_binary(const char *args)
{
    g_autofree uint8_t *buf = NULL;
    uint64_t addr, len;

    if (!parse_range(&args, &addr, &len) || *args++ != ':' ||
        len != gdbx_packet_left(args)) {
        gdb_put_packet("E22");
        return true;
    }
    buf = g_memdup2(args, len);
    write_mem(addr, buf, len);
    return true;
}
