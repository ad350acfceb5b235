# SPDX-License-Identifier: GPL-2.0-or-later
# $_siginfo at a breakpoint and at a step
# program: basics
break add
continue
print $_siginfo.si_signo
print $_siginfo.si_code
stepi
print $_siginfo.si_signo
print $_siginfo.si_code
