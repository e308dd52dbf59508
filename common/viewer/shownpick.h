/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/rows.h"
#include "viewer/dictionary.h"

/* Which of the listed samples of a cluster, or of a component, the page shows:
 * all, unless their tokens and values were too much JSON. Then it is of each
 * list the first half, or quarter, and so on, down to one; and none, if not
 * even that may be. */
typedef struct {
  const ActTexts *texts;
  ActDictionary dictionary;
  gsize longest; /* string */
  /* what was picked */
  GArray *rows;         /* gsize, ascending */
  GArray *samples;      /* guint64, of the run, by row */
  GArray *n_listed;     /* gsize, by list */
  gsize size;           /* about how much JSON */
  gsize size_of_tokens; /* of it, without the values */
} ActShownPick;

/* texts: the caller's */
void act_shown_pick_init (ActShownPick *pick, const ActTexts *texts);
void act_shown_pick_clear (ActShownPick *pick);

/* lists [n_lists][n_listed[i]]: of the rows, the best first; row_of: which
 * samples the rows are. All samples are there. */
void act_shown_pick (ActShownPick *pick, const gsize *const *lists,
    const gsize *n_listed, guint n_lists, const ActRows *rows,
    const gsize *row_of);
