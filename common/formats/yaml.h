/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* A YAML file as JSON: one document of mappings, lists and scalars. Plain
 * scalars are what YAML 1.1 says (yamlscalar.h); what is quoted is a string.
 * Tags, aliases, keys twice and anything nested more than 64 deep are refused.
 * Without libyaml every file is. */

/* (transfer full) */
JsonNode *act_yaml_read_file (
    const char *filename, gsize max_size, GError **error);
