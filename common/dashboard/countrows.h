/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/scratch.h"

/* The rows of a square matrix of counts that is mostly 0. They come in order,
 * and wait in files without names as CSR: nobody keeps the matrix. */
typedef struct _ActCountRows ActCountRows;

ActCountRows *act_count_rows_new (const char *folder, guint n, GError **error);
void act_count_rows_free (ActCountRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActCountRows, act_count_rows_free)

/* Row `row` [n], not below those before; rows left out are 0. */
gboolean act_count_rows_add (
    ActCountRows *rows, guint row, const gint64 *counts, GError **error);
/* after the last one that comes */
void act_count_rows_end (ActCountRows *rows);

/* the element of a row in its own column; 0 where no row came */
gint64 act_count_rows_get_own (const ActCountRows *rows, guint row);

/* After the last: what of a row is not 0, columns ascending, until the next
 * call. */
gboolean act_count_rows_read (ActCountRows *rows, guint row,
    const gint32 **columns, const gint64 **counts, gsize *n, GError **error);
/* all of it: indptr [n + 1], indices int32, data int64 */
const gint64 *act_count_rows_get_indptr (const ActCountRows *rows);
ActScratch *act_count_rows_get_indices (const ActCountRows *rows);
ActScratch *act_count_rows_get_data (const ActCountRows *rows);
