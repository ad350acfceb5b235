# SPDX-License-Identifier: GPL-2.0-or-later
# frames in front of main
# program: basics-pie
break add
continue
set backtrace past-main on
bt -frame-arguments none
