/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/safetensors.h"
#include "sparse/csrarrays.h"

/* A cache of sparse latents, as tools for sparse autoencoders write it: the
 * activations that are not 0, and where they are.
 *
 *   locations    integers [n, 3]: sample, position, latent
 *   activations  F32, F16 or BF16 [n]
 *   tokens       integers [samples, n_ctx]; in one of the files at least, and
 *                the same in all that have them
 *
 * Entries may be in any order. A file named FIRST_LAST.safetensors holds the
 * latents FIRST to LAST, counted from FIRST on; in others they count from 0. */

typedef struct _ActLatents ActLatents;

/* whether a file has such tensors */
gboolean act_latents_is (const char *filename);

/* names: of the files in folder. Reads where the entries lie, and checks every
 * one of them. */
ActLatents *act_latents_open (
    const char *folder, const GPtrArray *names, GError **error);
void act_latents_free (ActLatents *latents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActLatents, act_latents_free)

const ActTensor *act_latents_get_tokens (const ActLatents *latents);
guint act_latents_get_n_latents (const ActLatents *latents);

/* A row for each position of the samples, zeros left out. Twice the same
 * place, NaN and infinity are errors that name it. */
gboolean act_latents_read_csr (const ActLatents *latents, guint64 first_sample,
    guint n_samples, ActCsrArrays *csr, GError **error);
