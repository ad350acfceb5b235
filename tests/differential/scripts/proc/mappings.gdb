# SPDX-License-Identifier: GPL-2.0-or-later
# the program's own mappings
# program: basics
break add
continue
pipe info proc mappings | grep /bin/ | sed 's/  */ /g'
