# SPDX-License-Identifier: GPL-2.0-or-later
# a signal that ends the program
# program: signals 9
handle all nostop noprint pass
continue
print $_exitsignal
