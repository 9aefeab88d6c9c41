/* SPDX-License-Identifier: Apache-2.0 */
/* A plug-in of the next major ABI. Loading it would end the process, so the host must not. */
#include <stdlib.h>

__attribute__((constructor)) static void loaded(void) {
  abort();
}
__attribute__((visibility("default"))) int weft_plugin_v1(void) {
  return 0;
}
