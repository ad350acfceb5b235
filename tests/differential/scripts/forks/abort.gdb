# SPDX-License-Identifier: GPL-2.0-or-later
# a program that ends by a signal
# program: forks abort
handle SIGABRT nostop noprint pass
continue
print $_exitsignal
print $_exitcode
