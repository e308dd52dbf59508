/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactcomponents.h>

/* The batch is unmapped: whoever kept a reference gets no more rows. */
void gst_act_components_detach (GstActComponents *components);
