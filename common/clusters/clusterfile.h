/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Files that say which components belong to which cluster.
 *
 * clusters.json: {"id": ["module:index", ..], ..}; ids are integers in their
 *   shortest form ("7", not "07"). iteration is just a number that goes into
 *   the clusters' names; -1 stands for 0 here.
 * merge history, a zip: labels.txt (a label a line, n of them),
 *   merge.group_idxs.npy (integers [rows, n]: the group of each component
 *   after each merge), merge.k_groups.npy (integers [rows]: how many groups
 *   there are). iteration is the row, from the end where it is negative. Other
 *   members (selected_pairs.npy, metadata.json) are not read.
 *
 * Which of the two a file is shows in its first bytes. */

typedef struct {
  gint iteration; /* that goes into the names */
  guint n_clusters;
  gint64 *ids;      /* ascending */
  guint *n_members; /* at least 1 */
  /* all members' labels (char *), one cluster's after another's */
  GPtrArray *labels;
} ActClusterFile;

ActClusterFile *act_cluster_file_read (
    const char *filename, gint iteration, GError **error);
void act_cluster_file_free (ActClusterFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActClusterFile, act_cluster_file_free)

/* the two kinds; for act_cluster_file_read () */
gboolean act_cluster_file_read_json (
    ActClusterFile *file, const char *filename, GError **error);
gboolean act_cluster_file_read_merge_history (
    ActClusterFile *file, const char *filename, GError **error);
