# SPDX-License-Identifier: GPL-2.0-or-later
#
# Settings that make gdb (13 and later) comfortable with QEMU gdbx:
#
#     (gdb) source gdbx.gdb
#     (gdb) target extended-remote :1234

# Stops are told in whichever inferior they happen.
set schedule-multiple on
# Code that the guest does not have in memory is read from its file.
set trust-readonly-sections on
# dprintf is formatted and printed by the emulator; the guest does not stop.
set dprintf-style agent

# Places that gdb's own watchpoints can watch and no guest has:
#   physical memory: x/4gx $phys + 0x1000, watch *(long *)($phys + 0x1000)
#   ports:           awatch *(unsigned char *)($io + 0x3f8)
#   exceptions:      rwatch *(long *)($exc + 8 * 14)
#   interrupts:      rwatch *(long *)($irq + 8 * 0x20)
#   MSRs:            awatch *(long *)($msr + 8 * 0xc0000080)
set $io = 0x0100000000000000
set $exc = 0x0200000000000000
set $phys = 0x0300000000000000
set $irq = 0x0400000000000000
set $msr = 0x0500000000000000

# Without it gdb swallows the first stop of the inferior it connected with if
# another one is resumed first. Nothing is sent, nothing runs.
define target hookpost-extended-remote
  if $_thread
    stepi 0
    monitor gdbx first-stop
  end
end
