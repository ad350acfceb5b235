/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a followed process, through its own page tables, whether or not
 * it runs. The machine's is QEMU's own business.
 */
#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
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

bool gdbx_pkt_read_mem(const char *args)
{
    GdbxInferior *inf = gdbx_selected();
    OsiMemory mem = osi_qemu_memory();
    uint8_t buf[MAX_PACKET_LENGTH / 2];
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t addr, len;

    if (!inf) {
        return false;
    }
    if (!gdbx_parse_hex(&args, &addr) || *args++ != ',' ||
        !gdbx_parse_hex(&args, &len) || *args || len > sizeof(buf)) {
        gdb_put_packet("E22");
        return true;
    }
    /* The page tables of one that is gone belong to somebody else by now. */
    len = inf->gone ? 0 : read_some(&mem, inf->root, addr, buf, len);
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

bool gdbx_pkt_write_mem(const char *args)
{
    GdbxInferior *inf = gdbx_selected();
    g_autoptr(GByteArray) buf = g_byte_array_new();
    OsiMemory mem = osi_qemu_memory();
    const char *why;
    uint64_t addr, len;

    /* For the machine too: QEMU takes what is not hex for zeroes. */
    if (!gdbx_parse_hex(&args, &addr) || *args++ != ',' ||
        !gdbx_parse_hex(&args, &len) || *args++ != ':' ||
        strlen(args) % 2 || len != strlen(args) / 2 ||
        !gdbx_unhex(args, len, buf)) {
        gdb_put_packet("E22");
        return true;
    }
    if (!inf) {
        return false;
    }
    if (inf->gone) {
        gdbx_error("process %d is gone", (int)inf->pid);
        return true;
    }
    why = write_process(&mem, inf->root, addr, buf->data, len);
    if (why) {
        gdbx_error("0x%" PRIx64 " is %s", addr, why);
        return true;
    }
    gdbx_guest_stale();
    gdbx_ok();
    return true;
}
