# SPDX-License-Identifier: GPL-2.0-or-later
# a program without symbols
# program: basics-stripped
# go: no
print $rsp != 0
print main
info sharedlibrary
info source
