# SPDX-License-Identifier: GPL-2.0-or-later
# SIGTERM without a handler
# program: signals 15
handle all nostop noprint pass
continue
print $_exitsignal
