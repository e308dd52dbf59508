/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/lease.h"
#include "store/segment.h"

/* A segment in a store's folder, as the manifest lists it. */
typedef struct {
  char *file; /* name in the folder */
  guint64 first_batch;
  guint64 n_batches;
  guint64 first_sample;
  guint64 n_samples;
  guint64 n_values;
  guint64 size; /* bytes */
  char sha256[65];
} ActSegmentFile;

void act_segment_file_clear (ActSegmentFile *file);

/* Writing segment-NNNNNN.safetensors, NNNNNN the first batch, in two steps, so
 * that the disk can be waited for while the next one is written. The first puts
 * all of it into a file of a temporary name, and is done with the batches; the
 * second syncs and renames, and fills in *file, but leaves the folder to be
 * synced, once for however many were renamed. What is not published goes when
 * the output is freed. */
typedef struct _ActSegmentOutput ActSegmentOutput;

ActSegmentOutput *act_segment_output_new (const char *folder,
    const ActStoreShape *shape, const ActStoredBatch *const *batches,
    gsize n_batches, gboolean with_clusters, GError **error);
/* Takes over output in any case. lease: what has to be held for it,
 * or NULL. */
gboolean act_segment_output_publish (ActSegmentOutput *output,
    const ActLeaseFile *lease, ActSegmentFile *file, GError **error);
void act_segment_output_free (ActSegmentOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActSegmentOutput, act_segment_output_free)

/* Maps and checks one; its batches must be those that the manifest says. */
ActSegment *act_segment_file_open (const char *folder,
    const ActSegmentFile *file, const ActStoreShape *shape,
    gboolean with_clusters, GError **error);

/* asked now and then whether to give up */
typedef gboolean (*ActStoreCancelled) (gpointer user_data);

/* Whether size and checksum are the manifest's. cancelled, unless it is NULL,
 * ends it with G_IO_ERROR_CANCELLED. */
gboolean act_segment_file_verify (const char *folder,
    const ActSegmentFile *file, ActStoreCancelled cancelled, gpointer user_data,
    GError **error);

/* What a file of that name in a store's folder is: a segment or their log; or
 * what is there before there is a manifest. */
gboolean act_store_is_segment (const char *name);
gboolean act_store_is_early (const char *name);

#define ACT_STORE_CLUSTERS_NAME "clusters.json"
#define ACT_STORE_VOCABULARY_NAME "vocabulary.json"

/* Removes what killed runs left: temporary files, and segments that are not
 * among the n given. */
void act_segment_files_sweep (
    const char *folder, const ActSegmentFile *files, guint n);
