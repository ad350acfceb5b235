# SPDX-License-Identifier: GPL-2.0-or-later
# locals of all frames
break length_of
continue
bt full
