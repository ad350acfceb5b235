# SPDX-License-Identifier: GPL-2.0-or-later
# the auxiliary vector tells where a PIE is
# program: basics-pie
break add
continue
info symbol add
pipe info auxv | grep -E 'AT_(PAGESZ|PHENT|PHNUM|SECURE|EXECFN)' | sed 's/0x[0-9a-f]* "/"/'
