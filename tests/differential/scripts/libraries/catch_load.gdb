# SPDX-License-Identifier: GPL-2.0-or-later
# catch load and unload
# program: libraries
catch load differ
catch unload differ
continue
continue
info breakpoints
