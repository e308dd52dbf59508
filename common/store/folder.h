/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/manifest.h"

/* A store's folder between runs: what it holds, and whether a run may go on
 * in it. */
typedef struct {
  char *path;
  int lock;              /* of the folder, -1: none yet */
  ActManifest *manifest; /* NULL: there is no store yet */
  GArray *batches;       /* ActBatchRange, ascending */
  guint64 n_values;
  GPtrArray *repaired; /* char *: segments that were damaged, and are gone */
} ActStoreFolder;

/* Reads what is there, checks every segment's checksum and contents, and
 * removes what killed runs left. A folder that does not exist, or is empty, is
 * fine. A damaged segment is an error that names it; with repair it is dropped,
 * so that its batches are missing. */
ActStoreFolder *act_store_folder_open (
    const char *path, gboolean repair, GError **error);
void act_store_folder_free (ActStoreFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStoreFolder, act_store_folder_free)

/* A run of this identity (transfer full) begins or goes on: an error that says
 * what differs from what is stored. Makes the folder. */
gboolean act_store_folder_begin (ActStoreFolder *folder, ActIdentity *identity,
    gboolean clusters_stored, guint segment_size, GError **error);
