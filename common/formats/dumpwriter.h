/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Writes what dump.h reads, and tokens alone or cluster activations beside.
 * The folder appears when it is published, whole or not at all. */

typedef enum {
  ACT_DUMP_FORMAT_NPY,
  ACT_DUMP_FORMAT_SAFETENSORS,
} ActDumpFormat;

typedef struct {
  guint batch_size, sequence_length;
  guint vocab_size;      /* 0: not known */
  const char *tokenizer; /* fingerprints, or NULL */
  const char *model;
  guint n_modules; /* 0: no component activations */
  const char *const *modules;
  const guint *components;
  guint n_components;
  guint n_clusters; /* 0: no cluster activations */
} ActDumpShape;

typedef struct _ActDumpWriter ActDumpWriter;

/* Makes the temporary folder. */
ActDumpWriter *act_dump_writer_new (const char *target, ActDumpFormat format,
    gboolean overwrite, GError **error);
/* removes what was not published */
void act_dump_writer_free (ActDumpWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDumpWriter, act_dump_writer_free)

/* Once, before the first batch. */
gboolean act_dump_writer_set_shape (
    ActDumpWriter *writer, const ActDumpShape *shape, GError **error);

/* tokens [n_samples, n_ctx]; components [n_samples * n_ctx, n_components] and
 * clusters [n_samples * n_ctx, n_clusters], dense, where the shape has them */
gboolean act_dump_writer_add (ActDumpWriter *writer, guint n_samples,
    const gint32 *tokens, const float *components, const float *clusters,
    GError **error);

/* A small file of its own beside the batches, such as vocab.json. */
gboolean act_dump_writer_add_file (ActDumpWriter *writer, const char *name,
    const char *text, gsize size, GError **error);

gboolean act_dump_writer_publish (ActDumpWriter *writer, GError **error);
