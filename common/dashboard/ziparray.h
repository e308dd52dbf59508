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

/* the same of an array in memory */
gboolean act_zip_add_array (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, const void *data,
    GError **error);
/* begins an array whose data the caller appends and ends */
gboolean act_zip_begin_array (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, GError **error);
