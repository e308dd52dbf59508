/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What a plain scalar of YAML 1.1 means, as PyYAML's safe_load has it: a run's
 * settings were read by that before they were written, and shall mean the same
 * here. So 010 is 8, 1_000 is 1000, 1:30 is 90, yes and off are booleans, but
 * 1e-3 (no point) and 0o17 are text. Differences: dates stay text, and whole
 * numbers beyond 64 bits become real ones.
 *
 * (transfer full); NULL: *problem says what is wrong with it */
JsonNode *act_yaml_scalar_new (const char *text, const char **problem);
