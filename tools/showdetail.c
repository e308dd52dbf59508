/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cluster, or one component of it: its numbers, then its examples. */
#include "show.h"

#include <string.h>

#include <acterror.h>
#include <reading/examplesread.h>

#include "showcontext.h"
#include "showjson.h"
#include "showtext.h"
#include "texttable.h"
#include "units.h"

#define MAX_ROWS 10 /* of each table of facts */
#define INDENT "  "

static void
append_title (const ActShowRequest *request, GString *out, const char *title)
{
  g_string_append_c (out, '\n');
  act_screen_append_title (&request->screen, out, title);
  g_string_append_c (out, '\n');
}

/* "350 of 12,800 positions (2.73%)" */
static void
append_part (GString *out, guint64 part, guint64 whole, const char *of)
{
  g_autofree char *count = act_units_count (part);
  g_autofree char *total = act_units_count (whole);
  g_autofree char *percent =
      act_show_percent (whole > 0 ? (double) part / (double) whole : -1);

  if (whole == 0)
    g_string_append_printf (out, "%s %s", count, of);
  else
    g_string_append_printf (out, "%s of %s %s (%s)", count, total, of, percent);
}

static void
append_summary (const ActShowRequest *request, const ActShownCluster *cluster,
    const ActShownFacts *facts, GString *out)
{
  const ActShownDashboard *dashboard = request->dashboard;
  g_autofree char *name = act_show_string (cluster->name);
  g_autofree char *max = act_show_number (cluster->max);
  g_autofree char *mean =
      act_show_number (facts != NULL ? facts->mean : cluster->mean);
  g_autofree char *median = act_show_number (cluster->median);
  g_autofree char *min = act_show_number (cluster->min);
  g_autofree char *samples = act_units_count (cluster->n_samples);
  g_autofree char *bars = act_show_histogram (cluster->bin_counts);
  g_autofree char *threshold = act_show_number (cluster->threshold);

  act_screen_append_title (&request->screen, out, name);
  g_string_append_printf (out, "  components %u, modules %u\n",
      cluster->labels->len, cluster->modules->len);
  g_string_append_printf (out, INDENT "above %s    ", threshold);
  append_part (out, cluster->n_active, dashboard->n_positions, "positions");
  if (facts != NULL) {
    g_string_append (out, ", ");
    append_part (out, facts->n_active_samples, dashboard->n_samples, "samples");
  }
  g_string_append_printf (out,
      "\n" INDENT "activation  max %s, mean %s, median %s, min %s over %s "
      "samples\n" INDENT "histogram   %s %s %s\n",
      max, mean, median, min, samples, min, bars, max);
}

/* --- components --- */

static void
append_labels (
    const ActShowRequest *request, const ActShownCluster *cluster, GString *out)
{
  guint n = MIN (cluster->labels->len, MAX_ROWS);

  append_title (request, out, "components");
  for (guint i = 0; i < n; i++) {
    g_autofree char *label = act_show_string (cluster->labels->pdata[i]);

    g_string_append_printf (out, INDENT "%s\n", label);
  }
}

static void
append_members (
    const ActShowRequest *request, const ActShownFacts *facts, GString *out)
{
  static const ActTextColumn columns[] = { { "component" }, { "active", TRUE },
    { "rate", TRUE }, { "max", TRUE }, { "mean", TRUE },
    { "share of mass", TRUE } };
  g_autoptr (ActTextTable) table =
      act_text_table_new (columns, G_N_ELEMENTS (columns));

  for (guint i = 0; i < MIN (facts->members->len, MAX_ROWS); i++) {
    const ActShownMember *member = facts->members->pdata[i];

    act_text_table_add (table, act_show_string (member->label));
    act_text_table_add (table, act_units_count (member->n_active_positions));
    act_text_table_add (table, act_show_percent (member->position_rate));
    act_text_table_add (table, act_show_number (member->max));
    act_text_table_add (table, act_show_number (member->mean));
    act_text_table_add (table, act_show_percent (member->mass_share));
  }
  g_string_append_c (out, '\n');
  act_text_table_append (table, &request->screen, INDENT, out);
}

static void
append_components (const ActShowRequest *request,
    const ActShownCluster *cluster, const ActShownFacts *facts, GString *out)
{
  if (facts != NULL && facts->members->len > 0)
    append_members (request, facts, out);
  else
    append_labels (request, cluster, out);
  if (cluster->labels->len > MAX_ROWS)
    g_string_append_printf (
        out, INDENT "and %u more\n", cluster->labels->len - MAX_ROWS);
}

/* --- tokens, clusters --- */

