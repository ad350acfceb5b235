# SPDX-License-Identifier: GPL-2.0-or-later
# dump and restore of memory
dump binary value SCRATCH/differ.bin numbers
set var numbers[0] = 0
print numbers
restore SCRATCH/differ.bin binary &numbers[0]
print numbers
shell rm -f SCRATCH/differ.bin
