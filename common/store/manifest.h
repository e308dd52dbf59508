/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/identity.h"
#include "store/segmentfile.h"

/* manifest.json of a store's folder: whose activations they are, which
 * segments hold them, and whether that is all. */
typedef struct {
  ActIdentity *identity;
  gboolean clusters_stored; /* else they are derived from the components */
  guint segment_size;       /* batches */
  guint shard_index;        /* what of the run is here */
  guint shard_count;        /* 0: not known yet */

  /* known when all of it came */
  gboolean complete;
  guint64 n_samples;
  guint64 first_batch;
  guint64 run_batches; /* of all shards */
  guint64 run_samples;

  GArray *segments; /* ActSegmentFile, by batch */
  guint n_logged;   /* of them, that are in the log and not yet in the file */
  gboolean has_log; /* there is one, whatever is in it */
  /* the folder's, what has to be held; or NULL */
  const ActLeaseFile *lease;
} ActManifest;

#define ACT_MANIFEST_NAME "manifest.json"
/* Segments that came since the manifest was written, a line each: to write all
 * of it for each one would take ever longer. */
#define ACT_SEGMENT_LOG_NAME "segments.jsonl"

/* takes over identity */
ActManifest *act_manifest_new (ActIdentity *identity);
void act_manifest_free (ActManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActManifest, act_manifest_free)

/* Takes over *file; an error if its batches are there already. */
gboolean act_manifest_add (
    ActManifest *manifest, ActSegmentFile *file, GError **error);

ActManifest *act_manifest_read (const char *folder, GError **error);
/* Whole or not at all, in place of the one before and of the log; not at all
 * without the lease. */
gboolean act_manifest_write (
    ActManifest *manifest, const char *folder, GError **error);
/* Adds segments (takes over what is in files) and puts that down: in the
 * manifest, or in the log as long as that is much shorter. */
gboolean act_manifest_commit (ActManifest *manifest, ActSegmentFile *files,
    guint n, const char *folder, GError **error);
