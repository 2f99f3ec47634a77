# hotline: `make` builds, `make demo` shows, `make check` proves, `make lint` keeps the house in order.
# One Makefile for the whole tree (non-recursive). Layers, lowest first; each is an archive that its tests link
# together with the archives below it and nothing else.
LAYERS := base keys proto daemon client

B        ?= build
CC       ?= gcc
AR       ?= ar
CFLAGS   ?= -O2 -g
PKG      := libsodium libprotobuf-c sqlite3 libconfuse libuv
CPPFLAGS += -I. -isystem $(B)/gen -D_GNU_SOURCE $(shell pkg-config --cflags $(PKG) 2>/dev/null)
WARN     := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef \
            -Wcast-qual -Wcast-align -Wpointer-arith -Wwrite-strings -Wformat=2 -Wvla \
            -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion \
            -Werror=implicit-function-declaration -Werror=incompatible-pointer-types
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE -fno-common -fno-strict-aliasing \
            -D_FORTIFY_SOURCE=2
ifeq ($(shell uname -m),x86_64)
HARDEN   += -fcf-protection
endif
LINK     := -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed
ifeq ($(SAN),1)
override B := $(B)-san
export HOTLINE_SEEDS ?= 60 # of the thousand: under ASan each is ten times as slow
HARDEN   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fno-common
LINK     := -fsanitize=address,undefined
endif
# clang looks into protobuf-c's initialisers, which cast const away; gcc keeps watch over our own casts.
ifneq (,$(findstring clang,$(CC)))
WARN     += -Wno-cast-qual
endif
ifeq ($(WERROR),1)
WARN     += -Werror
endif
ifneq ($(V),1)
Q := @
endif

SODIUM_MIN := 1.0.22
deps_ok := $(shell pkg-config --exists 'libsodium >= $(SODIUM_MIN)' libprotobuf-c sqlite3 libconfuse libuv cmocka jansson \
           2>/dev/null && command -v protoc-c >/dev/null && echo yes)

# --- sources -------------------------------------------------------------------------------------
PROTOS   := trust notice receipt envelope wire
GEN_C    := $(PROTOS:%=$(B)/gen/%.pb-c.c)
GEN_H    := $(PROTOS:%=$(B)/gen/%.pb-c.h)
GEN_O    := $(PROTOS:%=$(B)/gen/%.pb-c.o)
mains    := daemon/main.c client/main.c keys/main.c
sources   = $(filter-out $(mains),$(wildcard $1/*.c $1/*/*.c))
# hotline-keys' commands live in keys/ but are no library
keys_cmds := $(wildcard keys/cmd_*.c)
objs      = $(patsubst %.c,$(B)/%.o,$(filter-out $(keys_cmds),$(call sources,$1)))
lib       = $(B)/lib$1.a

LIBS_base   := -lsodium -lprotobuf-c -lconfuse
LIBS_keys   := -lsodium -lprotobuf-c -lconfuse
LIBS_proto  := $(LIBS_keys) -luv
LIBS_daemon := $(LIBS_proto) -lsqlite3 -lpthread
LIBS_client := $(LIBS_proto) -lsqlite3
below_base   := $(B)/libbase.a
below_keys   := $(B)/libkeys.a $(B)/libgen.a $(below_base)
below_proto  := $(B)/libproto.a $(below_keys)
below_daemon := $(B)/libdaemon.a $(below_proto)
below_client := $(B)/libclient.a $(below_proto)
below_all    := $(B)/libclient.a $(B)/libdaemon.a $(below_proto)

PROGS := $(if $(wildcard daemon/main.c),$(B)/hotlined) $(if $(wildcard client/main.c),$(B)/hotline) \
         $(if $(wildcard keys/main.c),$(B)/hotline-keys)

TESTS := $(patsubst %.c,$(B)/%,$(foreach l,$(LAYERS) stories,$(wildcard tests/$l/test_*.c)))
FUZZ  := $(notdir $(basename $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY:= $(FUZZ:%=$(B)/tests/fuzz/%-replay)
BENCH := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))

.PHONY: all deps check lint demo bench-quick clean fuzz-short tests stories
all: deps $(PROGS) $(foreach l,$(LAYERS),$(call lib,$l))

# What is missing is installed once, so that `make demo` and `make check` are the only commands a newcomer needs.
deps:
ifneq ($(deps_ok),yes)
	@echo "  DEPS  tools/install-deps (once)"
	@if [ "$$(id -u)" = 0 ]; then tools/install-deps; else sudo tools/install-deps; fi
	@$(MAKE) --no-print-directory deps-ready
