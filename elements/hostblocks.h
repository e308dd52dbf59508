/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A batch's blocks for whoever keeps them: (transfer full) the buffer, or a
 * copy that shares its memories, without the blocks in dropped (bit 1 << block
 * each). What is a device's, or of another kind that is scarce, is copied to
 * plain memory; mapping it downloads it. NULL: it could not be mapped. */
GstBuffer *act_host_blocks (GstBuffer *buffer, guint dropped, GError **error);
