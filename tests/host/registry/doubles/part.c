/* SPDX-License-Identifier: Apache-2.0 */
/* A small good plug-in. Each definition spoils one thing; CMakeLists.txt says which double has
 * which. */
#include <string.h>
#include <weft/abi.h>

#ifndef DOUBLE_ID
#define DOUBLE_ID "fusion.good"
#endif
#ifndef DOUBLE_VENDOR
#define DOUBLE_VENDOR "weft"
#endif
#ifndef DOUBLE_KIND
#define DOUBLE_KIND WEFT_KIND_FUSION
#endif
#ifndef DOUBLE_VERSION
#define DOUBLE_VERSION "1.0.0"
#endif
#ifndef DOUBLE_PLUGIN_VERSION
#define DOUBLE_PLUGIN_VERSION "3.1.4"
#endif
#ifndef DOUBLE_SCHEMA
#define DOUBLE_SCHEMA "{\"type\": \"object\"}"
#endif
#ifndef DOUBLE_CREATE
#define DOUBLE_CREATE create
#endif
#ifndef DOUBLE_MAJOR
#define DOUBLE_MAJOR WEFT_ABI_MAJOR
#endif
#ifndef DOUBLE_MINOR
#define DOUBLE_MINOR 9
#endif
#ifndef DOUBLE_COUNT
#define DOUBLE_COUNT 1
#endif
#ifndef DOUBLE_COMPONENT_SIZE
#define DOUBLE_COMPONENT_SIZE sizeof(described_component)
#endif
#ifndef DOUBLE_PLUGIN_SIZE
#define DOUBLE_PLUGIN_SIZE sizeof(described_plugin)
#endif
#ifndef DOUBLE_DESCRIPTOR
#define DOUBLE_DESCRIPTOR &plugin.known
#endif
#ifndef DOUBLE_INIT_STATUS
#define DOUBLE_INIT_STATUS WEFT_OK
#endif

/* A plug-in of a later minor writes longer structs, whose tail this host must not look at. */
#ifdef DOUBLE_BIGGER
#define DOUBLE_TAIL uint8_t tail[64];
#define DOUBLE_TAIL_VALUE  \
  , {                      \
    0xa5, 0xa5, 0xa5, 0xa5 \
  }
#else
#define DOUBLE_TAIL
#define DOUBLE_TAIL_VALUE
#endif

typedef struct {
  weft_component known;
  DOUBLE_TAIL
} described_component;
typedef struct {
  weft_plugin known;
  DOUBLE_TAIL
} described_plugin;

static const weft_host* host;

static weft_status create(weft_context context, const char* config, uint64_t len, void** self) {
  const weft_port port = {sizeof port, WEFT_PORT_OUTPUT, 0, WEFT_DTYPES_FLOAT, "out", "[B]", "",
                          NULL};
  (void)config, (void)len;
  *self = NULL;
  return host->core->declare_port(context, &port);
}

static void destroy(void* self) {
  (void)self;
}

static weft_status call(void* self, const weft_call* tensors) {
  (void)self, (void)tensors;
  return WEFT_OK;
}

static const described_component component = {
    {DOUBLE_COMPONENT_SIZE, DOUBLE_KIND, DOUBLE_ID, DOUBLE_VERSION, "A double.", DOUBLE_SCHEMA, 1,
     0, DOUBLE_CREATE, destroy, NULL, call, NULL, NULL} DOUBLE_TAIL_VALUE};

static const weft_component* const components[] = {&component.known, &component.known};

#ifdef DOUBLE_OPERATION
static weft_op slot;
static const weft_operation operation = {sizeof operation, 0,    NULL, DOUBLE_OPERATION,
                                         "Tensor",         NULL, &slot};
#define DOUBLE_OPERATIONS &operation
#else
#define DOUBLE_OPERATIONS NULL
#endif

static void say(const char* line) {
  host->core->log(WEFT_LOG_INFO, line, strlen(line));
}

static weft_status init(const weft_host* offered) {
  host = offered;
#ifdef DOUBLE_OPERATION
  say(slot == NULL ? "slot empty" : "slot filled");
#endif
  say("init");
  if (DOUBLE_INIT_STATUS != WEFT_OK)
    host->core->error_set(DOUBLE_INIT_STATUS, "no licence key", 14);
  return DOUBLE_INIT_STATUS;
}

static void deinit(void) {
  say("deinit");
}

#ifdef DOUBLE_UNDEFINED
extern int nobody_defines_this(void);
int use_of_undefined(void) {
  return nobody_defines_this();
}
#endif

#ifndef DOUBLE_NO_NOTE
WEFT_MANIFEST_NOTE
#endif

static const described_plugin plugin = {
    {DOUBLE_PLUGIN_SIZE, DOUBLE_MAJOR, DOUBLE_MINOR, DOUBLE_COUNT, components, DOUBLE_OPERATIONS,
     DOUBLE_PLUGIN_VERSION, DOUBLE_VENDOR, "Apache-2.0", init, deinit} DOUBLE_TAIL_VALUE};

WEFT_EXPORT weft_status WEFT_ENTRY(const weft_host* offered, const weft_plugin** out) {
  (void)offered, (void)&plugin, (void)create;
  *out = DOUBLE_DESCRIPTOR;
  return WEFT_OK;
}
