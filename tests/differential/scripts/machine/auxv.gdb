# SPDX-License-Identifier: GPL-2.0-or-later
# the auxiliary vector, but for what the processor decides
break add
continue
info auxv
