/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sparse/cluster.h"
#include "store/manifest.h"

/* A storage that puts batches into segments, which a thread of its own writes:
 * into the folder of a store, or, without one, into a file without a name once
 * what is held passes max_memory. Memory holds at most about that much. */

typedef struct {
  ActStoreShape shape;
  guint
      segment_size; /* batches: a segment ends where the index is a multiple */
  gsize max_memory; /* bytes; a segment may end early for its sake */
  /* a store's folder and its manifest (transfer full), whose segments are
   * there from the start; or NULL, both */
  const char *folder;
  ActManifest *manifest;

  /* how clusters come from components; partition NULL: they are stored too */
  ActClusterReduction reduction;
  const gint32 *cluster_of; /* [n_components] */

  /* a batch waits for the writer: asked now and then whether to give up */
  gboolean (*cancelled) (gpointer user_data);
  gpointer user_data;
} ActSegmentStorageSettings;

ActBatchStorage *act_segment_storage_new (
    const ActSegmentStorageSettings *settings);

/* Wakes a waiting append, which asks whether it is cancelled. Any thread. */
void act_segment_storage_wake (ActBatchStorage *storage);

/* The manifest, once settled; NULL without a folder. */
ActManifest *act_segment_storage_get_manifest (ActBatchStorage *storage);

/* bytes held in memory for batches at the most, so far */
gsize act_segment_storage_get_peak (ActBatchStorage *storage);
