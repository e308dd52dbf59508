/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "formats/labels.h"
#include "sparse/csrarrays.h"

/* A dump: a folder with the tokens and the component activations of a run, a
 * file a batch. Three forms, told apart by what is there:
 *
 * .npy: labels.txt; tokens.npy int32 [n_batches, batch, n_ctx], where trailing
 * rows of -1 in a batch are no samples; activations_NNN.npy float32 or
 * float16 [samples * n_ctx, labels]. Numbers without gaps, batch after batch.
 *
 * .safetensors: a file a batch, in the order of the numbers in their names;
 * "tokens" [batch, n_ctx] and for each module a tensor [batch, n_ctx, C] of
 * F32, F16 or BF16. labels.txt, or "labels" in __metadata__ (the text of a
 * labels.txt), or "modules" there (a JSON list of names; all components of
 * each), says which column is which.
 *
 * sparse latents, see latents.h: .safetensors files with "locations". They have
 * no batches; batch_size samples make one.
 *
 * Beside them may be vocab.json or tokenizer.json, and dump.json. */

typedef struct _ActDump ActDump;

/* batch_size: of a form that has no batches */
ActDump *act_dump_open (const char *folder, guint batch_size, GError **error);
void act_dump_free (ActDump *dump);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDump, act_dump_free)

gboolean act_dump_is_latents (const ActDump *dump);
const ActLabels *act_dump_get_labels (const ActDump *dump);
guint act_dump_get_batch_size (const ActDump *dump); /* the largest batch */
guint act_dump_get_sequence_length (const ActDump *dump);
guint act_dump_get_vocab_size (const ActDump *dump);      /* 0: not known */
const char *act_dump_get_tokenizer (const ActDump *dump); /* or NULL */
const char *act_dump_get_model (const ActDump *dump);     /* or NULL */
/* file with the token strings, or NULL */
const char *act_dump_get_vocabulary (const ActDump *dump);

guint act_dump_get_n_batches (const ActDump *dump);
guint64 act_dump_get_n_samples (const ActDump *dump);
/* of one batch; *first: index of its first sample in the run */
guint act_dump_get_batch (const ActDump *dump, guint batch, guint64 *first);

/* tokens [n_samples, n_ctx]; ids are checked against vocab_size if not 0 */
gboolean act_dump_read_tokens (ActDump *dump, guint batch, guint vocab_size,
    gint32 *tokens, GError **error);
/* dense [n_samples * n_ctx, n_components], every element written, -0.0 as
 * 0.0; NaN and infinity are errors */
gboolean act_dump_read_activations (
    ActDump *dump, guint batch, float *dense, GError **error);

/* The same as CSR; where labels are all columns in order and values float32,
 * the files are read once, and in place. */
gboolean act_dump_read_csr (
    ActDump *dump, guint batch, ActCsrArrays *csr, GError **error);

/* Whether CSR is the better layout for the activations of a batch, by some of
 * its rows. FALSE where they cannot be read. */
gboolean act_dump_is_sparse (ActDump *dump, guint batch);
