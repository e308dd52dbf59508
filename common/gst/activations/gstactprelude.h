/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* marks what the library exports; everything else is hidden */
#if defined(BUILDING_GST_ACT)
#define GST_ACT_API __attribute__ ((visibility ("default"))) extern
#else
#define GST_ACT_API extern
#endif
