# SPDX-License-Identifier: GPL-2.0
# kvm-hcx: KVM hypercalls that are added at run time. README.md says what for.
#
#	make		build for the running kernel, or KVER= or KDIR=
#	make demo	see it work, in a nested host
#	make check	the tests, in nested hosts: KERNELS= VENDORS= TESTS=
#	make check-integration	DKMS, BPF, whole Linux guests, tracing tools: KERNELS= TESTS=
#	make check-debug	the same on kernels with KASAN, lockdep, KCSAN and so on
#	make debug-kernels	builds those, once: KERNELS=
#	make kvm-selftests	those of KVM itself, without the module and with it
#	make results	Documentation/results.rst, from the last make check and check-integration
#	make bench	what a hypercall costs: KERNELS= VENDORS=
#	make cost	the same with all peers, and Documentation/cost.rst from it
#	make timeline	a guest's and its host's traces as one, and a picture of it
#	make mutate	that tests find what is taken out: MUTATIONS=
#	make style	checkpatch, compilers' warnings, sparse, coccinelle, shellcheck
#	make install	the modules, and what handler modules are built with
#	make dkms-install	the modules by DKMS, likewise
#	make guest	the driver for guests, hcx_guest.ko; takes no KVM
#	make guest-install	it, and the headers for programs that use it
#	make guest-tools	hcx-mark and hcx-clock, programs for guests
#	make guest-tools-install	them, in PREFIX/bin (/usr/local)
#	make bpf	handlers in BPF: the loader hcx-bpf, and the examples
#	make bpf-install	hcx-bpf and hcx.bpf.h; make install does so where libbpf is there
#	make deb	a Debian package that installs the modules by DKMS
#	make clean

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

ifdef KDIR
KVER ?= $(shell cat $(KDIR)/include/config/kernel.release)
else
KVER ?= $(shell uname -r)
KDIR := /lib/modules/$(KVER)/build
endif

# The core, and handlers that people want.
INSTALLED := module/kvm_hcx.ko module/handlers/hcx_marker.ko module/handlers/hcx_clock.ko

# Where handler modules find the headers and symbols to build with.
DEVEL := $(DESTDIR)/lib/modules/$(KVER)/kvm-hcx
DKMS_SOURCE := $(DESTDIR)/usr/src/kvm-hcx-$(VERSION)
DEB_SOURCE := .build/deb/kvm-hcx-$(VERSION)

# What programs in a guest are built with, where compilers look by themselves.
GUEST_HEADERS := $(DESTDIR)/usr/local/include/linux
guest_headers := kvm_hcx.h hcx_guest.h hcx_dev.h hcx_marker.h hcx_clock.h

# Programs for guests, which take no kernel headers but ours.
PREFIX ?= /usr/local
guest_tools := module/guest/hcx-mark module/guest/hcx-clock

