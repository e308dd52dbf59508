/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/factsline.h"

#include "dashboard/layers.h"

static void
write_float (ActJsonWriter *json, const char *key, float value)
{
  act_json_key (json, key);
  act_json_float (json, value);
}

static void
begin_list (ActJsonWriter *json, const char *key)
{
  act_json_key (json, key);
  act_json_begin_array (json);
}

/* 0 of nothing is 0 */
static double
ratio (double a, double b)
{
  return b > 0 ? a / b : 0.0;
}

static void
write_share (ActJsonWriter *json, const char *key, double part, double whole)
{
  act_json_key (json, key);
  if (whole > 0)
    act_json_double (json, part / whole);
  else
    act_json_null (json);
}

static void
write_rates (ActJsonWriter *json, guint64 n_active_positions,
    guint64 n_active_samples, const ActFactsTotals *totals)
{
  act_json_add_uint (json, "n_active_positions", n_active_positions);
  act_json_add_uint (json, "n_active_samples", n_active_samples);
  act_json_add_double (json, "position_rate",
      ratio (n_active_positions, (double) totals->n_samples * totals->n_ctx));
  act_json_add_double (
      json, "sample_rate", ratio (n_active_samples, totals->n_samples));
}

static void
write_sum (ActJsonWriter *json, double sum, guint64 n_positions)
{
  act_json_add_double (json, "sum", sum);
  act_json_add_double (json, "mean", ratio (sum, n_positions) + 0.0);
}

void
act_facts_line_activation (ActJsonWriter *json, const ActActivity *activity,
    const ActFactsTotals *totals)
{
  act_json_key (json, "activation");
  act_json_begin_object (json);
  act_json_add_uint (json, "n_samples", activity->n_samples);
  write_sum (json, act_exact_sum_get (&activity->sum),
      activity->n_samples * totals->n_ctx);
  write_rates (
      json, activity->n_active_positions, activity->n_active_samples, totals);
  act_json_end_object (json);
}

typedef enum {
  COLUMN_GIVEN_ACTIVE,
  COLUMN_GIVEN_TOKEN,
  COLUMN_LIFT,
  N_COLUMNS
} Column;

static double
token_rate (const ActTokenFact *fact, const ActTokenTable *table, Column column)
{
  double given_active = ratio (fact->count, table->n_active_pairs);

  if (column == COLUMN_GIVEN_ACTIVE)
    return given_active;
  if (column == COLUMN_GIVEN_TOKEN)
    return ratio (fact->count, fact->total);
  return ratio (given_active, ratio (fact->total, table->n_pairs));
}

/* a list a column: half the size of an object a token */
static void
write_ranking (ActJsonWriter *json, const char *key, const ActTokenFact *facts,
    guint n, const ActTokenTable *table, const ActStrings *strings)
{
  static const char *const rates[N_COLUMNS] = { "p_token_given_active",
    "p_active_given_token", "lift" };

  act_json_key (json, key);
  act_json_begin_object (json);
  begin_list (json, "token");
  for (guint i = 0; i < n; i++) {
    gsize length;
    const char *string = act_strings_get (strings, facts[i].string, &length);

    act_json_string_len (json, string, length);
  }
  act_json_end_array (json);
  begin_list (json, "count");
  for (guint i = 0; i < n; i++)
    act_json_uint (json, facts[i].count);
  act_json_end_array (json);
  begin_list (json, "run_count");
  for (guint i = 0; i < n; i++)
    act_json_uint (json, facts[i].total);
  act_json_end_array (json);
  for (guint c = 0; c < N_COLUMNS; c++) {
    begin_list (json, rates[c]);
    for (guint i = 0; i < n; i++)
      act_json_double (json, token_rate (&facts[i], table, c));
    act_json_end_array (json);
  }
  act_json_end_object (json);
}

void
act_facts_line_tokens (ActJsonWriter *json, const char *key,
    const ActTokenTable *table, const ActStrings *strings)
{
  act_json_key (json, key);
  act_json_begin_object (json);
  act_json_add_uint (json, "n_positions", table->n_pairs);
  act_json_add_uint (json, "n_active_positions", table->n_active_pairs);
  act_json_add_uint (json, "n_unique", table->n_unique);
  write_ranking (
      json, "by_count", table->by_count, table->n_by_count, table, strings);
  write_ranking (
      json, "by_lift", table->by_lift, table->n_by_lift, table, strings);
  act_json_end_object (json);
}

