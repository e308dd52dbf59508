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
  guint64 *seen;  /* a bit a column */
  gint32 *set_of; /* [n_cols] which bit set is a column's */
  guint64 *sets;  /* bit sets of one stretch */
  guint32 *row;   /* [n_cols] of one bit set with others */
  gsize *used;    /* [n_cols] cells of a column that are in sets already */
  gsize n_sets_allocated;
} ActCoactivation;

/* Positions of a stretch: bit sets of 64 words stay in the first cache. */
#define ACT_COACTIVATION_STRETCH 4096

void act_coactivation_init (
    ActCoactivation *self, guint n_cols, guint first, guint n_rows);
void act_coactivation_clear (ActCoactivation *self);

/* Adds the positions of a CSR of n_cols columns. */
void act_coactivation_add (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values);

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

/* Both, for whoever has both: rows for pairs, columns for bit sets. */
void act_coactivation_add_both (ActCoactivation *self, gsize n_positions,
    const gint64 *indptr, const gint32 *indices, const float *values,
    const ActColumn *columns);

/* Mirrors what was counted once for both orders. */
void act_coactivation_finish (ActCoactivation *self);

/* Bits set in both a set and each of n_sets others, which are stride words
 * apart; picked at run time. */
typedef void (*ActAndPopcounts) (const guint64 *set, const guint64 *sets,
    gsize n_sets, gsize stride, gsize n_words, guint32 *counts);
ActAndPopcounts act_and_popcounts (void);
