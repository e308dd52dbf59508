/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

/**
 * GST_ACT_ERROR:
 *
 * Error domain of the library and of the elements' cores.
 */
#define GST_ACT_ERROR (gst_act_error_quark ())

/**
 * GstActError:
 * @GST_ACT_ERROR_FAILED: something else went wrong
 * @GST_ACT_ERROR_FORMAT: a file or a block does not have the form it claims
 * @GST_ACT_ERROR_UNSUPPORTED: of a known form that is not supported
 * @GST_ACT_ERROR_MISMATCH: two inputs disagree (shapes, labels, sizes)
 * @GST_ACT_ERROR_VALUE: a value out of its range, or NaN or infinity
 * @GST_ACT_ERROR_SETTINGS: a property is missing or not valid
 * @GST_ACT_ERROR_OPEN_READ: a file could not be opened or read
 * @GST_ACT_ERROR_OPEN_WRITE: a file could not be created or written
 * @GST_ACT_ERROR_NO_SPACE: the disk, or a size limit, is full
 * @GST_ACT_ERROR_EXISTS: what is to be written exists, and is not replaced
 */
typedef enum {
  GST_ACT_ERROR_FAILED,
  GST_ACT_ERROR_FORMAT,
  GST_ACT_ERROR_UNSUPPORTED,
  GST_ACT_ERROR_MISMATCH,
  GST_ACT_ERROR_VALUE,
  GST_ACT_ERROR_SETTINGS,
  GST_ACT_ERROR_OPEN_READ,
  GST_ACT_ERROR_OPEN_WRITE,
  GST_ACT_ERROR_NO_SPACE,
  GST_ACT_ERROR_EXISTS,
} GstActError;

GST_ACT_API
GQuark gst_act_error_quark (void);

GST_ACT_API
void gst_act_element_post_error (GstElement *element, const GError *error);

G_END_DECLS
