/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of the extension: options at start, clients that come and go.
 *
 * Off (`-gdb ...,gdbx=off`) nothing of it is reached but the hooks' first test,
 * and the wire is QEMU's own, byte for byte (tests/delta checks that).
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/runstate.h"
#include "system/tcg.h"
#include "system/cpus.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/watch.h"

GdbxState gdbx;
uint64_t gdbx_hook_calls[GDBX_HOOK__COUNT];

const char *gdbx_hook_name(GdbxHookId id)
{
    static const char *const names[GDBX_HOOK__COUNT] = {
        [GDBX_HOOK_START] = "gdbx_hook_start",
        [GDBX_HOOK_CONNECTION] = "gdbx_hook_connection",
        [GDBX_HOOK_BYTE] = "gdbx_hook_byte",
        [GDBX_HOOK_PACKET] = "gdbx_hook_packet",
        [GDBX_HOOK_INSN_WANTED] = "gdbx_hook_insn_wanted",
        [GDBX_HOOK_INSN] = "gdbx_hook_insn",
        [GDBX_HOOK_FETCH_FAULT] = "gdbx_hook_fetch_fault",
        [GDBX_HOOK_PAGE] = "gdbx_hook_page",
        [GDBX_HOOK_ACCESS] = "gdbx_hook_access",
        [GDBX_HOOK_STORE] = "gdbx_hook_store",
        [GDBX_HOOK_DMA] = "gdbx_hook_dma",
        [GDBX_HOOK_RAM_WRITTEN] = "gdbx_hook_ram_written",
        [GDBX_HOOK_EXEC_PAGE] = "gdbx_hook_exec_page",
        [GDBX_HOOK_DEBUG] = "gdbx_hook_debug",
    };
    return names[id];
}

void gdbx_register_arch(const GdbxArch *arch)
{
    gdbx.arch = arch;
}

/* Removes ",gdbx=VALUE" from @device; last one wins, as with QemuOpts. */
static bool take_option(GString *device, bool *on, Error **errp)
{
    const char *key = ",gdbx=";
    char *at;

    while ((at = strstr(device->str, key))) {
        char *value = at + strlen(key);
        size_t len = strcspn(value, ",");

        if (len == 2 && !strncmp(value, "on", len)) {
            *on = true;
        } else if (len == 3 && !strncmp(value, "off", len)) {
            *on = false;
        } else {
            error_setg(errp, "gdbstub: option gdbx expects 'on' or 'off', "
                       "not '%.*s'", (int)MIN(len, 32), value);
            return false;
        }
        g_string_erase(device, at - device->str, strlen(key) + len);
    }
    return true;
}

bool gdbx_hook_start(GString *device, Error **errp)
{
    static bool registered;
    bool on = true;

    gdbx_hook_calls[GDBX_HOOK_START]++;
    if (!take_option(device, &on, errp)) {
        return false;
    }
    if (!registered) {
        registered = true;
        gdbx.inferiors = g_ptr_array_new_with_free_func(g_free);
        /* After QEMU's own (priority 0) in the list = before it at a stop. */
        qemu_add_vm_change_state_handler_prio(gdbx_vm_state_change, NULL, 1);
        gdbx_output_init();
    }
    gdbx_hook_connection(false);
    gdbx.on = on && gdbx.arch && tcg_enabled();
    if (gdbx.on) {
        gdbx.arch->start();
    }
    return true;
}

/* What a client has left: points, steps, vCPUs that it had not resumed. */
static void forget_client(void)
{
    CPUState *cs;

    if (gdbx.client) {
        CPU_FOREACH(cs) {
            cpu_single_step(cs, 0);
        }
    }
    gdbx.client = false;
    gdbx_inferiors_reset();
    gdbx_points_reset();
    gdbx_watches_reset();
    gdbx_output_reset();
}

void gdbx_hook_connection(bool opened)
{
    bool running = runstate_is_running();
    bool unseen = gdbx_run.unseen;

    gdbx_hook_calls[GDBX_HOOK_CONNECTION]++;
    if (!gdbx.on) {
        return;
    }
    if (running) {
        pause_all_vcpus();      /* running vCPUs read the points */
    }
    forget_client();
    if (!opened && running) {
        resume_all_vcpus();     /* all: a step may have run one of them */
    } else if (!opened && unseen) {
        vm_start();             /* it was running as far as anybody knew */
    }
    /* At an opening QEMU stops the machine next. */
    if (opened && gdbserver_state.process_num == 1) {
        /* QEMU writes this pid wherever it names a CPU thread. */
        gdbserver_state.processes[0].pid = GDBX_MACHINE_PID;
    }
}
