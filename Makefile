# SPDX-License-Identifier: GPL-2.0
# kvm-hcx: KVM hypercalls that are added at run time. README.md says what for.
#
#	make		build for the running kernel, or KVER= or KDIR=
#	make demo	see it work, in a nested host
#	make check	all tests, in nested hosts: KERNELS= VENDORS= TESTS=
#	make bench	what a hypercall costs: KERNELS= VENDORS=
#	make style	checkpatch and sparse
#	make install	the module, and what handler modules are built with
#	make dkms-install	the module by DKMS, likewise
#	make clean

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

ifdef KDIR
KVER ?= $(shell cat $(KDIR)/include/config/kernel.release)
else
KVER ?= $(shell uname -r)
KDIR := /lib/modules/$(KVER)/build
endif

# Where handler modules find the headers and symbols to build with.
DEVEL := $(DESTDIR)/lib/modules/$(KVER)/kvm-hcx
DKMS_SOURCE := $(DESTDIR)/usr/src/kvm-hcx-$(VERSION)

modules: headers-there
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

headers-there:
	@test -e $(KDIR)/Makefile || { \
		echo "There are no headers of kernel $(KVER) in $(KDIR)." >&2; \
		echo "Run: sudo apt-get install linux-headers-$(KVER), or give KVER= or KDIR=" >&2; \
		exit 1; }

install: modules install-devel
	install -D -m 644 module/kvm_hcx.ko $(DESTDIR)/lib/modules/$(KVER)/updates/kvm_hcx.ko
	depmod -b $(DESTDIR)/ $(KVER)

install-devel: modules
	install -D -m 644 -t $(DEVEL)/include/linux module/include/linux/kvm_hcx.h
	install -D -m 644 -t $(DEVEL)/include/uapi/linux module/include/uapi/linux/kvm_hcx.h
	install -D -m 644 -t $(DEVEL) Module.symvers

uninstall:
	rm -rf $(DESTDIR)/lib/modules/$(KVER)/updates/kvm_hcx.ko $(DEVEL)
	depmod -b $(DESTDIR)/ $(KVER)

dkms-install: headers-there install-devel
	mkdir -p $(DKMS_SOURCE)
	git ls-files -z Kbuild Makefile COPYING dkms.conf module | \
		xargs -0 cp --parents -t $(DKMS_SOURCE)
	dkms add -m kvm-hcx -v $(VERSION)
	dkms install -m kvm-hcx -v $(VERSION) -k $(KVER)

demo check bench style:
	@selftests/harness/$@

clean:
	find . -name .git -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o \
		-name '*.mod.c' -o -name '.*.cmd' -o -name '.*.o.d' \) -print0 | xargs -0 rm -f
	rm -rf .build Module.symvers modules.order module/modules.order \
		module/examples/modules.order module/offsets.[hs] module/probed.h

.PHONY: modules headers-there install install-devel uninstall dkms-install demo check bench \
	style clean