static void
append_ranking (const ActShowRequest *request, const char *title,
    const ActShownRanking *ranking, GString *out)
{
  const ActTextColumn columns[] = { { "count", TRUE }, { "of", TRUE },
    { "active at it", TRUE }, { "lift", TRUE }, { title } };
  g_autoptr (ActTextTable) table =
      act_text_table_new (columns, G_N_ELEMENTS (columns));

  if (ranking->tokens->len == 0)
    return;
  for (guint i = 0; i < MIN (ranking->tokens->len, MAX_ROWS); i++) {
    act_text_table_add (
        table, act_units_count (g_array_index (ranking->counts, guint64, i)));
    act_text_table_add (table,
        act_units_count (g_array_index (ranking->run_counts, guint64, i)));
    act_text_table_add (table,
        act_show_percent (g_array_index (ranking->given_token, double, i)));
    act_text_table_add (
        table, act_show_number (g_array_index (ranking->lifts, double, i)));
    act_text_table_add (table,
        act_show_token (request->dashboard->kind, ranking->tokens->pdata[i]));
  }
  g_string_append_c (out, '\n');
  act_text_table_append (table, &request->screen, INDENT, out);
}

static void
append_top_tokens (
    const ActShowRequest *request, const ActShownCluster *cluster, GString *out)
{
  static const ActTextColumn columns[] = { { "count", TRUE },
    { "tokens by count" } };
  g_autoptr (ActTextTable) table =
      act_text_table_new (columns, G_N_ELEMENTS (columns));

  if (cluster->top_tokens->len == 0)
    return;
  for (guint i = 0; i < MIN (cluster->top_tokens->len, MAX_ROWS); i++) {
    const ActShownToken *token = cluster->top_tokens->pdata[i];

    act_text_table_add (table, act_units_count (token->count));
    act_text_table_add (
        table, act_show_token (request->dashboard->kind, token->token));
  }
  g_string_append_c (out, '\n');
  act_text_table_append (table, &request->screen, INDENT, out);
}

static void
append_coactive (const ActShowRequest *request,
    const ActShownCoactive *coactive, GString *out)
{
  static const ActTextColumn columns[] = { { "together at", TRUE },
    { "Jaccard", TRUE }, { "lift", TRUE }, { "clusters above 0 with it" } };
  g_autoptr (ActTextTable) table =
      act_text_table_new (columns, G_N_ELEMENTS (columns));

  if (coactive->names->len == 0)
    return;
  for (guint i = 0; i < MIN (coactive->names->len, MAX_ROWS / 2); i++) {
    act_text_table_add (
        table, act_units_count (g_array_index (coactive->counts, guint64, i)));
    act_text_table_add (
        table, act_show_number (g_array_index (coactive->jaccards, double, i)));
    act_text_table_add (
        table, act_show_number (g_array_index (coactive->lifts, double, i)));
    act_text_table_add (table, act_show_string (coactive->names->pdata[i]));
  }
  g_string_append_c (out, '\n');
  act_text_table_append (table, &request->screen, INDENT, out);
}

static void
append_facts (const ActShowRequest *request, const ActShownCluster *cluster,
    const ActShownFacts *facts, GString *out)
{
  append_components (request, cluster, facts, out);
  if (facts == NULL) {
    append_top_tokens (request, cluster, out);
    return;
  }
  append_ranking (request, "tokens by count", facts->tokens.by_count, out);
  append_ranking (request, "tokens by lift", facts->tokens.by_lift, out);
  append_ranking (
      request, "next tokens by lift", facts->next_tokens.by_lift, out);
  append_coactive (request, facts->coactive, out);
}

/* --- examples --- */

static void
append_examples (const ActShowRequest *request, const char *which,
    const GPtrArray *examples, GString *out)
{
  g_autofree char *title = g_strdup_printf ("examples, %s", which);

  append_title (request, out, title);
  for (guint i = 0; i < examples->len; i++) {
    const ActShownExample *example = examples->pdata[i];
    g_autofree char *peak =
        act_show_number (example->values[act_shown_example_get_peak (example)]);
    gsize before = out->len;

    g_string_append_printf (out, INDENT "%7s  ", peak);
    act_show_context (&request->screen, request->dashboard->kind, example,
        request->screen.width - (guint) (out->len - before), out);
    g_string_append_c (out, '\n');
  }
  if (examples->len == 0)
    g_string_append (out, INDENT "none\n");
}

static const char *
criterion_name (const ActShowRequest *request, const ActShownCluster *cluster,
    const ActShownFacts *facts)
{
  const ActShownSamples *list = NULL;
  const ActShownCriterion *criterion;

  if (facts != NULL) {
    list = act_shown_facts_get_samples (facts, request->criterion);
    return list->key->str;
  }
  criterion = act_shown_cluster_get_criterion (cluster, request->criterion);
  return criterion->key->str;
}

/* --- views --- */

