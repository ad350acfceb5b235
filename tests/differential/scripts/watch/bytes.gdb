# SPDX-License-Identifier: GPL-2.0-or-later
# one byte among others
# program: watched
watch bytes[2]
rwatch bytes[3]
continue
info watchpoints
print bytes
