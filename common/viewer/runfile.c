/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/runfile.h"

#include "dashboard/layers.h"
#include "formats/file.h"
#include "formats/json.h"
#include "viewer/datafile.h"

#define VERSION_OF_FORMAT 2

static void
write_modules (ActJsonWriter *json, const ActDashboardRun *run)
{
  act_json_key (json, "modules");
  act_json_begin_array (json);
  for (guint i = 0; i < run->n_modules; i++)
    act_json_string (json, run->modules[i]);
  act_json_end_array (json);
  act_json_key (json, "components");
  act_json_begin_array (json);
  for (guint i = 0; i < run->n_modules; i++)
    act_json_uint (json, run->components[i]);
  act_json_end_array (json);
}

static void
write_criteria (ActJsonWriter *json, const ActCriteria *criteria)
{
  act_json_key (json, "criteria");
  act_json_begin_array (json);
  for (guint i = 0; i < criteria->n; i++)
    act_json_string (json, criteria->items[i].key);
  act_json_end_array (json);
}

static void
write_files (
    ActJsonWriter *json, const char *key, const guint32 *firsts, guint n)
{
  act_json_key (json, key);
  act_json_begin_array (json);
  for (guint i = 0; i < n; i++)
    act_json_uint (json, firsts[i]);
  act_json_end_array (json);
}

/* line and member that each file begins with, or null */
static void
write_member_files (
    ActJsonWriter *json, const char *key, const guint32 *firsts, guint n)
{
  act_json_key (json, key);
  if (n == 0) {
    act_json_null (json);
    return;
  }
  act_json_begin_array (json);
  for (guint i = 0; i < n; i++) {
    act_json_begin_array (json);
    act_json_uint (json, firsts[2 * i]);
    act_json_uint (json, firsts[2 * i + 1]);
    act_json_end_array (json);
  }
  act_json_end_array (json);
}

static void
write_layer (ActJsonWriter *json, gint64 layer, double mass)
{
  act_json_begin_array (json);
  if (layer >= 0)
    act_json_int (json, layer);
  else
    act_json_null (json);
  act_json_double (json, mass);
  act_json_end_array (json);
}

/* in the order in which the modules first name them */
static void
write_layers (
    ActJsonWriter *json, const ActDashboardRun *run, const double *masses)
{
  g_autofree gint64 *layers = g_new (gint64, (gsize) run->n_modules + 1);

  for (guint i = 0; i < run->n_modules; i++)
    layers[i] = act_module_layer (run->modules[i]);
  act_json_key (json, "layers");
  act_json_begin_array (json);
  for (guint i = 0; i < run->n_modules; i++) {
    guint before = 0;
    double mass = 0;

    while (before < i && layers[before] != layers[i])
      before++;
    if (before < i)
      continue;
    for (guint k = i; k < run->n_modules; k++)
      mass += layers[k] == layers[i] ? masses[k] : 0.0;
    write_layer (json, layers[i], mass);
  }
  act_json_end_array (json);
}

static void
write_masses (
    ActJsonWriter *json, const ActDashboardRun *run, const ActRunFile *file)
{
  act_json_key (json, "mass");
  if (!file->has_masses) {
    act_json_null (json);
    return;
  }
  act_json_begin_object (json);
  act_json_key (json, "modules");
  act_json_begin_array (json);
  for (guint i = 0; i < run->n_modules; i++)
    act_json_double (json, file->masses[i]);
  act_json_end_array (json);
  write_layers (json, run, file->masses);
  act_json_end_object (json);
}

static void
write_counts (ActJsonWriter *json, const ActRunFile *file,
    const ActDashboardRun *run, const ActCriteria *criteria)
{
  act_json_add_uint (json, "n_lines", file->n_lines);
  act_json_add_uint (json, "n_samples", file->n_samples);
  act_json_add_uint (json, "n_ctx", run->n_ctx);
  write_modules (json, run);
  act_json_add_uint (json, "vocab_size", file->n_strings);
  act_json_add_string (json, "vocabulary_kind", file->vocabulary_kind);
  write_criteria (json, criteria);
  act_json_add_uint (json, "index_parts", file->n_index_parts);
  act_json_add_uint (json, "vocabulary_parts", file->n_vocabulary_parts);
  write_files (json, "texts_files", file->texts_files, file->n_texts_files);
  act_json_add_uint (json, "n_texts", file->n_texts);
  write_files (json, "search_files", file->search_files, file->n_search_files);
  write_member_files (
      json, "component_files", file->component_files, file->n_component_files);
  write_member_files (
      json, "companion_files", file->companion_files, file->n_companion_files);
  write_masses (json, run, file);
}

gboolean
act_run_file_write (const char *folder, const ActRunFile *file,
    const ActDashboardRun *run, const ActCriteria *criteria,
    const char *model_info, GError **error)
{
  g_autoptr (GString) text = g_string_new ("{\"version\": ");
  g_autoptr (GString) rest = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (rest, 0);
  g_autoptr (GBytes) info = act_file_map (model_info, error);

  if (info == NULL)
    return FALSE;
  g_string_append_printf (text, "%d, \"model_info\": ", VERSION_OF_FORMAT);
  g_string_append_len (
      text, g_bytes_get_data (info, NULL), g_bytes_get_size (info));
  act_json_begin_object (json);
  write_counts (json, file, run, criteria);
  act_json_end_object (json);
  /* one object: a comma for the second one's bracket */
  rest->str[0] = ',';
  g_string_append_len (text, rest->str, rest->len);
  return act_data_file_write (folder, "run", text->str, text->len, error);
}
