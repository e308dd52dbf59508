/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/npy.h"

#include <json-glib/json-glib.h>

/* The golden data's dashboards: reading what a case holds and comparing a
 * folder with it. Anything wrong aborts. */

char *golden_path (const char *folder, const char *name);
JsonNode *golden_read_json (const char *folder, const char *name);
ActNpy *golden_read_npy (const char *folder, const char *name);
ActNpy *golden_read_member (
    const char *folder, const char *zip, const char *member);

/* "max_activation-max,mean_activation-min" of a case's params.json */
char *golden_criteria (JsonObject *params);

/* output against CASE/expected: text files byte for byte, arrays bit for bit
 * but for the sign of a zero */
void golden_compare (const char *folder, const char *output);

/* removes an output folder, which must hold n files and folders */
void golden_remove (const char *folder, guint n);
