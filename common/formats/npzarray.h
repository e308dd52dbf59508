/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* An array of an .npz, of which parts are read in ascending order. What lies
 * before and between them is unpacked, for there is no other way, but not kept;
 * what lies behind them is not even unpacked. */
typedef struct _ActNpzArray ActNpzArray;

/* name: without .npy. The element type and the number of dimensions must be
 * those. */
ActNpzArray *act_npz_array_open (const char *filename, const char *name,
    ActDtype dtype, guint n_dims, GError **error);
/* whatever these are */
ActNpzArray *act_npz_array_open_any (
    const char *filename, const char *name, GError **error);
void act_npz_array_free (ActNpzArray *array);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActNpzArray, act_npz_array_free)

/* without data */
const ActTensor *act_npz_array_get (const ActNpzArray *array);
/* n elements from the one at offset on, which must not be before the end of
 * what was read before; beyond the array's end is an error */
gboolean act_npz_array_read (
    ActNpzArray *array, guint64 offset, gsize n, void *data, GError **error);