static gboolean
get_facts (const ActShownDashboard *dashboard, const ActShownCluster *cluster,
    ActShownFacts **facts, GError **error)
{
  *facts = NULL;
  if (!dashboard->has_facts)
    return TRUE;
  *facts = act_shown_dashboard_get_facts (dashboard, cluster, error);
  return *facts != NULL;
}

gboolean
act_show_cluster (
    const ActShowRequest *request, const char *id, GString *out, GError **error)
{
  const ActShownDashboard *dashboard = request->dashboard;
  g_autoptr (ActShownCluster) cluster =
      act_shown_dashboard_find_cluster (dashboard, id, error);
  g_autoptr (ActShownFacts) facts = NULL;
  g_autoptr (GPtrArray) examples = NULL;
  g_autoptr (ActJsonWriter) json = NULL;

  if (cluster == NULL || !get_facts (dashboard, cluster, &facts, error))
    return FALSE;
  examples = act_shown_examples_read (
      dashboard, cluster, facts, request->criterion, request->limit, error);
  if (examples == NULL)
    return FALSE;
  if (!request->json) {
    g_autofree char *which =
        g_strconcat ("by ", criterion_name (request, cluster, facts), NULL);
    g_autoptr (GString) name = g_string_new (which);
    g_autofree char *shown = act_show_string (name);

    append_summary (request, cluster, facts, out);
    append_facts (request, cluster, facts, out);
    append_examples (request, shown, examples, out);
    return TRUE;
  }
  json = act_json_writer_new (out, 1);
  act_json_begin_object (json);
  act_show_json_folder (json, dashboard);
  act_show_json_cluster (json, dashboard, cluster);
  if (facts != NULL)
    act_show_json_facts (json, dashboard->kind, facts);
  act_json_add_string (
      json, "criterion", criterion_name (request, cluster, facts));
  act_show_json_examples (json, dashboard->kind, examples);
  act_json_end_object (json);
  g_string_append_c (out, '\n');
  return TRUE;
}

static void
append_component (const ActShowRequest *request, const ActShownCluster *cluster,
    const char *label, const ActShownMember *member, GString *out)
{
  g_autoptr (GString) text = g_string_new (label);
  g_autofree char *shown = act_show_string (text);
  g_autofree char *name = act_show_string (cluster->name);

  act_screen_append_title (&request->screen, out, shown);
  g_string_append_printf (
      out, "  of cluster %s, components %u\n", name, cluster->labels->len);
  if (member == NULL) {
    g_string_append (out,
        INDENT "nothing more is known of single components: the dashboard "
               "has no facts about them\n");
  } else {
    g_autofree char *max = act_show_number (member->max);
    g_autofree char *mean = act_show_number (member->mean);
    g_autofree char *share = act_show_percent (member->mass_share);

    g_string_append (out, INDENT "active at   ");
    append_part (out, member->n_active_positions,
        request->dashboard->n_positions, "positions");
    g_string_append (out, ", ");
    append_part (out, member->n_active_samples, request->dashboard->n_samples,
        "samples");
    g_string_append_printf (out,
        "\n" INDENT "activation  max %s, mean %s\n" INDENT
        "mass        %s of the cluster's\n",
        max, mean, share);
  }
}

gboolean
act_show_component (const ActShowRequest *request, const char *label,
    GString *out, GError **error)
{
  const ActShownDashboard *dashboard = request->dashboard;
  guint index;
  g_autoptr (ActShownCluster) cluster =
      act_shown_dashboard_find_component (dashboard, label, &index, error);
  g_autoptr (ActShownFacts) facts = NULL;
  g_autoptr (GPtrArray) examples = NULL;
  g_autoptr (ActJsonWriter) json = NULL;
  const ActShownMember *member = NULL;

  if (cluster == NULL || !get_facts (dashboard, cluster, &facts, error))
    return FALSE;
  if (facts != NULL && facts->members->len > 0) {
    member = facts->members->pdata[index];
    examples = act_shown_member_examples_read (
        dashboard, cluster, index, request->limit, error);
    if (examples == NULL)
      return FALSE;
  }
  if (!request->json) {
    append_component (request, cluster, label, member, out);
    if (examples != NULL)
      append_examples (request, "of those shown of the cluster", examples, out);
    return TRUE;
  }
  json = act_json_writer_new (out, 1);
  act_json_begin_object (json);
  act_show_json_folder (json, dashboard);
  act_json_add_string (json, "component", label);
  act_show_json_string (json, "cluster_hash", cluster->name);
  if (member != NULL) {
    act_show_json_member (json, member);
    act_show_json_examples (json, dashboard->kind, examples);
  }
  act_json_end_object (json);
  g_string_append_c (out, '\n');
  return TRUE;
}
