/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/coactive.h"
#include "dashboard/rows.h"
#include "dashboard/texts.h"

/* Which clusters fire together with a single component: at how many positions
 * both are above 0, counted exactly. Of each line and each component the
 * positions wait, 4 bytes each; when all have come, a component's are looked
 * for in all lines' at once (jointcounts.h). So in memory is one component's
 * counts, never a matrix of all; what the positions take beyond some megabytes
 * is in files. */
typedef struct _ActCompanions ActCompanions;

typedef struct {
  guint32 line;
  guint32 member;
} ActCompanionName;

/* texts: the caller's; n_top: of either order */
ActCompanions *act_companions_new (
    const char *folder, const ActTexts *texts, guint n_top);
void act_companions_free (ActCompanions *companions);

/* The next line's rows; row_of says which samples they are. All samples are
 * there. */
gboolean act_companions_add_line (ActCompanions *companions,
    const ActRows *rows, const gsize *row_of, GError **error);
/* a member of the line that came last */
gboolean act_companions_add_component (ActCompanions *companions, guint member,
    const ActRows *rows, const gsize *row_of, GError **error);

/* After the last line. Of a run of 2^32 positions or more nothing is known:
 * there are no components then. */
gboolean act_companions_prepare (ActCompanions *companions, GError **error);
guint act_companions_get_n (const ActCompanions *companions);
ActCompanionName act_companions_get_name (
    const ActCompanions *companions, guint i);
/* The i-th component's, other lines than its own, whose numbers they have for
 * clusters. The table is the caller's to clear. */
void act_companions_get (
    ActCompanions *companions, guint i, ActCoactiveTable *table);
