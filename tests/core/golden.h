/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* The golden cases of tests/data/golden, read by the tests alone: a small
 * reader of its own, so that a fault in the product's readers shows. */

typedef struct {
  gsize n_rows;
  gsize n_cols;
  gpointer data; /* float or int32 */
} GoldenArray;

typedef struct {
  char *folder;
  guint n_batches;
  guint n_ctx;
  guint n_components;
  guint n_clusters;
  guint *batch_sizes;
  gint32 **tokens;         /* [n_batches] -> [batch_size, n_ctx] */
  GoldenArray *components; /* [n_batches], dead columns zeroed */
  guint8 **alive;          /* [n_batches] -> [n_components] */
  GoldenArray *clusters;   /* [n_batches] */
  char ***hashes;          /* [n_batches] -> [batch_size] text hashes */
  char **labels;
  char **names; /* [n_clusters] run-iteration-id */
  guint *n_members;
  guint *members;
} GoldenCase;

GoldenCase *golden_case_new (const char *name);
void golden_case_free (GoldenCase *golden);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GoldenCase, golden_case_free)

/* names of all cases, NULL-terminated */
const char *const *golden_cases (void);

GoldenArray golden_array_read (const GoldenCase *golden, const char *file);
JsonNode *golden_json_read (const GoldenCase *golden, const char *file);
guint golden_find_label (const GoldenCase *golden, const char *label);
