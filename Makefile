# make            build the program                   -> build/release/assay
# make run        install what is missing, build, start the scanner with its demonstration
# make test       everything that must hold: unit, contract, golden, command line, HTTP, page, lint
# make check      unit tests only; DIRS="base image" for some folders, ALSO="engine/words" for some tests beside
#                 them; SAN=address,undefined|thread
# make fuzz       each fuzz target for FUZZ_SECONDS (needs clang)
# make bench      the measurements of bench/README.md
# make lint       layers, lengths
# make install    to $(DESTDIR)$(PREFIX)
#
# One file, no recursion.  A new .c in a known folder is picked up; a new folder is one word in ALL_DIRS.

PREFIX  ?= /usr/local
CC      ?= cc
CFLAGS  ?= -O2 -g
SAN     ?=
FUZZ_SECONDS ?= 20

ALL_DIRS = base pack text image draw tensor nn nn/ref nn/dnnl models engine plot train inspect index store net service service/words service/find service/learn service/encoders service/library service/backup service/export service/inspect web http cmd
DIRS    ?= $(ALL_DIRS)
ALSO    ?=
PKGS    = libjpeg spng libwebp libwebpdemux libtiff-4 libmicrohttpd gnutls sqlite3 jansson \
          yaml-0.1 libcurl libsodium cairo fontconfig libqrencode libarchive
LIBS    = $(shell pkg-config --libs $(PKGS)) -lz -lgif -ldnnl -lgomp -pthread -lm
WARN    = -Wall -Wextra -Wshadow -Wvla -Wundef -Wstrict-prototypes \
          -Wmissing-prototypes -Wpointer-arith -Wformat=2
