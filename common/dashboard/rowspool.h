/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/rows.h"
#include "formats/scratch.h"
#include "formats/tensor.h"
#include "formats/zip.h"

/* Rows of n_ctx activations, mostly 0, that wait in a file without a name, as
 * what they hold, until they are written out as one array. */
typedef struct _ActRowSpool ActRowSpool;

ActRowSpool *act_row_spool_new (
    const char *folder, guint n_ctx, GError **error);
void act_row_spool_free (ActRowSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActRowSpool, act_row_spool_free)

gboolean act_row_spool_add (
    ActRowSpool *spool, const ActRows *rows, gsize row, GError **error);

/* "member.npy" of the zip: [rows, n_ctx] of ACT_DTYPE_F32 or ACT_DTYPE_F16,
 * once. Ends with FALSE and G_IO_ERROR_CANCELLED when *cancelled is set
 * meanwhile. */
gboolean act_row_spool_write (ActRowSpool *spool, ActZipWriter *zip,
    const char *member, ActDtype dtype, const gint *cancelled, GError **error);