endif
.PHONY: deps-ready
deps-ready:
	@pkg-config --exists 'libsodium >= $(SODIUM_MIN)' || { echo "make: libsodium >= $(SODIUM_MIN) is missing; run tools/install-deps" >&2; exit 1; }

# --- generated code: an archive of its own between base and keys ------------------------------------
# Imports of a .proto are all in this folder, so every generated file depends on all of them.
$(B)/gen/.stamp: $(PROTOS:%=proto/%.proto) | deps
	@echo "  GEN   $(PROTOS:%=%.pb-c.c)"
	$(Q)mkdir -p $(B)/gen && protoc-c --proto_path=proto --c_out=$(B)/gen $(PROTOS:%=proto/%.proto) && touch $@
$(GEN_C) $(GEN_H): $(B)/gen/.stamp ;
$(GEN_O): %.o: %.c
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) -std=c11 -Wall $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/libgen.a: $(GEN_O)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# --- programs -------------------------------------------------------------------------------------
$(B)/hotlined: $(B)/daemon/main.o $(below_daemon)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_daemon)
$(B)/hotline: $(B)/client/main.o $(below_client)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_client)
$(B)/hotline-keys: $(B)/keys/main.o $(keys_cmds:%.c=$(B)/%.o) $(below_keys)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_keys)

# --- layers and their tests -------------------------------------------------------------------------
SUPPORT := $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
$(B)/libsupport.a: $(SUPPORT)
	@echo "  AR    $@"
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^

define layer_rules
$(call lib,$1): $(call objs,$1)
	@echo "  AR    $$@"
	$(Q)mkdir -p $$(@D) && rm -f $$@ && $(AR) rcs $$@ $$^
$(B)/tests/$1/test_%: $(B)/tests/$1/test_%.o $(B)/libsupport.a $(below_$1)
	@echo "  LD    $$@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $$@ $$^ $(LIBS_$1) -lcmocka -ljansson $$(LDLIBS_$$*)
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rules,$l)))
# A command of hotline-keys is in no library: its test links it by name.
$(B)/tests/keys/test_cmd_fingerprint: $(B)/keys/cmd_fingerprint.o
LDLIBS_cmd_fingerprint := $(below_keys) $(LIBS_keys)
LIBS_all := $(LIBS_daemon)
$(B)/tests/stories/test_%: $(B)/tests/stories/test_%.o $(B)/libsupport.a $(below_all)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_all) -lcmocka -ljansson
# The C side of tests/interop; not among TESTS, for tests/interop/run needs Node beside it.
$(B)/tests/interop/peer: $(B)/tests/interop/peer.o $(B)/tests/interop/peer_handshake.o $(B)/libsupport.a $(below_all)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_all) -ljansson
$(B)/bench/%: $(B)/bench/%.o $(B)/libsupport.a $(below_all)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_all) -ljansson

$(B)/%.o: %.c $(B)/gen/.stamp
	@echo "  CC    $<"
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<

# Each fuzz target twice: -replay runs the corpus in `make check`; the libFuzzer build needs clang.
$(B)/tests/fuzz/%-replay: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/libsupport.a $(below_all)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS_all) -ljansson
fuzz-short:
	@tests/fuzz/run-short

tests: all $(TESTS) $(REPLAY)
check: tests
	@B=$(B) tests/run $(TESTS) $(REPLAY)

demo: all
	@B=$(B) DEMO_PORT=$(DEMO_PORT) tools/demo
bench-quick: all $(BENCH)
	@B=$(B) bench/quick

# --- lint -------------------------------------------------------------------------------------------
in_layers = $(foreach l,$(LAYERS),$(wildcard $l/*.$1 $l/*/*.$1))
lint: $(B)/gen/.stamp
	@tests/lint/layers $(LAYERS)
	@B=$(B) tests/lint/headers $(call in_layers,h)
	@tests/lint/banned $(call in_layers,[ch])
	@tests/lint/refs $(call in_layers,[ch]) $(wildcard tests/*/*.[ch])
	@awk -v max=60 -f tests/lint/funclen.awk $(call in_layers,c)
	@clang-format --dry-run -Werror $(call in_layers,[ch]) $(wildcard tests/*/*.[ch] bench/*.[ch])
	@tests/lint/tidy "$(CPPFLAGS)" $(call in_layers,c)
	@echo "lint: clean"

clean:
	rm -rf build build-san

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.SECONDARY:
