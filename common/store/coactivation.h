/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Counts positions at which two columns are both above 0, exactly, in 64-bit
 * integers, for rows [first, first + n_rows) of the n_cols x n_cols matrix.
 *
 * Two ways that give the same counts, chosen for a stretch of positions at a
 * time: pairs of each position's columns (few nonzeros), or a bit set a column
 * and the population count of each two of them (many). */

typedef struct {
  guint n_cols;
  guint first;
  guint n_rows;
  gint64 *counts; /* [n_rows, n_cols]; complete after _finish */

  /*< private >*/
  guint *pairs;   /* [n_cols] columns above 0 at one position, or seen */
  guint64 *words; /* [n_cols] of 64 positions; 0 between */
  guint64 *any;   /* [n_cols] all words of a set in one */
  guint64 *sets;  /* bit sets of one stretch */
  gsize n_sets_allocated;
} ActCoactivation;

/* Positions of a stretch: the bit sets are of 64 words. */
#define ACT_COACTIVATION_STRETCH 4096

void act_coactivation_init (
    ActCoactivation *self, guint n_cols, guint first, guint n_rows);
void act_coactivation_clear (ActCoactivation *self);

/* Adds the positions of a CSR of n_cols columns. */
void act_coactivation_add (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values);

/* Adds about what counting these positions costs: pair by pair, and with the
 * cheaper way of each stretch. */
void act_coactivation_estimate (guint n_cols, gsize n_positions,
    const gint64 *indptr, guint64 *pair_cost, guint64 *least_cost);

/* The same positions given column by column. */
typedef struct {
  gint32 position;
  float value;
} ActCell;

typedef struct {
  const ActCell *cells; /* [n], positions ascending */
  gsize n;
} ActColumn;

void act_coactivation_add_columns (
    ActCoactivation *self, gsize n_positions, const ActColumn *columns);

/* Mirrors what was counted once for both orders. */
void act_coactivation_finish (ActCoactivation *self);

/* Bits set in both a set and each of n_sets others, which are stride words
 * apart; picked at run time. */
typedef void (*ActAndPopcounts) (const guint64 *set, const guint64 *sets,
    gsize n_sets, gsize stride, gsize n_words, guint32 *counts);
ActAndPopcounts act_and_popcounts (void);
/* How many words of that cost as much as a pair of one position, which reads an
 * index and adds to a count that may lie anywhere. Measured; only speed depends
 * on it. */
guint act_and_popcounts_per_pair (void);