# Handlers in BPF. From libbpf 1.4 on it takes types of modules.
bpf_programs := module/bpf/hcx-bpf module/bpf/recorder
bpf_examples := $(patsubst %.c,%.o,$(wildcard module/bpf/*.bpf.c))
has_libbpf = $(shell echo LIBBPF_MAJOR_VERSION LIBBPF_MINOR_VERSION | \
	$(CC) -E -P -include bpf/libbpf.h - 2>/dev/null | tail -n 1 | \
	awk '$$1 * 100 + $$2 >= 104 { print "yes" }')

# What DKMS builds from: nothing that a build has left, where git can tell.
copy_sources = for file in $$(git ls-files $(1) 2>/dev/null || find $(1) -type f); do \
	install -D -m 644 "$$file" $(2)/"$$file"; done

modules: headers-there
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

headers-there:
	@test -e $(KDIR)/Makefile || { \
		echo "There are no headers of kernel $(KVER) in $(KDIR)." >&2; \
		echo "Run: sudo apt-get install linux-headers-$(KVER), or give KVER= or KDIR=" >&2; \
		exit 1; }

install: modules install-devel
	install -D -m 644 -t $(DESTDIR)/lib/modules/$(KVER)/updates $(INSTALLED)
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin module/handlers/hcx-timeline
	depmod -b $(DESTDIR)/ $(KVER)
	$(if $(has_libbpf),$(MAKE) bpf-install,@echo "hcx-bpf is left out: it takes libbpf-dev 1.4 or later")

install-devel: modules
	install -D -m 644 -t $(DEVEL)/include/linux module/include/linux/kvm_hcx.h
	install -D -m 644 -t $(DEVEL)/include/uapi/linux $(wildcard module/include/uapi/linux/*.h)
	install -D -m 644 -t $(DEVEL) Module.symvers

uninstall:
	rm -rf $(addprefix $(DESTDIR)/lib/modules/$(KVER)/updates/,$(notdir $(INSTALLED))) $(DEVEL) \
		$(addprefix $(DESTDIR)$(PREFIX)/,bin/hcx-timeline $(bpf_installed))
	depmod -b $(DESTDIR)/ $(KVER)

bpf: bpf-programs $(bpf_examples)

bpf-programs: $(bpf_programs)

$(bpf_programs): %: %.c module/bpf/recorder.h module/include/uapi/linux/kvm_hcx.h
	$(CC) -O2 -Wall $(CFLAGS) $(LDFLAGS) -I module/include/uapi -o $@ $< -lbpf

%.bpf.o: %.bpf.c module/bpf/hcx.bpf.h module/bpf/recorder.h module/include/uapi/linux/kvm_hcx.h
	clang -target bpf -mcpu=v3 -O2 -g -Wall -I/usr/include/$(shell $(CC) -print-multiarch) \
		-I module/bpf -I module/include/uapi $(BPF_CFLAGS) -c -o $@ $<

bpf_installed := bin/hcx-bpf share/man/man8/hcx-bpf.8 include/hcx.bpf.h include/linux/kvm_hcx.h

bpf-install: module/bpf/hcx-bpf bpf-headers-install
	install -D -t $(DESTDIR)$(PREFIX)/bin module/bpf/hcx-bpf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 module/bpf/hcx-bpf.8

bpf-headers-install:
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include module/bpf/hcx.bpf.h
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux module/include/uapi/linux/kvm_hcx.h

guest: headers-there
	$(MAKE) -C $(KDIR) M=$(CURDIR)/module/guest modules

guest-install: guest
	install -D -m 644 module/guest/hcx_guest.ko \
		$(DESTDIR)/lib/modules/$(KVER)/updates/hcx_guest.ko
	install -D -m 644 -t $(GUEST_HEADERS) \
		$(addprefix module/include/uapi/linux/,$(guest_headers))
	depmod -b $(DESTDIR)/ $(KVER)

guest-uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/hcx_guest.ko \
		$(addprefix $(GUEST_HEADERS)/,$(guest_headers))
	depmod -b $(DESTDIR)/ $(KVER)

guest-tools: $(guest_tools)

$(guest_tools): %: %.c module/guest/hcx-tool.h $(wildcard module/include/uapi/linux/*.h)
	$(CC) -O2 -Wall $(CFLAGS) $(LDFLAGS) -I module/include/uapi -o $@ $<

guest-tools-install: guest-tools
	install -D -t $(DESTDIR)$(PREFIX)/bin $(guest_tools)

dkms-install: headers-there install-devel
	$(call copy_sources,Kbuild Makefile COPYING dkms.conf module,$(DKMS_SOURCE))
	dkms add -m kvm-hcx -v $(VERSION)
	dkms install -m kvm-hcx -v $(VERSION) -k $(KVER)

deb:
	@command -v dpkg-buildpackage dh dh_dkms >/dev/null || { \
		echo "Run: sudo apt-get install build-essential debhelper dh-dkms" >&2; exit 1; }
	rm -rf .build/deb
	$(call copy_sources,Kbuild Makefile COPYING dkms.conf module,$(DEB_SOURCE))
	mv $(DEB_SOURCE)/module/debian $(DEB_SOURCE)/debian
	$(if $(has_libbpf),cat,rm) $(DEB_SOURCE)/debian/control.hcx-bpf $(if $(has_libbpf),>>$(DEB_SOURCE)/debian/control)
	chmod +x $(DEB_SOURCE)/debian/rules
	printf 'kvm-hcx ($(VERSION)) unstable; urgency=medium\n\n  * Version $(VERSION).\n\n -- %s  %s\n' \
		'The kvm-hcx authors <root@localhost>' "$$(date -R)" >$(DEB_SOURCE)/debian/changelog
	cd $(DEB_SOURCE) && dpkg-buildpackage -us -uc
	@ls $(CURDIR)/.build/deb/*.deb

demo check check-integration check-debug debug-kernels kvm-selftests bench cost mutate results timeline style:
	@selftests/harness/$@

soak:
	@selftests/harness/soak $(SECONDS)

clean:
	find . -name .git -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o \
		-name '*.mod.c' -o -name '.*.cmd' -o -name '.*.o.d' \) -print0 | xargs -0 rm -f
	rm -f $(guest_tools) $(bpf_programs)
	rm -rf .build Module.symvers modules.order module/modules.order \
		module/guest/modules.order module/guest/Module.symvers \
		module/examples/modules.order module/handlers/modules.order module/offsets.[hs] module/probed.h

.PHONY: modules headers-there install install-devel uninstall guest guest-install guest-uninstall \
	guest-tools guest-tools-install bpf bpf-programs bpf-install bpf-headers-install dkms-install deb demo check check-integration \
	check-debug debug-kernels kvm-selftests bench cost mutate results soak timeline style clean
