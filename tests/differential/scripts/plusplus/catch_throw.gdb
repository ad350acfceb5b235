# SPDX-License-Identifier: GPL-2.0-or-later
# catch throw and catch catch
# program: plusplus
catch throw
catch catch
continue
bt
continue
up
info locals
info breakpoints
