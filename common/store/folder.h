/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/manifest.h"

/* A store's folder between runs: what it holds, and whether a run may go on
 * in it. */
typedef struct {
  char *path;
  gboolean repair;
  ActLeaseFile *lease;   /* to be held, or NULL */
  int lock;              /* of the folder, -1: none yet */
  ActManifest *manifest; /* NULL: there is no store yet */

  /* once they were checked */
  gboolean checked;
  GArray *batches; /* ActBatchRange, ascending */
  GArray *digests; /* guint64, of the tokens of each */
  guint64 n_values;
  GPtrArray *damaged; /* char *: segments that go when the run begins */

  GHashTable *known; /* name -> what it was when it was checked last */
} ActStoreFolder;

/* Reads what is said of what is there. A folder that does not exist, or is
 * empty, is fine. Nothing in it is changed until a run begins. */
ActStoreFolder *act_store_folder_open (
    const char *path, gboolean repair, GError **error);
void act_store_folder_free (ActStoreFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStoreFolder, act_store_folder_free)

/* The same again, after a run that began in it. Segments that were checked and
 * did not change since are not read again. */
gboolean act_store_folder_reload (ActStoreFolder *folder, GError **error);

/* Whether a stream with these tokens may go on here, of which the identity says
 * tokenizer and sizes: an error that says what differs. */
gboolean act_store_folder_check_tokens (
    const ActStoreFolder *folder, const ActIdentity *tokens, GError **error);

/* Checks every segment's checksum and contents, once: that takes as long as
 * reading them. A damaged segment is an error that names it; with repair its
 * batches are missing. */
gboolean act_store_folder_check (ActStoreFolder *folder,
    ActStoreCancelled cancelled, gpointer user_data, GError **error);

/* A run of this identity (transfer full) begins or goes on: an error that says
 * what differs from what is stored. Makes the folder; removes segments that are
 * damaged and what killed runs left. After the check. */
gboolean act_store_folder_begin (ActStoreFolder *folder, ActIdentity *identity,
    gboolean clusters_stored, guint segment_size, GError **error);
