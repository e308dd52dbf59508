/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "screen.h"

/* Lines of cells, as wide as what is in them; the last column has what the
 * screen leaves, and is cut there. Wide characters count twice. */
typedef struct _ActTextTable ActTextTable;

typedef struct {
  const char *name;
  gboolean right; /* where the cells stand */
} ActTextColumn;

/* columns must outlive the table */
ActTextTable *act_text_table_new (const ActTextColumn *columns, guint n);
void act_text_table_free (ActTextTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTextTable, act_text_table_free)

/* (transfer full): the next cell, row by row */
void act_text_table_add (ActTextTable *table, char *cell);
void act_text_table_append (const ActTextTable *table, const ActScreen *screen,
    const char *indent, GString *out);
