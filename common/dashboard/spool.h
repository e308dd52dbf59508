/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"
#include "formats/zip.h"

/* Data that have to wait in a file until their size is known: the data of an
 * array whose shape comes first in an .npy. The file has no name, so nothing
 * of it can be left behind. */
typedef struct _ActSpool ActSpool;

ActSpool *act_spool_new (const char *folder, GError **error);
void act_spool_free (ActSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActSpool, act_spool_free)

gboolean act_spool_append (
    ActSpool *spool, const void *data, gsize size, GError **error);

/* Reads again what was spooled. */
gboolean act_spool_read (
    ActSpool *spool, guint64 offset, void *data, gsize size, GError **error);

/* "name.npy" in the zip: the header and what was spooled, which must be as
 * much as the shape says. Ends with FALSE and G_IO_ERROR_CANCELLED when
 * *cancelled is set meanwhile. */
gboolean act_spool_to_zip (ActSpool *spool, ActZipWriter *zip,
    const char *member, ActDtype dtype, guint n_dims, const guint64 *shape,
    const gint *cancelled, GError **error);

/* the same of an array in memory */
gboolean act_zip_add_array (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, const void *data,
    GError **error);
/* begins an array whose data the caller appends and ends */
gboolean act_zip_begin_array (ActZipWriter *zip, const char *member,
    ActDtype dtype, guint n_dims, const guint64 *shape, GError **error);
