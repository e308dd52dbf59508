/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/npy.h"

/* align FALSE: nothing is copied, and data may lie unaligned; for those who
 * read the array's bytes from the file themselves. */
ActNpy *act_npy_open_full (
    const char *filename, gboolean align, GError **error);

/* Where the array's bytes begin in the file. */
guint64 act_npy_get_offset (const ActNpy *npy);

/* For arrays that come as a stream: how many bytes of the file make its header,
 * by its first ones. At least as many as those; where they are wrong it does
 * not matter, act_npy_parse_header () says so. */
#define ACT_NPY_START_SIZE 12
gsize act_npy_header_size (const guint8 start[ACT_NPY_START_SIZE]);

/* size: of header and data together. The tensor has neither name nor data. */
gboolean act_npy_parse_header (GBytes *header, const char *name, gsize size,
    ActTensor *tensor, GError **error);
