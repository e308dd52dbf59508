/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/clusterline.h"

#include "formats/json.h"
#include "formats/jsonnumber.h"

/* "module:index", without printf: see jsonnumber.c */
static void
set_label (GString *label, const char *module, guint index)
{
  char digits[ACT_UINT_DIGITS];

  g_string_assign (label, module);
  g_string_append_c (label, ':');
  g_string_append_len (label, digits, act_uint_to_digits (index, digits));
}

static void
write_members (ActJsonWriter *json, const ActDashboardRun *run,
    const ActDashboardCluster *cluster)
{
  g_autoptr (GString) label = g_string_new (NULL);

  act_json_key (json, "components");
  act_json_begin_array (json);
  for (guint i = 0; i < cluster->n_members; i++) {
    guint module = 0, index = cluster->members[i];

    for (; index >= run->components[module]; module++)
      index -= run->components[module];
    set_label (label, run->modules[module], index);
    act_json_begin_object (json);
    act_json_add_string (json, "module", run->modules[module]);
    act_json_add_uint (json, "index", index);
    act_json_key (json, "label");
    act_json_string_len (json, label->str, label->len);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

static void
write_samples (ActJsonWriter *json, const ActStatistics *statistics,
    const ActCriteria *criteria, const ActTexts *texts, const gsize *row_of)
{
  char hash[ACT_TEXT_HASH_SIZE];

  act_json_key (json, "criterion_samples");
  act_json_begin_object (json);
  for (guint c = 0; c < criteria->n; c++) {
    act_json_key (json, criteria->items[c].key);
    act_json_begin_array (json);
    for (gsize i = 0; i < statistics->n_top; i++) {
      gsize row = row_of[statistics->top[c][i]];

      act_texts_get_hash (texts, act_texts_get_text (texts, row), hash);
      act_json_string (json, hash);
    }
    act_json_end_array (json);
  }
  act_json_end_object (json);
}

static void
write_histogram (
    ActJsonWriter *json, const char *key, const ActHistogram *histogram)
{
  act_json_key (json, key);
  act_json_begin_object (json);
  act_json_key (json, "bin_edges");
  act_json_begin_array (json);
  for (guint i = 0; i <= histogram->n_bins; i++)
    act_json_double (json, histogram->edges[i]);
  act_json_end_array (json);
  act_json_key (json, "bin_counts");
  act_json_begin_array (json);
  for (guint i = 0; i < histogram->n_bins; i++)
    act_json_uint (json, histogram->counts[i]);
  act_json_end_array (json);
  act_json_end_object (json);
}

static void
write_tokens (ActJsonWriter *json, const ActTokenStatistics *tokens,
    const ActStrings *strings, double threshold, guint top_n)
{
  const char *string;
  gsize length;

  act_json_key (json, "token_activations");
  act_json_begin_object (json);
  act_json_key (json, "top_tokens");
  act_json_begin_array (json);
  for (guint i = 0; i < MIN (top_n, tokens->n_unique); i++) {
    string = act_strings_get (strings, tokens->ranking[i].string, &length);
    act_json_begin_object (json);
    act_json_key (json, "token");
    act_json_string_len (json, string, length);
    act_json_add_uint (json, "count", tokens->ranking[i].count);
    act_json_end_object (json);
  }
  act_json_end_array (json);
  act_json_add_uint (json, "total_unique_tokens", tokens->n_unique);
  act_json_add_uint (json, "total_activations", tokens->n_counted);
  act_json_add_double (json, "entropy", tokens->entropy);
  act_json_add_double (
      json, "concentration_ratio", tokens->concentration_ratio);
  act_json_add_double (json, "activation_threshold", threshold);
  act_json_end_object (json);
}

void
act_cluster_line_write (GString *out, const ActDashboardRun *run,
    const ActDashboardCluster *cluster, const ActStatistics *statistics,
    const ActStatisticsSettings *settings, guint top_n_tokens,
    const ActTexts *texts, const gsize *row_of)
{
  g_autoptr (ActJsonWriter) json = act_json_writer_new (out, 0);
  const ActCriteria *criteria = settings->criteria;

  act_json_begin_object (json);
  act_json_add_string (json, "cluster_hash", cluster->name);
  write_members (json, run, cluster);
  write_samples (json, statistics, criteria, texts, row_of);
  act_json_key (json, "stats");
  act_json_begin_object (json);
  for (guint c = 0; c < criteria->n; c++)
    write_histogram (json, criteria->items[c].key, &statistics->criteria[c]);
  write_histogram (json, "all_activations", &statistics->all);
  act_json_add_uint (json, "n_samples", statistics->n_samples);
  act_json_add_uint (json, "n_tokens", statistics->n_tokens);
  act_json_key (json, "mean_activation");
  act_json_float (json, statistics->mean);
  act_json_key (json, "min_activation");
  act_json_float (json, statistics->min);
  act_json_key (json, "max_activation");
  act_json_float (json, statistics->max);
  act_json_key (json, "median_activation");
  act_json_float (json, statistics->median);
  write_histogram (json, "max_activation_position", &statistics->position);
  write_tokens (json, &statistics->tokens, act_texts_get_strings (texts),
      settings->activation_threshold, top_n_tokens);
  act_json_end_object (json);
  act_json_end_object (json);
  g_string_append_c (out, '\n');
}
