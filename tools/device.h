/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where a run computes: --device cpu, cuda or auto. */

/* Whether a CUDA device can be used; FALSE: *reason (transfer full) says why
 * not. name (transfer full): what the device is called. id -1: the first. */
gboolean act_device_probe (int id, char **name, char **reason);
