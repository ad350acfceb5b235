# SPDX-License-Identifier: GPL-2.0-or-later
# the library is gone again
# program: libraries
break opened
break closed
continue
info symbol library_step
continue
info sharedlibrary differ
print library_calls
