# SPDX-License-Identifier: GPL-2.0-or-later
#
# A thin front: every target is one command that can be run by itself.

PYTHON = /usr/bin/python3

.PHONY: all demo check check-fast check-guests check-matrix check-upstream bench pristine host help

all:
	@$(PYTHON) scripts/setup build

help:
	@echo 'make [all]           build build/qemu-system-x86_64 and qemu-img'
	@echo 'make demo            a whole session in stock gdb'
	@echo 'make check           all tests'
	@echo 'make check-fast      the tests that need no QEMU, in a minute'
	@echo 'make check-guests    introspection on many more guests'
	@echo 'make check-matrix    more tests on more kernels and gdbs'
	@echo 'make check-upstream  QEMU'\''s own tests, compared with pristine'
	@echo 'make bench           speed against pristine: docs/numbers.md'
	@echo 'make pristine        the same QEMU without us'

pristine:
	@$(PYTHON) scripts/setup pristine

host:
	@$(PYTHON) scripts/setup host

demo: all
	@$(PYTHON) tests/demo/demo.py

check: all pristine
	@$(PYTHON) scripts/run-tests --all

check-fast: host
	@$(PYTHON) scripts/run-tests --fast

check-guests: all
	@$(PYTHON) scripts/run-tests --guests

check-matrix: all pristine
	@$(PYTHON) scripts/run-tests --matrix

check-upstream: all pristine
	@$(PYTHON) scripts/run-tests --upstream

bench: all pristine
	@$(PYTHON) tests/bench/bench.py
