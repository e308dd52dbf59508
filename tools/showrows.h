/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The first rows of many, by an order, with no more in memory than twice as
 * many as are wanted. */
typedef struct _ActShowRows ActShowRows;

/* compare: as for qsort (), of the rows themselves; must not be 0 */
ActShowRows *act_show_rows_new (
    guint limit, GCompareFunc compare, GDestroyNotify row_free);
void act_show_rows_free (ActShowRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShowRows, act_show_rows_free)

/* (transfer full) */
void act_show_rows_add (ActShowRows *rows, gpointer row);
/* (transfer none): the first ones, in order */
const GPtrArray *act_show_rows_get (ActShowRows *rows);
/* of all that were added */
guint64 act_show_rows_get_n_added (const ActShowRows *rows);
