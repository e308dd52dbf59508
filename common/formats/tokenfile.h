/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* A file of token ids, of which any range of samples can be read; never more
 * of it is in memory. Four forms:
 *   .npy          uint16, uint32, int32 or int64 of [samples, n_ctx], or of
 *                 [batches, batch, n_ctx], where the last rows may be -1 and
 *                 are no samples
 *   .safetensors  the same, in a tensor
 *   .jsonl        JSON Lines, see tokenlines.h
 *   raw           ids one after another, little-endian
 * A list of ids with one dimension is cut like a raw file. */

typedef struct _ActTokenFile ActTokenFile;

/* tensor: its name in a .safetensors file; field: in JSON Lines; raw_dtype: of
 * a raw file; n_ctx: 0 where the file's shape says it, else it must agree. */
ActTokenFile *act_token_file_open (const char *filename, const char *tensor,
    const char *field, ActDtype raw_dtype, guint n_ctx, GError **error);
void act_token_file_free (ActTokenFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenFile, act_token_file_free)

guint act_token_file_get_n_ctx (const ActTokenFile *file);
guint64 act_token_file_get_n_samples (const ActTokenFile *file);

/* tokens [n_samples, n_ctx]; an id that is not below vocab_size is an error
 * that names sample and position. */
gboolean act_token_file_read (ActTokenFile *file, guint64 first_sample,
    guint n_samples, guint vocab_size, gint32 *tokens, GError **error);
