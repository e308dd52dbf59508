/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "show.h"

#include <string.h>

#include "showjson.h"
#include "showrows.h"
#include "showtext.h"
#include "texttable.h"
#include "showsort.h"
#include "units.h"

#define N_TOKENS_SHOWN 12

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const ActShownCluster *first = a, *second = b;

  return (first->line > second->line) - (first->line < second->line);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const ActShownCluster *first = a, *second = b;
  int order = strcmp (first->name->str, second->name->str);

  return order != 0 ? order : compare_lines (a, b);
}

/* the largest first; of equals the one whose line comes first */
#define DEFINE_COMPARE(name, field)                                            \
  static int compare_##name (gconstpointer a, gconstpointer b)                 \
  {                                                                            \
    const ActShownCluster *first = a, *second = b;                             \
                                                                               \
    if (first->field != second->field)                                         \
      return first->field < second->field ? 1 : -1;                            \
    return compare_lines (a, b);                                               \
  }

DEFINE_COMPARE (sizes, labels->len)
DEFINE_COMPARE (modules, modules->len)
DEFINE_COMPARE (frequencies, n_active)
DEFINE_COMPARE (maxima, max)
DEFINE_COMPARE (means, mean)

static const ActShowSort sorts[] = {
  { "frequency", compare_frequencies, "the most frequent first" },
  { "line", compare_lines, "in the order of clusters.jsonl" },
  { "name", compare_names, "by name" },
  { "size", compare_sizes, "the one of most components first" },
  { "modules", compare_modules, "the one in most modules first" },
  { "max", compare_maxima, "the highest maximum first" },
  { "mean", compare_means, "the highest mean first" },
};

/* --- text --- */

static char *
modules_cell (const ActShownCluster *cluster)
{
  const ActShownModule *most = NULL;
  g_autofree char *name = NULL;

  for (guint i = 0; i < cluster->modules->len; i++) {
    const ActShownModule *module = cluster->modules->pdata[i];

    if (most == NULL || module->n_components > most->n_components)
      most = module;
  }
  if (most == NULL)
    return g_strdup ("-");
  name = act_show_string (most->module);
  if (cluster->modules->len == 1)
    return g_steal_pointer (&name);
  return g_strdup_printf ("%s +%u", name, cluster->modules->len - 1);
}

static char *
tokens_cell (const ActShownCluster *cluster, ActTokenKind kind)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < MIN (cluster->top_tokens->len, N_TOKENS_SHOWN); i++) {
    const ActShownToken *token = cluster->top_tokens->pdata[i];
    g_autofree char *text = act_show_token (kind, token->token);

    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", text);
  }
  return g_string_free (out, FALSE);
}

static void
add_row (ActTextTable *table, const ActShownDashboard *dashboard,
    const ActShownCluster *cluster)
{
  double rate = act_shown_dashboard_get_rate (dashboard, cluster);

  act_text_table_add (table, act_show_string (cluster->name));
  act_text_table_add (table, act_units_count (cluster->labels->len));
  act_text_table_add (table, modules_cell (cluster));
  act_text_table_add (table, act_units_count (cluster->n_active));
  act_text_table_add (table, act_show_percent (rate));
  act_text_table_add (table, act_show_number (cluster->max));
  act_text_table_add (table, act_show_number (cluster->mean));
  act_text_table_add (table, act_show_histogram (cluster->bin_counts));
  act_text_table_add (table, tokens_cell (cluster, dashboard->kind));
}

static void
append_table (const ActShowRequest *request, ActShowRows *rows,
    const char *order, GString *out)
{
  static const ActTextColumn columns[] = { { "cluster" }, { "size", TRUE },
    { "modules" }, { "active", TRUE }, { "rate", TRUE }, { "max", TRUE },
    { "mean", TRUE }, { "histogram" }, { "top tokens" } };
  g_autoptr (ActTextTable) table =
      act_text_table_new (columns, G_N_ELEMENTS (columns));
  const GPtrArray *clusters = act_show_rows_get (rows);
  guint64 n_all = act_show_rows_get_n_added (rows);

  for (guint i = 0; i < clusters->len; i++)
    add_row (table, request->dashboard, clusters->pdata[i]);
  act_text_table_append (table, &request->screen, "", out);
  g_string_append_printf (out, "%u of %" G_GUINT64_FORMAT " clusters, %s%s\n",
      clusters->len, n_all, order,
      clusters->len < n_all ? "; --limit 0 shows all" : "");
}

/* --- JSON --- */

static void
append_json (const ActShowRequest *request, ActShowRows *rows, GString *out)
{
  g_autoptr (ActJsonWriter) json = act_json_writer_new (out, 1);
  const GPtrArray *clusters = act_show_rows_get (rows);

  act_json_begin_object (json);
  act_show_json_folder (json, request->dashboard);
  act_json_add_uint (json, "n_clusters", act_show_rows_get_n_added (rows));
  act_json_key (json, "clusters");
  act_json_begin_array (json);
  for (guint i = 0; i < clusters->len; i++) {
    act_json_begin_object (json);
    act_show_json_cluster (json, request->dashboard, clusters->pdata[i]);
    act_json_end_object (json);
  }
  act_json_end_array (json);
  act_json_end_object (json);
  g_string_append_c (out, '\n');
}

gboolean
act_show_list (const ActShowRequest *request, GString *out, GError **error)
{
  g_autoptr (ActLines) lines = NULL;
  g_autoptr (ActShowRows) rows = NULL;
  const ActShowSort *sort;

  sort = act_show_find_sort (
      sorts, G_N_ELEMENTS (sorts), request->sort, "", error);
  if (sort == NULL)
    return FALSE;
  lines = act_shown_dashboard_open_lines (
      request->dashboard, "clusters.jsonl", error);
  if (lines == NULL)
    return FALSE;
  rows = act_show_rows_new (
      request->limit, sort->compare, (GDestroyNotify) act_shown_cluster_free);
  for (;;) {
    ActShownCluster *cluster;

    if (!act_shown_cluster_next (lines, &cluster, error))
      return FALSE;
    if (cluster == NULL)
      break;
    act_show_rows_add (rows, cluster);
  }
  if (request->json)
    append_json (request, rows, out);
  else
    append_table (request, rows, sort->order, out);
  return TRUE;
}
