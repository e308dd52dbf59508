/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/safetensors.h"

/* align FALSE: nothing is copied, and data may lie unaligned; for those who
 * read the tensor's bytes from the file themselves. */
ActSafetensors *act_safetensors_open_full (
    const char *filename, gboolean align, GError **error);

/* Where the bytes of one of the file's tensors begin in it. */
guint64 act_safetensors_get_offset (
    const ActSafetensors *file, const ActTensor *tensor);
