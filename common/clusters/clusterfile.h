/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

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
 * cluster map, {"clusters": {"module:index": id, ..}, ..}: the same the other
 *   way round; null is a cluster of its own, these follow the largest id in the
 *   order of the file. "iteration" in it goes into the names if iteration is
 *   -1.
 * ensemble, a folder with ensemble_merge_array.npz, or that file: "merges",
 *   integers [runs, iterations, components], with ensemble_meta.json beside it,
 *   whose "component_labels" say what the components are. Groups need not be
 *   numbered without gaps.
 * "singletons": no file; each component is a cluster, its column the id.
 *
 * Zip and JSON show in a file's first bytes, an .npz by its name. */

#define ACT_CLUSTERS_SINGLETONS "singletons"

typedef struct {
  gint iteration; /* that goes into the names */
  guint n_clusters;
  gint64 *ids;      /* ascending */
  guint *n_members; /* at least 1 */
  /* all members' labels (char *), one cluster's after another's */
  GPtrArray *labels;
  gboolean singletons; /* then all of these are empty */
} ActClusterFile;

/* ensemble_run: of an ensemble, -1 if it has one alone */
ActClusterFile *act_cluster_file_read (
    const char *filename, gint iteration, gint ensemble_run, GError **error);
void act_cluster_file_free (ActClusterFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActClusterFile, act_cluster_file_free)

/* Fills an empty file with clusters: label i is in cluster ids[i]. */
void act_cluster_file_group (ActClusterFile *file, guint n_labels,
    const char *const *labels, const gint64 *ids);

/* the kinds; for act_cluster_file_read () */
gboolean act_cluster_file_read_map (ActClusterFile *file, const char *filename,
    JsonObject *root, GError **error);
gboolean act_cluster_file_read_ensemble (ActClusterFile *file,
    const char *filename, gint ensemble_run, GError **error);
gboolean act_cluster_file_read_json (
    ActClusterFile *file, const char *filename, GError **error);
gboolean act_cluster_file_read_merge_history (
    ActClusterFile *file, const char *filename, GError **error);
