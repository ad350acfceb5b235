# SPDX-License-Identifier: GPL-2.0-or-later
# info signals and handle are gdb's own
# program: signals
info signals SIGUSR1
handle SIGUSR1 nostop print
info signals SIGUSR1
handle SIGALRM stop print
handle all nopass
info signals SIGSEGV
