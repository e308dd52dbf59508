/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <store/storeset.h>

/* What is where a merge is to write. */

/* what to do about an output that is damaged */
#define ACT_MERGE_OUTPUT_REMEDY                                                \
  "the same merge with --repair makes it again from the stores"

/* *done: it is the merge of these already, as far as can be told without
 * reading it; with repair by reading it, and what is no manifest is removed, so
 * that all is made again. An error: a complete store of something else, or
 * damage that is not to be repaired. */
gboolean act_merge_output_check (const char *output, const ActStoreSet *set,
    gboolean repair, gboolean *done, GError **error);
