/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/model.h"

/* The forward pass: token ids to component activations.
 *
 * A batch is cut into tiles of whole samples, about ACT_FORWARD_TILE_ROWS
 * positions each whatever the number of threads, and the tiles go to a pool of
 * workers. Matrix products inside a tile run on one thread: OpenBLAS and BLIS
 * are told so for the whole process. Results are the same bits for any number
 * of threads. */

#define ACT_FORWARD_TILE_ROWS 256
#define ACT_FORWARD_MAX_THREADS 1024

typedef struct _ActForward ActForward;

/* Loads the weights that the selected modules need (selected: a byte a module,
 * NULL: all) and checks that they are finite. n_threads 0: one a processor. */
ActForward *act_forward_new (
    ActModel *model, const guint8 *selected, guint n_threads, GError **error);
void act_forward_free (ActForward *forward);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActForward, act_forward_free)

guint act_forward_get_n_threads (const ActForward *forward);
/* processor time of all threads but the caller's, nanoseconds */
guint64 act_forward_get_worker_cpu_ns (const ActForward *forward);
/* "c", "avx2", "avx512" */
const char *act_forward_kernel_name (void);

/* What is called with results, from any of the workers: for one tile always
 * from the same one and in the order of evaluation, for two tiles at the same
 * time. values [n_rows, n], of the module's components first to first + n - 1,
 * are gone when it returns. A module's come in pieces from its first component
 * on, of ACT_HEAD_COLUMNS components but for the last. */
typedef struct {
  gpointer data;
  void (*components) (gpointer data, gsize tile, gsize first_row, gsize n_rows,
      guint module, guint first, guint n, const float *values);
  /* for tests, may be NULL: what a step of the plan was given, before it runs;
   * name as "h.0.mlp.c_fc", "h.1.rms_1". Steps that nothing selected needs
   * are not run. values [n_rows, width], all of a buffer of which the step may
   * read some columns */
  void (*input) (gpointer data, gsize tile, gsize first_row, gsize n_rows,
      const char *name, const float *values, gsize width);
} ActForwardSink;

gsize act_forward_n_tiles (
    const ActForward *forward, gsize n_samples, guint sequence_length);

/* tokens [n_samples, sequence_length]. An error names the position (row) and
 * the token or the component. */
gboolean act_forward_run (ActForward *forward, const gint32 *tokens,
    gsize n_samples, guint sequence_length, const ActForwardSink *sink,
    GError **error);

/* Dense columns: values [n_samples * sequence_length, all components], those
 * of modules that are not selected zero. */
gboolean act_forward_run_dense (ActForward *forward, const gint32 *tokens,
    gsize n_samples, guint sequence_length, float *values, GError **error);

/* CSR in two steps, as the size is known after the first only; what lies
 * between is kept in the forward's own buffers, which are used again. */
gboolean act_forward_run_csr (ActForward *forward, const gint32 *tokens,
    gsize n_samples, guint sequence_length, gsize *n_values, GError **error);
/* indptr [n_samples * sequence_length + 1], indices and values [n_values] of
 * the run just before */
void act_forward_store_csr (
    ActForward *forward, gint64 *indptr, gint32 *indices, float *values);
