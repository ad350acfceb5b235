# SPDX-License-Identifier: GPL-2.0-or-later
# the x87 tag word
break *planted_here
continue
print $ftag
print $fop
info registers st0
