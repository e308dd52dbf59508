/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* The safetensors format: 8 bytes little-endian header length, a JSON header
 * {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..,
 * "__metadata__": {"key": "value"}}, then the tensors' bytes, without holes or
 * overlap, in any order. The header is at most 100,000,000 bytes. */

typedef struct _ActSafetensors ActSafetensors;

/* Maps the file and checks the whole header. A tensor that does not lie
 * aligned in the file is copied. */
ActSafetensors *act_safetensors_open (const char *filename, GError **error);
/* the same of bytes in memory; name is for messages */
ActSafetensors *act_safetensors_new (
    GBytes *bytes, const char *name, GError **error);
/* Tensors that come from elsewhere, under the same roof: n_tensors with names,
 * shapes and data, which live as long as owner. name is for messages. Takes
 * owner, on failure too. */
ActSafetensors *act_safetensors_new_from_tensors (const char *name,
    const ActTensor *tensors, guint n_tensors, gpointer owner,
    GDestroyNotify free_owner, GError **error);
void act_safetensors_free (ActSafetensors *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActSafetensors, act_safetensors_free)

const char *act_safetensors_get_filename (const ActSafetensors *file);
guint act_safetensors_get_n_tensors (const ActSafetensors *file);
/* in the order of their data */
const ActTensor *act_safetensors_get (const ActSafetensors *file, guint i);
/* NULL if there is none */
const ActTensor *act_safetensors_lookup (
    const ActSafetensors *file, const char *name);
/* one that must be there, with this shape (dimension 0 in shape: any size);
 * the error names file, tensor, what was found and what was expected */
const ActTensor *act_safetensors_require (const ActSafetensors *file,
    const char *name, guint n_dims, const guint64 *shape, GError **error);
const char *act_safetensors_get_metadata (
    const ActSafetensors *file, const char *key);

/* What comes before the tensors' data, for whoever writes these piece by
 * piece; a multiple of 8 bytes. (transfer full) */
GString *act_safetensors_header (const ActTensor *tensors, guint n_tensors,
    const char *const *metadata, GError **error);

/* Writes tensors in the given order (names, dtype, shapes and data are read;
 * sizes are derived). metadata: NULL-terminated key, value, key, value.. or
 * NULL. The file is flushed and synced. */
gboolean act_safetensors_write (const char *filename, const ActTensor *tensors,
    guint n_tensors, const char *const *metadata, GError **error);
