/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/yaml.h"

#include "acterror.h"

JsonNode *
act_yaml_read_file (const char *filename, gsize max_size, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s' is YAML, which this build cannot read (no libyaml); "
      "gst-activations-import-run makes a model folder of a run",
      filename);
  return NULL;
}
