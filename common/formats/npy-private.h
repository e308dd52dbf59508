/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/npy.h"

/* align FALSE: nothing is copied, and data may lie unaligned; for those who
 * read the array's bytes from the file themselves. */
ActNpy *act_npy_open_full (
    const char *filename, gboolean align, GError **error);

/* Where the array's bytes begin in the file. */
guint64 act_npy_get_offset (const ActNpy *npy);
