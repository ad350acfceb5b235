# SPDX-License-Identifier: GPL-2.0-or-later
# a constant and code are read
# program: basics
x/s greeting
x/4xb &add
print *add@1
x/2i finish_line
