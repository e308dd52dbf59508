/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The cores' errors: the public library's domain GST_ACT_ERROR without
 * GStreamer's headers. gstacterror.c asserts that the two agree. */
#define ACT_ERROR (g_quark_from_static_string ("gst-act-error-quark"))

typedef enum {
  ACT_ERROR_FAILED,
  ACT_ERROR_FORMAT,
  ACT_ERROR_UNSUPPORTED,
  ACT_ERROR_MISMATCH,
  ACT_ERROR_VALUE,
  ACT_ERROR_SETTINGS,
  ACT_ERROR_OPEN_READ,
  ACT_ERROR_OPEN_WRITE,
  ACT_ERROR_NO_SPACE,
  ACT_ERROR_EXISTS,
} ActError;
