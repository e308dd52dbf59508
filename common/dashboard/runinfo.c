/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/runinfo.h"

#include "formats/json.h"
#include "formats/output.h"

#include "config.h"

static void
write_name (ActJsonWriter *json, const char *key, const char *filename)
{
  act_json_key (json, key);
  if (filename != NULL) {
    g_autofree char *name = g_filename_display_name (filename);
    act_json_string (json, name);
  } else {
    act_json_null (json);
  }
}

gboolean
act_run_info_write (
    const char *filename, const ActRunInfo *info, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 2);
  g_autofree char *date = g_date_time_format (info->date, "%Y-%m-%dT%H:%M:%SZ");
  g_autoptr (ActOutputFile) file = NULL;

  act_json_begin_object (json);
  act_json_add_string (json, "generator", PACKAGE " " VERSION);
  act_json_add_string (json, "engine", info->engine);
  act_json_add_string (json, "date", date);
  write_name (json, "host", g_get_host_name ());
  write_name (json, "title", info->title);
  write_name (json, "location", info->location);
  write_name (json, "vocabulary", info->vocabulary);
  act_json_key (json, "seconds");
  act_json_begin_object (json);
  act_json_add_double (json, "waiting", info->waiting_seconds);
  act_json_add_double (json, "samples", info->samples_seconds);
  act_json_add_double (json, "clusters", info->clusters_seconds);
  act_json_add_double (json, "finish", info->finish_seconds);
  act_json_end_object (json);
  act_json_end_object (json);
  g_string_append_c (text, '\n');

  file = act_output_file_new (filename, error);
  return file != NULL
      && act_output_file_write (file, text->str, text->len, error)
      && act_output_file_close (g_steal_pointer (&file), error);
}
