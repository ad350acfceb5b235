/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of the extension: options at start, clients that come and go.
 *
 * Off (`-gdb ...,gdbx=off`) nothing of it is reached but the hooks' first test,
 * and the wire is QEMU's own, byte for byte (tests/delta checks that).
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/tcg.h"
#include "system/cpus.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/callstack.h"
#include "replay/checkpoint.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/files.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/nth.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/roots.h"
#include "gdbstub/gdbx/step.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/wire.h"

GdbxState gdbx;
uint64_t gdbx_hook_calls[GDBX_HOOK__COUNT];

const char *gdbx_hook_name(GdbxHookId id)
{
    static const char *const names[GDBX_HOOK__COUNT] = {
        [GDBX_HOOK_START] = "gdbx_hook_start",
        [GDBX_HOOK_CONNECTION] = "gdbx_hook_connection",
        [GDBX_HOOK_BYTE] = "gdbx_hook_byte",
        [GDBX_HOOK_PUT] = "gdbx_hook_put",
        [GDBX_HOOK_RECEIVED] = "gdbx_hook_received",
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
        [GDBX_HOOK_SYSCALL] = "gdbx_hook_syscall",
        [GDBX_HOOK_USER] = "gdbx_hook_user",
        [GDBX_HOOK_DELIVER] = "gdbx_hook_deliver",
        [GDBX_HOOK_INTERRUPT] = "gdbx_hook_interrupt",
        [GDBX_HOOK_MSR] = "gdbx_hook_msr",
        [GDBX_HOOK_RECORDING] = "gdbx_hook_recording",
        [GDBX_HOOK_PORT_IN] = "gdbx_hook_port_in",
        [GDBX_HOOK_PORT_OUT] = "gdbx_hook_port_out",
        [GDBX_HOOK_PORT_STRING] = "gdbx_hook_port_string",
        [GDBX_HOOK_DEVICE_BEGIN] = "gdbx_hook_device_begin",
        [GDBX_HOOK_DEVICE_READ] = "gdbx_hook_device_read",
        [GDBX_HOOK_DEVICE_WRITE] = "gdbx_hook_device_write",
        [GDBX_HOOK_TURN] = "gdbx_hook_turn",
        [GDBX_HOOK_BUDGET] = "gdbx_hook_budget",
        [GDBX_HOOK_KEEP_CODE] = "gdbx_hook_keep_code",
        [GDBX_HOOK_DISK] = "gdbx_hook_disk",
    };
    return names[id];
}

bool gdbx_held;

void gdbx_deliver_held(CPUState *cs)
{
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DELIVER]);
    gdbx.arch->deliver(cs);
}

void gdbx_register_arch(const GdbxArch *arch)
{
    gdbx.arch = arch;
}

/* ---- options: `-gdb DEVICE,gdbx=on,...' ---- */

static bool option_on, option_machine;

static bool on_or_off(const char *name, const char *value, bool *on,
                      Error **errp)
{
    if (strcmp(value, "on") && strcmp(value, "off")) {
        error_setg(errp, "gdbstub: option %s expects 'on' or 'off', "
                   "not '%.32s'", name, value);
        return false;
    }
    *on = !strcmp(value, "on");
    return true;
}

static bool set_on(const char *value, Error **errp)
{
    return on_or_off("gdbx", value, &option_on, errp);
}

static bool set_machine(const char *value, Error **errp)
{
    return on_or_off("machine", value, &option_machine, errp);
}

static uint64_t checkpoint_memory;

static bool set_checkpoint_memory(const char *value, Error **errp)
{
    if (qemu_strtosz_MiB(value, NULL, &checkpoint_memory) ||
        !checkpoint_memory) {
        error_setg(errp, "gdbstub: option checkpoint-memory expects a size "
                   "such as 512M or 2G, not '%.32s'", value);
        return false;
    }
    return true;
}

