/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/modelinfo.h"

#include "formats/json.h"

#include "config.h"

static void
write_modules (ActJsonWriter *json, const ActDashboardRun *run)
{
  guint64 n_components = 0;

  act_json_key (json, "modules");
  act_json_begin_array (json);
  for (guint i = 0; i < run->n_modules; i++) {
    act_json_begin_object (json);
    act_json_add_string (json, "module", run->modules[i]);
    act_json_add_uint (json, "n_components", run->components[i]);
    act_json_end_object (json);
    n_components += run->components[i];
  }
  act_json_end_array (json);
  act_json_add_uint (json, "n_components", n_components);
}

static void
write_clustering (ActJsonWriter *json, const ActDashboardRun *run,
    const ActModelCounts *counts)
{
  act_json_key (json, "clustering");
  act_json_begin_object (json);
  act_json_add_string (json, "run", run->run);
  act_json_key (json, "iteration");
  act_json_int (json, run->iteration);
  act_json_add_string (json, "assignment", run->assignment);
  act_json_add_string (json, "reduction", run->reduction);
  act_json_add_uint (json, "n_clusters", run->n_clusters);
  act_json_add_uint (json, "n_clusters_written", counts->n_clusters_written);
  act_json_end_object (json);
}

static void
write_facts (ActJsonWriter *json, const ActFactsSettings *facts)
{
  act_json_key (json, "facts");
  if (!facts->enabled) {
    act_json_null (json);
    return;
  }
  act_json_begin_object (json);
  act_json_add_uint (json, "n_random", facts->n_random);
  act_json_add_uint (json, "seed", facts->seed);
  act_json_add_uint (json, "n_coactivating", facts->n_coactivating);
  act_json_add_uint (json, "min_token_count", facts->min_token_count);
  act_json_end_object (json);
}

static void
write_settings (ActJsonWriter *json, const ActDashboardSettings *settings,
    const ActCriteria *criteria)
{
  act_json_key (json, "settings");
  act_json_begin_object (json);
  act_json_add_uint (json, "n_samples", settings->n_samples);
  act_json_key (json, "criteria");
  act_json_begin_array (json);
  for (guint i = 0; i < criteria->n; i++)
    act_json_string (json, criteria->items[i].key);
  act_json_end_array (json);
  act_json_add_uint (json, "hist_bins", settings->hist_bins);
  act_json_add_double (
      json, "activation_threshold", settings->activation_threshold);
  act_json_add_uint (json, "top_n_tokens", settings->top_n_tokens);
  act_json_add_string (
      json, "texts", settings->referenced_texts ? "referenced" : "all");
  write_facts (json, &settings->facts);
  act_json_end_object (json);
}

gboolean
act_model_info_write (const char *filename, const ActDashboardRun *run,
    const ActDashboardSettings *settings, const ActCriteria *criteria,
    const ActModelCounts *counts, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 2);
  g_autoptr (ActOutputFile) file = NULL;

  act_json_begin_object (json);
  act_json_add_string (json, "generator", PACKAGE " " VERSION);
  if (run->incomplete != NULL)
    act_json_add_string (json, "incomplete", run->incomplete);
  act_json_add_string (json, "model", run->model);
  act_json_add_string (json, "tokenizer", run->tokenizer);
  act_json_add_uint (json, "vocab_size", run->vocab_size);
  act_json_add_uint (json, "sequence_length", run->n_ctx);
  act_json_add_uint (json, "n_samples", counts->n_samples);
  act_json_add_uint (json, "n_positions", counts->n_samples * run->n_ctx);
  act_json_add_uint (json, "n_texts", counts->n_texts);
  act_json_add_uint (
      json, "n_texts_with_several_token_lists", counts->n_ambiguous);
  act_json_add_uint (json, "n_texts_with_longer_hashes", counts->n_collisions);
  act_json_add_uint (json, "n_activations", counts->n_examples);
  write_modules (json, run);
  write_clustering (json, run, counts);
  write_settings (json, settings, criteria);
  act_json_end_object (json);
  g_string_append_c (text, '\n');

  file = act_output_file_new (filename, error);
  return file != NULL
      && act_output_file_write (file, text->str, text->len, error)
      && act_output_file_close (g_steal_pointer (&file), error);
}
