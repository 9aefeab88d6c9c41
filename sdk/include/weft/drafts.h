/* SPDX-License-Identifier: Apache-2.0 */
/* What the next minor version of the ABI will hold. The header of a released version does not
 * change, so these stand beside abi.h until then. A host that has a draft answers
 * core->get_extension() for its name; another answers null, and a plug-in must then do without or
 * refuse with a sentence. */

#ifndef WEFT_DRAFTS_H
#define WEFT_DRAFTS_H

#include <weft/abi.h>

/* weft_parameter.init: gain `a` times a matrix [first size, product of the others] whose rows, or
 * columns where those are fewer, are orthonormal. The extension has no table, only an address. */
#define WEFT_DRAFT_ORTHOGONAL "weft.draft.orthogonal/1"
#define WEFT_INIT_ORTHOGONAL 6u

#endif /* WEFT_DRAFTS_H */
