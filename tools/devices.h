/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "command.h"

/* run --devices: a description that ends in a store, as one process a device,
 * each with a shard of the run; then one store of theirs. */

/* list: "0,1": a device may come more than once; values: as for the
 * description, "store" among them. Gives the exit code. */
int act_devices_run (const char *list, const char *description,
    GHashTable *values, const ActCommandOptions *options);
