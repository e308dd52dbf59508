/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/scratch.h"
#include "formats/tensor.h"
#include "formats/zip.h"

/* Arrays of an .npz. */

/* "name.npy" in the zip: the header and what is in the scratch file, which
 * must be as much as the shape says. So data wait there whose number is not
 * known before the last. Ends with FALSE and G_IO_ERROR_CANCELLED when
 * *cancelled is set meanwhile. */
gboolean act_zip_add_scratch (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, ActScratch *scratch,
    const gint *cancelled, GError **error);

/* The data of an array that was begun, appended in pieces of one size, however
 * they come: what deflate makes of them does not depend on that then. */
typedef struct _ActZipPieces ActZipPieces;

ActZipPieces *act_zip_pieces_new (ActZipWriter *zip, const gint *cancelled);
void act_zip_pieces_free (ActZipPieces *pieces);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActZipPieces, act_zip_pieces_free)

gboolean act_zip_pieces_append (
    ActZipPieces *pieces, const void *data, gsize size, GError **error);
/* what is left, after the last */
gboolean act_zip_pieces_flush (ActZipPieces *pieces, GError **error);

/* the same of an array in memory */
gboolean act_zip_add_array (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, const void *data,
    GError **error);
/* begins an array whose data the caller appends and ends */
gboolean act_zip_begin_array (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, GError **error);