static const GdbxOption options[] = {
    { ",gdbx=", "on|off", "this extension; off: QEMU's own stub, byte for byte",
      set_on },
    { ",machine=", "on|off",
      "off: gdb begins with no inferior, the guest runs until it attaches",
      set_machine },
    { ",sysroot=", "DIRECTORY",
      "the guest's files on the host, for what it does not have in memory",
      gdbx_sysroot_set },
    { ",checkpoint-memory=", "SIZE",
      "of a recording or replay, for going back in it; else a quarter of what "
      "is free",
      set_checkpoint_memory },
};

const GdbxOption *gdbx_options(size_t *n)
{
    *n = ARRAY_SIZE(options);
    return options;
}

/* As in QemuOpts a comma in a value is written twice. *end: behind it. */
static char *option_value(const char *at, const char **end)
{
    GString *value = g_string_new(NULL);

    for (; *at && (*at != ',' || at[1] == ','); at++) {
        g_string_append_c(value, *at);
        at += *at == ',';
    }
    *end = at;
    return g_string_free(value, false);
}

/* Removes ours from @device; the last one wins, as with QemuOpts. */
static bool take_options(GString *device, Error **errp)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        const char *at;

        while ((at = strstr(device->str, options[i].key))) {
            const char *end;
            g_autofree char *value =
                option_value(at + strlen(options[i].key), &end);

            if (!options[i].set(value, errp)) {
                return false;
            }
            g_string_erase(device, at - device->str, end - at);
        }
    }
    return true;
}

/* vCPUs are paused; those of a running machine go on with another kernel. */
static void machine_reset(void *opaque)
{
    if (checkpoint_restoring()) {
        return;                 /* not the guest's: it is what it was */
    }
    gdbx_current_forget();
    gdbx_os_events_reset();
}

bool gdbx_hook_start(GString *device, Error **errp)
{
    static bool registered;

    gdbx_hook_calls[GDBX_HOOK_START]++;
    option_on = option_machine = true;
    if (!take_options(device, errp)) {
        return false;
    }
    if (!registered) {
        registered = true;
        gdbx.inferiors = g_ptr_array_new_with_free_func(g_free);
        /* After QEMU's own (priority 0) in the list = before it at a stop. */
        qemu_add_vm_change_state_handler_prio(gdbx_vm_state_change, NULL, 1);
        qemu_register_reset(machine_reset, NULL);
        gdbx_output_init();
    }
    gdbx_hook_connection(false);
    gdbx.on = option_on && gdbx.arch && tcg_enabled();
    gdbx.begins_with_none = !option_machine;
    if (gdbx.on) {
        gdbx.arch->start();
        timeline_begin(checkpoint_memory);
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
    gdbx_index_reset();
    timeline_hold_end(false);
    timeline_give_up();
    gdbx_seek_forget();
    gdbx_nth_end();
    gdbx_step_look_no_more();
    gdbx_mon_os_reset();
    gdbx_callstack_off();
    gdbx_inferiors_reset();
    gdbx_points_reset();
    gdbx_watches_reset();
    gdbx_roots_prepare();
    gdbx_output_reset();
    gdbx_wire_reset();
    gdbx_files_reset();
}

/*
 * QEMU writes this pid wherever it names a CPU thread. To a client that is left
 * to QEMU the one process is 1, as QEMU's own code has it: it takes a detach
 * of what is not there for granted and crashes.
 */
void gdbx_name_machine(void)
{
    gdbserver_state.multiprocess = gdbx.client;
    if (gdbserver_state.process_num == 1) {
        gdbserver_state.processes[0].pid = gdbx.client ? GDBX_MACHINE_PID : 1;
    }
    if (gdbx.client && !gdbserver_state.c_cpu) {
        /* It had detached as a client of QEMU's, and begins anew. */
        gdbserver_state.processes[0].attached = true;
        gdbserver_state.c_cpu = gdbserver_state.g_cpu = first_cpu;
    }
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
    if (opened) {
        gdbx.found_running = running;
        /* Nor is the last one's half of a packet the beginning of this one's. */
        gdbserver_state.state = RS_IDLE;
        g_byte_array_set_size(gdbserver_state.last_packet, 0);
        gdbx_name_machine();
    }
}
