/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that would stay what they have become. See unload.h.
 *
 * ACPI's ports for CPU hot-plug, of -M pc and -M q35: a guest's write switches
 * them to another form, with another region in the place of the first. Once that
 * is so their state has a subsection; a state without it leaves them switched.
 *
 * The option ROM of the APIC's TPR (hw/i386/vapic.c), which its first use lays
 * over what was there. Loading lays it anew if it was in use, and a reset does
 * not take it away.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/acpi/cpu_hotplug.h"
#include "hw/acpi/piix4.h"
#include "hw/southbridge/ich9.h"
#include "hw/gdbx/unload.h"

/* Undoes acpi_switch_to_modern_cphp(). */
static void back_to_legacy(bool *legacy, AcpiCpuHotplug *first,
                           CPUHotplugState *modern)
{
    MemoryRegion *ports = modern->ctrl_reg.container;

    if (*legacy || !ports) {
        return;
    }
    memory_region_transaction_begin();
    memory_region_del_subregion(ports, &modern->ctrl_reg);
    memory_region_add_subregion(ports, first->io.addr, &first->io);
    memory_region_transaction_commit();
    object_unparent(OBJECT(&modern->ctrl_reg));
    g_free(modern->devs);
    memset(modern, 0, sizeof(*modern));
    *legacy = true;
}

/* There is one at most, which cannot be plugged. */
static Object *the_only(const char *type)
{
    return object_resolve_path_type("", type, NULL);
}

/* Disabled, not removed: the device removes it when it lays it anew. */
static void no_vapic_rom(Object *vapic)
{
    Object *rom = object_resolve_path_component(vapic, "kvmvapic-rom[0]");

    if (rom) {
        memory_region_set_enabled(MEMORY_REGION(rom), false);
    }
}

void gdbx_unload_parts(bool (*have)(const char *part, void *opaque),
                       void *opaque)
{
    static Object *piix4, *ich9, *vapic;
    static bool looked;

    if (!looked) {
        piix4 = the_only(TYPE_PIIX4_PM);
        ich9 = the_only(TYPE_ICH9_LPC_DEVICE);
        vapic = the_only("kvmvapic");
        looked = true;
    }
    if (vapic) {
        no_vapic_rom(vapic);
    }
    if (piix4 && !have("piix4_pm/cpuhp", opaque)) {
        PIIX4PMState *s = PIIX4_PM(piix4);

        back_to_legacy(&s->cpu_hotplug_legacy, &s->gpe_cpu, &s->cpuhp_state);
    }
    if (ich9 && !have("ich9_pm/cpuhp", opaque)) {
        ICH9LPCPMRegs *pm = &ICH9_LPC_DEVICE(ich9)->pm;

        back_to_legacy(&pm->cpu_hotplug_legacy, &pm->gpe_cpu,
                       &pm->cpuhp_state);
    }
}