VERSION := $(shell cat VERSION)
ALL_C   = -std=c11 -fPIC -D_GNU_SOURCE -DAY_VERSION='"$(VERSION)"' -Iinclude -Isrc -MMD -MP $(WARN) \
          $(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
PKGS   += libmariadb libpq libssh
ifneq ($(SAN),)
comma  := ,
ALL_C  += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
B       = build/$(subst $(comma),-,$(SAN))
# oneDNN hands primitives from its cache to other threads through std::shared_future; libdnnl is not built
# with ThreadSanitizer, which sees the memory change hands and not the hand-over.  Without the cache its
# reports on plans that are built at once (16 of 20 runs) are gone (0 of 20).
export ONEDNN_PRIMITIVE_CACHE_CAPACITY := $(if $(findstring thread,$(SAN)),0,1024)
else
B       = build/release
endif

SRC     = $(foreach d,$(DIRS),$(wildcard src/$d/*.c src/$d/*.S))
LIBSRC  = $(filter-out src/cmd/%,$(foreach d,$(ALL_DIRS),$(wildcard src/$d/*.c src/$d/*.S)))
TESTS   = $(sort $(filter %_test.c,$(SRC)) $(ALSO:%=src/%_test.c))
OBJ     = $(patsubst src/%,$B/%.o,$(filter-out %_test.c,$(LIBSRC)))
CMDOBJ  = $(patsubst src/%,$B/%.o,$(filter-out %_test.c src/cmd/main.c,$(wildcard src/cmd/*.c)))
TESTBIN = $(patsubst src/%.c,$B/%,$(TESTS))
FUZZBIN = $(patsubst fuzz/%.c,build/fuzz/%,$(wildcard fuzz/*.c))
BENCHBIN = $(patsubst bench/%.c,$B/bench/%,$(wildcard bench/*.c))

all: $B/assay

$B/libassay.a: $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
$B/libcmd.a: $(CMDOBJ)
	@rm -f $@
	$(AR) rcs $@ $^
$B/assay: $B/cmd/main.c.o $B/libcmd.a $B/libassay.a
	$(CC) $(ALL_C) $^ $(LIBS) -o $@
$B/cmd/%_test: $B/cmd/%_test.c.o $B/libcmd.a $B/libassay.a
	$(CC) $(ALL_C) $^ $(LIBS) -o $@
$B/%_test: $B/%_test.c.o $B/libassay.a
	$(CC) $(ALL_C) $^ $(LIBS) -o $@
$B/%.c.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_C) -c $< -o $@
# Vector loops: multiply-adds in one, as oneDNN's kernels; wide vectors never cross a call there.
$B/nn/dnnl/loops_%.c.o: ALL_C += -ffp-contract=fast -Wno-psabi
$B/engine/default.S.o: $(wildcard models/default/*)
$B/web/assets.S.o: src/web/files.def $(wildcard src/web/ui/* src/web/ui/*/* src/web/ui/*/*/*)
$B/http/assets.S.o: $(wildcard src/http/assets/*)
$B/%.S.o: src/%.S
	@mkdir -p $(@D)
	$(CC) -c $< -o $@
$B/bench/%: bench/%.c $B/libassay.a
	@mkdir -p $(@D)
	$(CC) $(ALL_C) $(filter %.c,$^) $B/libassay.a $(LIBS) -o $@
$B/bench/decision: $(wildcard bench/decision/*.[ch])

$B/draw-pictures: tools/draw-pictures.c $B/libassay.a
	$(CC) $(ALL_C) $^ $(LIBS) -o $@

check: $(TESTBIN)
	@tools/run-tests $(TESTBIN)

test: deps
	@$(MAKE) --no-print-directory -s -j"$$(nproc)" all
	@$(MAKE) --no-print-directory lint
	@tools/test-all

run: deps
	@[ -x $B/assay ] || echo "building Assay, which takes a minute or more"
	@$(MAKE) --no-print-directory -s -j"$$(nproc)" all
	@$B/assay demo

deps:
	@tools/deps

# The library once for all fuzz targets, with the same instrumentation as they.
FUZZ_CC = clang $(ALL_C) -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
build/fuzz/obj/%.c.o: src/%.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer-no-link -c $< -o $@
build/fuzz/obj/%.S.o: src/%.S
	@mkdir -p $(@D)
	clang -c $< -o $@
build/fuzz/obj/libassay.a: $(patsubst src/%,build/fuzz/obj/%.o,$(filter-out %_test.c,$(LIBSRC)))
	@rm -f $@
	$(AR) rcs $@ $^
build/fuzz/%: fuzz/%.c build/fuzz/obj/libassay.a
	$(FUZZ_CC) -fsanitize=fuzzer $(filter %.c %.a,$^) $(LIBS) -o $@
fuzz: $(FUZZBIN)
	@for f in $(FUZZBIN); do mkdir -p build/corpus/$${f##*/}; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
	        build/corpus/$${f##*/} fuzz/corpus/$${f##*/} || exit 1; done

bench: $B/assay $(BENCHBIN)
	@bench/run

lint:
	tools/check-layers
	tools/check-length

# The public library: only the names of include/assay.h leave it.
$B/libassay.so.0: $B/libassay.a packaging/libassay.map
	$(CC) $(CFLAGS) -shared -Wl,-soname,libassay.so.0 -Wl,--version-script,packaging/libassay.map \
	    -Wl,--gc-sections $(foreach s,open close embed embed_rgb version dim model_name digest,-Wl,-u,assay_$s) \
	    $B/libassay.a $(LIBS) -o $@

install: all $B/libassay.so.0
	install -Dm755 $B/assay $(DESTDIR)$(PREFIX)/bin/assay
	install -Dm644 include/assay.h $(DESTDIR)$(PREFIX)/include/assay.h
	install -Dm755 $B/libassay.so.0 $(DESTDIR)$(PREFIX)/lib/libassay.so.0
	ln -sf libassay.so.0 $(DESTDIR)$(PREFIX)/lib/libassay.so
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@PKGS@|$(PKGS)|' packaging/assay.pc.in \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/assay.pc
	sed -e 's|@PREFIX@|$(PREFIX)|' packaging/assay.service.in \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/assay.service
clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all check test run deps fuzz bench lint install clean
.SECONDARY:
