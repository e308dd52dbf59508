/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* Token ids of int32, int64, uint32 or uint16, as they come in files. */

gboolean act_tokens_is_dtype (ActDtype dtype);

/* Narrows n ids to int32; src needs no alignment. Returns the index of the
 * first that is below 0 or not below vocab_size (0: 2^31), n if there is
 * none; *bad is that id. */
gsize act_tokens_to_i32 (ActDtype dtype, const void *src, gsize n,
    guint vocab_size, gint32 *dst, gint64 *bad);

/* By which n ids are told from others: the first 8 bytes of the SHA-256 of
 * them, as little-endian int32, read as a big-endian number. */
guint64 act_tokens_digest (const gint32 *tokens, gsize n);

/* The same of a shard's batches, from first_batch on, of a run of so many
 * batches and samples: of these three numbers and of the batches' digests, as
 * big-endian 64-bit numbers. Never 0. */
guint64 act_tokens_digest_shard (guint64 first_batch, guint64 run_batches,
    guint64 run_samples, const guint64 *digests, gsize n);

/* Whether a row of n ids is -1 throughout: no sample. */
gboolean act_tokens_is_padding (ActDtype dtype, const void *src, gsize n);
