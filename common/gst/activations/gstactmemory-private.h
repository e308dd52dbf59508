/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactmemory.h>

/* While somebody holds it, memory that becomes free is kept for the next
 * batch, a bounded amount; what is kept goes with the last who releases. */
void gst_act_memory_hold (void);
void gst_act_memory_release (void);
