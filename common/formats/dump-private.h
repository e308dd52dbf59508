/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/dump.h"
#include "formats/npy.h"
#include "formats/safetensors.h"

typedef struct {
  char *filename; /* of the activations */
  guint n_samples;
  guint64 first; /* index of the first sample in the run */
} ActDumpBatch;

struct _ActDump {
  char *folder;
  ActLabels *labels;
  GArray *batches; /* of ActDumpBatch */
  guint64 n_samples;
  guint batch_size, sequence_length;
  guint vocab_size;
  char *vocabulary;
  char *tokenizer, *model;

  struct _ActLatents *latents; /* the form of sparse latents */
  ActNpy *tokens;              /* .npy form */
  ActSafetensors *file;        /* .safetensors form: the one read last */
  guint file_batch;
};

/* Names in the folder that match, in the order of the numbers in them. */
GPtrArray *act_dump_list (
    const char *folder, const char *prefix, const char *suffix, GError **error);

/* Counts the samples of a batch of tokens [n_rows, n_ctx]: rows of -1 may
 * only come last. where names the batch in errors. */
gboolean act_dump_count_samples (const ActTensor *tokens, gsize first_row,
    gsize n_rows, const char *where, guint *n_samples, GError **error);

/* Takes filename, appends a batch. */
void act_dump_add_batch (ActDump *dump, char *filename, guint n_samples);

struct _ActDumpRows;

gboolean act_dump_open_npy (ActDump *dump, GError **error);
gboolean act_dump_read_tokens_npy (ActDump *dump, guint batch, guint vocab_size,
    gint32 *tokens, GError **error);
/* adds the pieces of a batch; see dumprows.h */
gboolean act_dump_map_npy (
    ActDump *dump, guint batch, struct _ActDumpRows *rows, GError **error);

gboolean act_dump_open_safetensors (
    ActDump *dump, GPtrArray *names, GError **error);
gboolean act_dump_read_tokens_safetensors (ActDump *dump, guint batch,
    guint vocab_size, gint32 *tokens, GError **error);
gboolean act_dump_map_safetensors (
    ActDump *dump, guint batch, struct _ActDumpRows *rows, GError **error);

gboolean act_dump_has_latents (const char *folder, const GPtrArray *names);
gboolean act_dump_open_latents (
    ActDump *dump, const GPtrArray *names, guint batch_size, GError **error);
gboolean act_dump_read_tokens_latents (ActDump *dump, guint batch,
    guint vocab_size, gint32 *tokens, GError **error);
gboolean act_dump_read_csr_latents (
    ActDump *dump, guint batch, ActCsrArrays *csr, GError **error);
gboolean act_dump_read_dense_latents (
    ActDump *dump, guint batch, float *dense, GError **error);

gboolean act_dump_convert_tokens (const ActDump *dump, guint batch,
    const ActTensor *tensor, gsize first_row, guint vocab_size, gint32 *tokens,
    GError **error);
