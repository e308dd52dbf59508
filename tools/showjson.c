/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "showjson.h"

#include "showtext.h"

void
act_show_json_string (
    ActJsonWriter *json, const char *key, const GString *string)
{
  act_json_key (json, key);
  act_json_string_len (json, string->str, string->len);
}

void
act_show_json_rate (ActJsonWriter *json, const char *key, double rate)
{
  act_json_key (json, key);
  if (rate < 0)
    act_json_null (json);
  else
    act_json_double (json, rate);
}

void
act_show_json_token (
    ActJsonWriter *json, ActTokenKind kind, const GString *token)
{
  g_autoptr (GString) text = act_show_token_text (kind, token);

  act_show_json_string (json, "token", token);
  act_show_json_string (json, "text", text);
}

void
act_show_json_folder (ActJsonWriter *json, const ActShownDashboard *dashboard)
{
  /* a path may be no UTF-8 */
  g_autofree char *name = g_filename_display_name (dashboard->folder);

  act_json_add_string (json, "dashboard", name);
}

static void
begin_list (ActJsonWriter *json, const char *key)
{
  act_json_key (json, key);
  act_json_begin_array (json);
}

static void
add_strings (ActJsonWriter *json, const char *key, const GPtrArray *strings)
{
  begin_list (json, key);
  for (guint i = 0; i < strings->len; i++) {
    const GString *string = strings->pdata[i];

    act_json_string_len (json, string->str, string->len);
  }
  act_json_end_array (json);
}

static void
add_histogram (ActJsonWriter *json, const ActShownCluster *cluster)
{
  act_json_key (json, "histogram");
  act_json_begin_object (json);
  begin_list (json, "bin_edges");
  for (guint i = 0; i < cluster->bin_edges->len; i++)
    act_json_double (json, g_array_index (cluster->bin_edges, double, i));
  act_json_end_array (json);
  begin_list (json, "bin_counts");
  for (guint i = 0; i < cluster->bin_counts->len; i++)
    act_json_uint (json, g_array_index (cluster->bin_counts, guint64, i));
  act_json_end_array (json);
  act_json_end_object (json);
}

static void
add_modules (ActJsonWriter *json, const ActShownCluster *cluster)
{
  begin_list (json, "modules");
  for (guint i = 0; i < cluster->modules->len; i++) {
    const ActShownModule *module = cluster->modules->pdata[i];

    act_json_begin_object (json);
    act_show_json_string (json, "module", module->module);
    act_json_add_uint (json, "n_components", module->n_components);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

void
act_show_json_cluster (ActJsonWriter *json, const ActShownDashboard *dashboard,
    const ActShownCluster *cluster)
{
  act_json_add_uint (json, "line", cluster->line);
  act_show_json_string (json, "cluster_hash", cluster->name);
  add_strings (json, "components", cluster->labels);
  add_modules (json, cluster);
  act_json_add_uint (json, "n_active_positions", cluster->n_active);
  act_show_json_rate (
      json, "position_rate", act_shown_dashboard_get_rate (dashboard, cluster));
  act_json_add_uint (json, "n_samples", cluster->n_samples);
  act_json_add_double (json, "max_activation", cluster->max);
  act_json_add_double (json, "mean_activation", cluster->mean);
  act_json_add_double (json, "min_activation", cluster->min);
  act_json_add_double (json, "median_activation", cluster->median);
  add_histogram (json, cluster);
  begin_list (json, "top_tokens");
  for (guint i = 0; i < cluster->top_tokens->len; i++) {
    const ActShownToken *token = cluster->top_tokens->pdata[i];

    act_json_begin_object (json);
    act_show_json_token (json, dashboard->kind, token->token);
    act_json_add_uint (json, "count", token->count);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

static void
add_ranking (ActJsonWriter *json, const char *key, ActTokenKind kind,
    const ActShownRanking *ranking)
{
  begin_list (json, key);
  for (guint i = 0; i < ranking->tokens->len; i++) {
    act_json_begin_object (json);
    act_show_json_token (json, kind, ranking->tokens->pdata[i]);
    act_json_add_uint (
        json, "count", g_array_index (ranking->counts, guint64, i));
    act_json_add_uint (
        json, "run_count", g_array_index (ranking->run_counts, guint64, i));
    act_json_add_double (json, "p_token_given_active",
        g_array_index (ranking->given_active, double, i));
    act_json_add_double (json, "p_active_given_token",
        g_array_index (ranking->given_token, double, i));
    act_json_add_double (
        json, "lift", g_array_index (ranking->lifts, double, i));
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

void
act_show_json_member (ActJsonWriter *json, const ActShownMember *member)
{
  act_show_json_string (json, "label", member->label);
  act_json_add_uint (json, "n_active_positions", member->n_active_positions);
  act_json_add_double (json, "position_rate", member->position_rate);
  act_json_add_double (json, "max", member->max);
  act_json_add_double (json, "mean", member->mean);
  act_json_add_double (json, "mass", member->mass);
  act_show_json_rate (json, "mass_share", member->mass_share);
}

static void
add_coactive (ActJsonWriter *json, const ActShownCoactive *coactive)
{
  begin_list (json, "coactivating");
  for (guint i = 0; i < coactive->names->len; i++) {
    act_json_begin_object (json);
    act_show_json_string (json, "cluster_hash", coactive->names->pdata[i]);
    act_json_add_uint (
        json, "count", g_array_index (coactive->counts, guint64, i));
    act_json_add_double (
        json, "jaccard", g_array_index (coactive->jaccards, double, i));
    act_json_add_double (
        json, "lift", g_array_index (coactive->lifts, double, i));
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

void
act_show_json_facts (
    ActJsonWriter *json, ActTokenKind kind, const ActShownFacts *facts)
{
  act_json_add_uint (json, "n_active_samples", facts->n_active_samples);
  act_json_add_double (json, "sample_rate", facts->sample_rate);
  act_json_add_double (json, "mean", facts->mean);
  begin_list (json, "members");
  for (guint i = 0; i < facts->members->len; i++) {
    act_json_begin_object (json);
    act_show_json_member (json, facts->members->pdata[i]);
    act_json_end_object (json);
  }
  act_json_end_array (json);
  add_ranking (json, "tokens_by_count", kind, facts->tokens.by_count);
  add_ranking (json, "tokens_by_lift", kind, facts->tokens.by_lift);
  add_ranking (json, "next_tokens_by_count", kind, facts->next_tokens.by_count);
  add_ranking (json, "next_tokens_by_lift", kind, facts->next_tokens.by_lift);
  add_coactive (json, facts->coactive);
}

static void
add_example (
    ActJsonWriter *json, ActTokenKind kind, const ActShownExample *example)
{
  act_json_begin_object (json);
  act_json_key (json, "sample");
  if (example->sample < 0)
    act_json_null (json);
  else
    act_json_int (json, example->sample);
  act_show_json_string (json, "text_hash", example->hash);
  act_json_add_uint (json, "text", example->line);
  act_json_add_uint (json, "peak", act_shown_example_get_peak (example));
  add_strings (json, "tokens", example->tokens);
  begin_list (json, "activations");
  for (guint i = 0; i < example->n_positions; i++)
    act_json_float (json, example->values[i]);
  act_json_end_array (json);
  act_json_end_object (json);
}

void
act_show_json_examples (
    ActJsonWriter *json, ActTokenKind kind, const GPtrArray *examples)
{
  begin_list (json, "examples");
  for (guint i = 0; i < examples->len; i++)
    add_example (json, kind, examples->pdata[i]);
  act_json_end_array (json);
}
