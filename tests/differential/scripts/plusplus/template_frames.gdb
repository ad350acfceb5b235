# SPDX-License-Identifier: GPL-2.0-or-later
# frames of template instances
# program: plusplus
break largest<int>
break largest<double>
continue
bt
finish
continue
bt
finish
