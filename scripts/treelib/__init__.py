# SPDX-License-Identifier: GPL-2.0-or-later
"""How the tree is put together: fetch, stage, lay over, patch, configure."""
