/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet table: a packet is a row. From the same rows come the dispatch,
 * the features of qSupported and `monitor gdbx packets`.
 */
#ifndef GDBX_ROWS_H
#define GDBX_ROWS_H

typedef struct GdbxRow {
    const char *prefix;      /* packet begins with this (or is it: @whole) */
    bool whole;
    const char *feature;     /* qSupported feature offered for it, or NULL */
    /*
     * @args: what follows the prefix. True: answered, or a stop reply will
     * follow; false: not ours, QEMU's own code handles the packet.
     */
    bool (*handler)(const char *args);
    const char *doc;         /* one line */
} GdbxRow;

const GdbxRow *gdbx_rows(size_t *n);

/* inferior.c */
bool gdbx_pkt_attach(const char *args);
bool gdbx_pkt_kill(const char *args);
bool gdbx_pkt_detach(const char *args);
bool gdbx_pkt_query_stop(const char *args);
/* threads.c */
bool gdbx_pkt_set_thread(const char *args);
bool gdbx_pkt_thread_alive(const char *args);
bool gdbx_pkt_current(const char *args);
bool gdbx_pkt_threads(const char *args);
/* thread-list.c */
bool gdbx_pkt_first_threads(const char *args);
bool gdbx_pkt_more_threads(const char *args);
bool gdbx_pkt_thread_text(const char *args);
/* regs.c */
bool gdbx_pkt_read_regs(const char *args);
bool gdbx_pkt_write_regs(const char *args);
bool gdbx_pkt_read_reg(const char *args);
bool gdbx_pkt_write_reg(const char *args);
bool gdbx_pkt_features(const char *args);
/* memory.c */
bool gdbx_pkt_read_mem(const char *args);
bool gdbx_pkt_read_mem_binary(const char *args);
bool gdbx_pkt_write_mem(const char *args);
bool gdbx_pkt_write_mem_binary(const char *args);
/* wire.c */
bool gdbx_pkt_no_ack(const char *args);
/* resume.c */
bool gdbx_pkt_vcont_query(const char *args);
/* time.c */
bool gdbx_pkt_backward(const char *args);
/* syscall-catch.c */
bool gdbx_pkt_catch_syscalls(const char *args);
/* break.c */
bool gdbx_pkt_insert(const char *args);
bool gdbx_pkt_remove(const char *args);
/* monitor.c */
bool gdbx_pkt_monitor(const char *args);
/* kernel-files.c */
bool gdbx_pkt_modules(const char *args);
/* vfile.c */
bool gdbx_pkt_file(const char *args);
/* libraries.c */
bool gdbx_pkt_libraries(const char *args);
bool gdbx_pkt_tls(const char *args);
/* siginfo.c */
bool gdbx_pkt_siginfo(const char *args);
bool gdbx_pkt_write_siginfo(const char *args);
/* xfer.c, osdata.c */
bool gdbx_pkt_exec_file(const char *args);
bool gdbx_pkt_auxv(const char *args);
bool gdbx_pkt_osdata(const char *args);

#endif
