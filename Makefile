# SPDX-License-Identifier: GPL-2.0-only
#
# swimmem, built outside the kernel's tree. `make help` lists what can be done here.
# What is built is told in Kbuild; the kernel's own build reads that file, not this one.

VERSION := 0.1

# The kernel to build for: the running one, or else the newest one with headers installed.
running := $(wildcard /lib/modules/$(shell uname -r)/build/Makefile)
others  := $(or $(wildcard /lib/modules/*/build/Makefile),$(wildcard /usr/src/linux-headers-*/Module.symvers))
newest  := $(if $(others),$(shell ls -1 $(others) | sort -V | tail -n 1))
KDIR    ?= $(patsubst %/,%,$(dir $(or $(running),$(newest))))

PREFIX           ?= /usr
INSTALL_MOD_PATH ?= $(DESTDIR)
sdk              := $(DESTDIR)$(PREFIX)/src/swimmem-$(VERSION)

kbuild      := $(MAKE) -C $(KDIR) M=$(CURDIR)
release     := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
# Nobody but who built a kernel has the key to sign for it.
unsigned    := $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)
only_module := CONFIG_SWIMMEM_KUNIT=n CONFIG_SWIMMEM_SAMPLES=n

.PHONY: modules module kdir install uninstall clean setup check check-all demo bench torture mutate coverage version help

modules: kdir		## build everything for one kernel, in place (KDIR=... chooses the kernel)
	@$(kbuild) modules

module: kdir		## the same, but only swimmem/swimmem.ko
	@$(kbuild) $(only_module) modules

kdir:
ifeq ($(strip $(KDIR)),)
	@echo "swimmem: no kernel headers found in /lib/modules/*/build or /usr/src/linux-headers-*" >&2
	@echo "swimmem: install them (Debian: apt-get install linux-headers-amd64) or name a tree: make KDIR=..." >&2
	@exit 1
else
	@echo "swimmem $(VERSION): for the kernel in $(KDIR)"
	@test -e $(KDIR)/Makefile || { echo "swimmem: $(KDIR) is no kernel tree: name another one with KDIR=..." >&2; exit 1; }
endif

install: module		## install swimmem.ko, and what a client needs to build (DESTDIR, PREFIX, INSTALL_MOD_PATH)
	@$(kbuild)/swimmem INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) $(unsigned) modules_install
	@[ -n "$(INSTALL_MOD_PATH)" ] || depmod -a $(release)
	install -d $(sdk)/include/swimmem
	install -m 644 include/swimmem/*.h $(sdk)/include/swimmem
	install -m 644 Module.symvers $(sdk)
	@echo "swimmem: a client builds with -I$(PREFIX)/src/swimmem-$(VERSION)/include and"
	@echo "swimmem: KBUILD_EXTRA_SYMBOLS=$(PREFIX)/src/swimmem-$(VERSION)/Module.symvers"

uninstall: kdir		## take away what install put there
	rm -f $(INSTALL_MOD_PATH)/lib/modules/$(release)/*/swimmem.ko*
	@if [ -e $(sdk)/dkms.conf ]; then \
		echo "swimmem: $(sdk) belongs to dkms: dkms remove swimmem/$(VERSION) --all"; \
	else \
		rm -rf $(sdk)/include/swimmem $(sdk)/Module.symvers; \
		rmdir $(sdk)/include $(sdk) 2>/dev/null || true; \
	fi

clean: kdir		## remove what was built here, and build/ (kernels in the cache stay)
	@$(kbuild) clean
	rm -rf build

setup:			## install the Debian packages that check, demo and bench need
	@scripts/setup

check:			## build, prove, test on six kernels; SUITE=pool runs one KUnit suite only
	@scripts/check $(SUITE)

check-all:		## the same and all that takes longer: more kernels, machines, compilers, detectors
	@scripts/check all

demo:			## shadow a whole system's allocations, compact them, draw the heap before and after
	@scripts/demo

bench:			## measure swimmem beside the kernel's allocators: instructions, times, memory; tables and pictures
	@scripts/bench

torture:		## everything at once under detectors: MINUTES=60 on each of three kernels, SEED=n
	@scripts/torture $$(($(or $(MINUTES),60) * 60)) $(SEED)

mutate:			## break swimmem in one way after another, and see which test catches each; ONLY=text for some
	@scripts/mutate $(if $(ONLY),"$(ONLY)")

coverage:		## which lines and branches of swimmem the suites and the torture run, by file
	@scripts/coverage

version:		## print the version
	@echo $(VERSION)

help:			## list these targets
	@sed -nE 's/^([a-z-]+):.*[[:space:]]## (.*)/  make \1\t\2/p' Makefile | expand -t 20
