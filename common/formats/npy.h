/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* NumPy's .npy, versions 1.0 to 3.0, little-endian, C order. */

typedef struct _ActNpy ActNpy;

/* Maps a file and checks its header against its size. */
ActNpy *act_npy_open (const char *filename, GError **error);
/* The same of bytes in memory (a member of a zip); name is for messages. */
ActNpy *act_npy_new_from_bytes (
    GBytes *bytes, const char *name, GError **error);
void act_npy_free (ActNpy *npy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActNpy, act_npy_free)

const ActTensor *act_npy_get (const ActNpy *npy);

/* The header of version 1.0 for a shape, padded to a multiple of 64 bytes as
 * NumPy does; (transfer full) */
GBytes *act_npy_header (ActDtype dtype, guint n_dims, const guint64 *shape);

/* A whole file: header and data, flushed and synced. */
gboolean act_npy_write (
    const char *filename, const ActTensor *tensor, GError **error);