static void
write_member (ActJsonWriter *json, const char *module, guint index,
    const ActMemberFact *fact, double mass, const ActFactsTotals *totals)
{
  g_autofree char *label = g_strdup_printf ("%s:%u", module, index);

  act_json_begin_object (json);
  act_json_add_string (json, "label", label);
  act_json_add_uint (json, "n_samples", fact->n_samples);
  write_sum (json, fact->sum, fact->n_samples * totals->n_ctx);
  write_float (json, "min", fact->min);
  write_float (json, "max", fact->max);
  write_float (json, "median", fact->median);
  write_rates (json, fact->n_active_positions, fact->n_active_samples, totals);
  act_json_add_double (json, "mass", fact->mass);
  write_share (json, "mass_share", fact->mass, mass);
  act_json_end_object (json);
}

/* what the members of one module, or of one layer, have together */
static void
write_part (ActJsonWriter *json, const ActMassPart *part, double mass)
{
  act_json_add_uint (json, "n_members", part->n_members);
  act_json_add_double (json, "mass", part->mass);
  write_share (json, "mass_share", part->mass, mass);
  act_json_end_object (json);
}

static void
write_masses (ActJsonWriter *json, const ActMasses *masses)
{
  act_json_key (json, "modules");
  act_json_begin_array (json);
  for (guint i = 0; i < masses->n_modules; i++) {
    act_json_begin_object (json);
    act_json_add_string (json, "module", masses->modules[i].module);
    write_part (json, &masses->modules[i], masses->total);
  }
  act_json_end_array (json);
  act_json_key (json, "layers");
  act_json_begin_array (json);
  for (guint i = 0; i < masses->n_layers; i++) {
    act_json_begin_object (json);
    act_json_key (json, "layer");
    if (masses->layers[i].layer >= 0)
      act_json_int (json, masses->layers[i].layer);
    else
      act_json_null (json);
    write_part (json, &masses->layers[i], masses->total);
  }
  act_json_end_array (json);
}

void
act_facts_line_members (ActJsonWriter *json, const ActDashboardRun *run,
    const ActDashboardCluster *cluster, const ActMemberFact *facts,
    const ActFactsTotals *totals)
{
  static const char *const keys[] = { "members", "modules", "layers" };
  ActMasses masses;

  if (facts == NULL) {
    for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
      act_json_key (json, keys[i]);
      act_json_null (json);
    }
    return;
  }
  act_masses_init (&masses, run, cluster, facts);
  act_json_key (json, "members");
  act_json_begin_array (json);
  for (guint i = 0; i < cluster->n_members; i++) {
    guint index, module = act_module_of (run, cluster->members[i], &index);

    write_member (
        json, run->modules[module], index, &facts[i], masses.total, totals);
  }
  act_json_end_array (json);
  write_masses (json, &masses);
  act_masses_clear (&masses);
}

/* lines are those of clusters.jsonl; whatever is active has one */
static void
write_pairs (ActJsonWriter *json, const char *key, const ActCoactivePair *pairs,
    gsize n, gint64 own, const gint32 *line_of, const char *const *names,
    const ActFactsTotals *totals)
{
  double n_positions = (double) totals->n_samples * totals->n_ctx;

  act_json_key (json, key);
  act_json_begin_object (json);
  begin_list (json, "line");
  for (gsize i = 0; i < n; i++)
    act_json_int (json, line_of[pairs[i].cluster]);
  act_json_end_array (json);
  begin_list (json, "cluster_hash");
  for (gsize i = 0; i < n; i++)
    act_json_string (json, names[line_of[pairs[i].cluster]]);
  act_json_end_array (json);
  begin_list (json, "count");
  for (gsize i = 0; i < n; i++)
    act_json_int (json, pairs[i].count);
  act_json_end_array (json);
  begin_list (json, "jaccard");
  for (gsize i = 0; i < n; i++)
    act_json_double (json, ratio (pairs[i].count, pairs[i].any));
  act_json_end_array (json);
  begin_list (json, "lift");
  for (gsize i = 0; i < n; i++)
    act_json_double (json,
        ratio (ratio (pairs[i].count, own), ratio (pairs[i].own, n_positions)));
  act_json_end_array (json);
  act_json_end_object (json);
}

void
act_facts_line_coactive (ActJsonWriter *json, const ActCoactiveTable *table,
    const gint32 *line_of, const char *const *names,
    const ActFactsTotals *totals)
{
  act_json_begin_object (json);
  act_json_add_uint (json, "n_positions", table->own);
  write_pairs (json, "by_count", table->by_count, table->n_by_count, table->own,
      line_of, names, totals);
  write_pairs (json, "by_jaccard", table->by_jaccard, table->n_by_jaccard,
      table->own, line_of, names, totals);
  act_json_end_object (json);
}
