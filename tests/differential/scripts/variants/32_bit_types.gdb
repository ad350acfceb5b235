# SPDX-License-Identifier: GPL-2.0-or-later
# types of a 32-bit program
# program: basics-32
# bits: 32
ptype /o struct shape
print wide
print extended
print list
break main
break length_of
continue
finish
