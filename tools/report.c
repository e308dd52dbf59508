/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "report.h"

#include <string.h>
#include <sys/stat.h>

#include <formats/json.h>
#include <formats/output.h>

#include "launch.h"
#include "steptimes.h"
#include "toolerror.h"

static void
add_problem (ActJsonWriter *json, const ActProblem *problem)
{
  act_json_begin_object (json);
  act_json_add_string (json, "element", problem->element);
  act_json_add_string (json, "text", problem->text);
  act_json_add_string (json, "hint", problem->hint);
  act_json_end_object (json);
}

static void
add_versions (ActJsonWriter *json)
{
  g_autofree char *gstreamer = gst_version_string ();
  g_autofree char *glib = g_strdup_printf (
      "%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);

  act_json_key (json, "versions");
  act_json_begin_object (json);
  act_json_add_string (json, PACKAGE, VERSION);
  act_json_add_string (json, "gstreamer", gstreamer);
  act_json_add_string (json, "glib", glib);
  act_json_end_object (json);
}

static void
add_input (ActJsonWriter *json, const ActReportInput *input)
{
  g_autofree char *line = act_launch_shell_line (input->words);
  g_autoptr (GList) names = g_list_sort (
      g_hash_table_get_keys (input->values), (GCompareFunc) g_strcmp0);

  act_json_add_string (json, "description", input->description);
  act_json_key (json, "variables");
  act_json_begin_object (json);
  for (GList *l = names; l != NULL; l = l->next)
    act_json_add_string (
        json, l->data, g_hash_table_lookup (input->values, l->data));
  act_json_end_object (json);
  act_json_add_string (json, "launch", line);
}

static void
add_fields (ActJsonWriter *json, const GstStructure *s)
{
  for (gint i = 0; i < gst_structure_n_fields (s); i++) {
    const char *name = gst_structure_nth_field_name (s, i);
    const GValue *value = gst_structure_get_value (s, name);
    g_autofree char *text = NULL;

    act_json_key (json, name);
    if (G_VALUE_HOLDS_UINT64 (value))
      act_json_uint (json, g_value_get_uint64 (value));
    else if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value))
      act_json_string (json, g_value_get_string (value));
    else if ((text = gst_value_serialize (value)) != NULL)
      act_json_string (json, text);
    else
      act_json_null (json);
  }
}

/* what elements said they did: counts, or where they wrote */
static void
add_notes (ActJsonWriter *json, const ActOutcome *outcome, const char *key,
    gboolean outputs)
{
  act_json_key (json, key);
  act_json_begin_array (json);
  for (guint i = 0; i < outcome->notes->len; i++) {
    const GstStructure *s = g_ptr_array_index (outcome->notes, i);

    if (act_note_is_output (s) != outputs)
      continue;
    act_json_begin_object (json);
    act_json_add_string (
        json, "element", g_ptr_array_index (outcome->note_names, i));
    if (!outputs)
      act_json_add_string (
          json, "kind", gst_structure_get_name (s) + strlen ("act-"));
    add_fields (json, s);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

static void
add_steps (ActJsonWriter *json, const ActOutcome *outcome)
{
  act_json_key (json, "steps");
  act_json_begin_array (json);
  for (guint i = 0; outcome->steps && i < outcome->steps->len; i++) {
    const ActStep *step = &g_array_index (outcome->steps, ActStep, i);

    act_json_begin_object (json);
    act_json_add_string (json, "element", step->element);
    act_json_add_string (json, "factory", step->factory);
    act_json_add_string (json, "plugin", step->plugin);
    act_json_add_uint (json, "buffers", step->n_buffers);
    act_json_add_uint (json, "samples", step->n_samples);
    act_json_add_double (json, "wall_seconds", step->wall_ns / 1e9);
    act_json_add_double (json, "cpu_seconds", step->cpu_ns / 1e9);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

static void
add_settings (ActJsonWriter *json, const ActOutcome *outcome)
{
  act_json_key (json, "settings");
  act_json_begin_array (json);
  for (guint i = 0; i < outcome->settings->len; i++) {
    act_json_begin_object (json);
    add_fields (json, g_ptr_array_index (outcome->settings, i));
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

static void
add_result (ActJsonWriter *json, const ActOutcome *outcome)
{
  g_autoptr (GDateTime) started =
      g_date_time_new_from_unix_utc (outcome->started_us / G_USEC_PER_SEC);
  g_autofree char *date = g_date_time_format_iso8601 (started);

  act_json_add_string (json, "started", date);
  act_json_add_double (json, "seconds", outcome->seconds);
  act_json_add_string (json, "result", act_outcome_get_result_name (outcome));
  act_json_key (json, "exit_code");
  act_json_int (json, act_outcome_get_exit_code (outcome));
  act_json_key (json, "error");
  if (outcome->error)
    add_problem (json, outcome->error);
  else
    act_json_null (json);
  act_json_key (json, "warnings");
  act_json_begin_array (json);
  for (guint i = 0; i < outcome->warnings->len; i++)
    add_problem (json, g_ptr_array_index (outcome->warnings, i));
  act_json_end_array (json);
  act_json_add_uint (json, "samples", outcome->n_samples);
}

/* A file comes under another name first, so that there is never half a report.
 * Devices, pipes and links (/dev/stdout) would be replaced by that: they are
 * written to. */
static gboolean
write_text (const char *filename, const GString *text, GError **error)
{
  g_autoptr (ActOutputFile) file = NULL;
  struct stat st;

  if (lstat (filename, &st) != 0 || S_ISREG (st.st_mode))
    return g_file_set_contents (filename, text->str, text->len, error);
  file = act_output_file_new (filename, error);
  return file != NULL
      && act_output_file_write (file, text->str, text->len, error)
      && act_output_file_close (g_steal_pointer (&file), error);
}

gboolean
act_report_write (const char *filename, const ActReportInput *input,
    const ActOutcome *outcome, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 2);
  g_autoptr (GError) local = NULL;

  act_json_begin_object (json);
  add_result (json, outcome);
  add_notes (json, outcome, "counts", FALSE);
  add_notes (json, outcome, "output", TRUE);
  add_steps (json, outcome);
  add_input (json, input);
  add_settings (json, outcome);
  add_versions (json);
  act_json_end_object (json);
  g_string_append_c (text, '\n');

  if (!write_text (filename, text, &local)) {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "the report could not be written: %s", local->message);
    return FALSE;
  }
  return TRUE;
}
