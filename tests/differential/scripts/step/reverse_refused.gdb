# SPDX-License-Identifier: GPL-2.0-or-later
# reverse execution is not there without a recording
# program: basics
break add
continue
reverse-step
info record
