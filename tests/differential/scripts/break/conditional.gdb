# SPDX-License-Identifier: GPL-2.0-or-later
# a condition on an argument
break length_of if text[0] == 's'
continue
print text
info breakpoints
