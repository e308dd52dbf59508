/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "show.h"

#include <string.h>

#include "showjson.h"
#include "showrows.h"
#include "showtext.h"
#include "texttable.h"
#include "showsort.h"
#include "units.h"

/* a token of a cluster's lists; without facts only the counts are known */
typedef struct {
  guint64 line;
  GString *name, *token;
  guint64 count;
  gint64 run_count;                       /* -1: not known */
  double given_active, given_token, lift; /* negative: not known */
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_string_free (row->name, TRUE);
  g_string_free (row->token, TRUE);
  g_free (row);
}

/* a cluster may have several tokens of that text */
static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const Row *first = a, *second = b;
  int order = (first->line > second->line) - (first->line < second->line);

  return order != 0 ? order : strcmp (first->token->str, second->token->str);
}

static int
compare_counts (gconstpointer a, gconstpointer b)
{
  const Row *first = a, *second = b;

  if (first->count != second->count)
    return first->count < second->count ? 1 : -1;
  return compare_lines (a, b);
}

static int
compare_shares (gconstpointer a, gconstpointer b)
{
  const Row *first = a, *second = b;

  if (first->given_token != second->given_token)
    return first->given_token < second->given_token ? 1 : -1;
  return compare_counts (a, b);
}

static int
compare_lifts (gconstpointer a, gconstpointer b)
{
  const Row *first = a, *second = b;

  if (first->lift != second->lift)
    return first->lift < second->lift ? 1 : -1;
  return compare_counts (a, b);
}

static const ActShowSort sorts[] = {
  { "lift", compare_lifts, "the highest lift first" },
  { "count", compare_counts, "the most frequent first" },
  { "share", compare_shares, "the most often active at it first" },
  { "line", compare_lines, "in the order of clusters.jsonl" },
};

/* --- finding --- */

typedef struct {
  const char *text; /* in lower case, if it is UTF-8 */
  gsize length;
  ActTokenKind kind;
  GString *scratch;
  guint64 n_clusters; /* that had a match */
} Matcher;

/* as the page's filter token: has it, upper and lower case are alike */
static gboolean
is_text (const Matcher *self, const char *text, gsize length)
{
  g_autofree char *lower = NULL;

  if (g_str_is_ascii (self->text) || !g_utf8_validate_len (text, length, NULL))
    return length == self->length
        && g_ascii_strncasecmp (text, self->text, length) == 0;
  lower = g_utf8_strdown (text, (gssize) length);
  return g_str_equal (lower, self->text);
}

static gboolean
matches (const Matcher *self, const GString *token)
{
  GString *decoded = self->scratch;

  if (is_text (self, token->str, token->len))
    return TRUE;
  g_string_truncate (decoded, 0);
  act_token_decode (self->kind, token->str, token->len, decoded);
  if (is_text (self, decoded->str, decoded->len))
    return TRUE;
  return decoded->len > 1 && decoded->str[0] == ' '
      && is_text (self, decoded->str + 1, decoded->len - 1);
}

static Row *
row_new (guint64 line, const GString *name, const GString *token)
{
  Row *row = g_new0 (Row, 1);

  row->line = line;
  row->name = g_string_new_len (name->str, (gssize) name->len);
  row->token = g_string_new_len (token->str, (gssize) token->len);
  row->run_count = -1;
  row->given_active = row->given_token = row->lift = -1;
  return row;
}

static gboolean
has_token (const ActShownRanking *ranking, const GString *token)
{
  for (guint i = 0; i < ranking->tokens->len; i++)
    if (g_string_equal (ranking->tokens->pdata[i], token))
      return TRUE;
  return FALSE;
}

/* other: a token that is there too has its row already; may be NULL */
static void
add_of_ranking (const Matcher *matcher, const ActShownFacts *facts,
    const ActShownRanking *ranking, const ActShownRanking *other,
    ActShowRows *rows)
{
  for (guint i = 0; i < ranking->tokens->len; i++) {
    const GString *token = ranking->tokens->pdata[i];
    Row *row;

    if (!matches (matcher, token)
        || (other != NULL && has_token (other, token)))
      continue;
    row = row_new (facts->line, facts->name, token);
    row->count = g_array_index (ranking->counts, guint64, i);
    row->run_count = (gint64) g_array_index (ranking->run_counts, guint64, i);
    row->given_active = g_array_index (ranking->given_active, double, i);
    row->given_token = g_array_index (ranking->given_token, double, i);
    row->lift = g_array_index (ranking->lifts, double, i);
    act_show_rows_add (rows, row);
  }
}

static gboolean
find_in_facts (const ActShowRequest *request, Matcher *matcher,
    ActShowRows *rows, GError **error)
{
  g_autoptr (ActLines) lines = act_shown_dashboard_open_lines (
      request->dashboard, "cluster_facts.jsonl", error);

  while (lines != NULL) {
    g_autoptr (ActShownFacts) facts = NULL;
    guint64 n_before = act_show_rows_get_n_added (rows);

    if (!act_shown_facts_next (lines, ACT_SHOWN_TOKENS, &facts, error))
      return FALSE;
    if (facts == NULL)
      return TRUE;
    add_of_ranking (matcher, facts, facts->tokens.by_count, NULL, rows);
    add_of_ranking (
        matcher, facts, facts->tokens.by_lift, facts->tokens.by_count, rows);
    matcher->n_clusters += act_show_rows_get_n_added (rows) > n_before;
  }
  return FALSE;
}

static gboolean
find_in_clusters (const ActShowRequest *request, Matcher *matcher,
    ActShowRows *rows, GError **error)
{
  g_autoptr (ActLines) lines = act_shown_dashboard_open_lines (
      request->dashboard, "clusters.jsonl", error);

  while (lines != NULL) {
    g_autoptr (ActShownCluster) cluster = NULL;
    guint64 n_before = act_show_rows_get_n_added (rows);

    if (!act_shown_cluster_next (lines, &cluster, error))
      return FALSE;
    if (cluster == NULL)
      return TRUE;
    for (guint i = 0; i < cluster->top_tokens->len; i++) {
      const ActShownToken *token = cluster->top_tokens->pdata[i];
      Row *row;

      if (!matches (matcher, token->token))
        continue;
      row = row_new (cluster->line, cluster->name, token->token);
      row->count = token->count;
      if (cluster->n_active > 0)
        row->given_active = (double) token->count / (double) cluster->n_active;
      act_show_rows_add (rows, row);
    }
    matcher->n_clusters += act_show_rows_get_n_added (rows) > n_before;
  }
  return FALSE;
}

/* --- showing --- */

static void
append_none (const char *text, GString *out)
{
  g_autoptr (GString) given = g_string_new (text);
  g_autofree char *shown = act_show_string (given);

  g_string_append_printf (out,
      "No cluster has a token with '%s' among its top tokens. What is a word "
      "to "
      "a reader may be several tokens; the page's search finds it in texts.\n",
      shown);
}

static void
append_table (const ActShowRequest *request, ActShowRows *rows,
    guint64 n_clusters, const char *order, GString *out)
{
  static const ActTextColumn columns[] = { { "cluster" }, { "count", TRUE },
    { "of", TRUE }, { "active at it", TRUE }, { "share of active", TRUE },
    { "lift", TRUE }, { "token" } };
  g_autoptr (ActTextTable) table =
      act_text_table_new (columns, G_N_ELEMENTS (columns));
  const GPtrArray *shown = act_show_rows_get (rows);
  guint64 n_all = act_show_rows_get_n_added (rows);

  for (guint i = 0; i < shown->len; i++) {
    const Row *row = shown->pdata[i];

    act_text_table_add (table, act_show_string (row->name));
    act_text_table_add (table, act_units_count (row->count));
    act_text_table_add (table,
        row->run_count < 0 ? g_strdup ("-")
                           : act_units_count ((guint64) row->run_count));
    act_text_table_add (table, act_show_percent (row->given_token));
    act_text_table_add (table, act_show_percent (row->given_active));
    act_text_table_add (
        table, row->lift < 0 ? g_strdup ("-") : act_show_number (row->lift));
    act_text_table_add (
        table, act_show_token (request->dashboard->kind, row->token));
  }
  act_text_table_append (table, &request->screen, "", out);
  g_string_append_printf (out,
      "%" G_GUINT64_FORMAT
      " clusters have it among their top tokens; %u of %" G_GUINT64_FORMAT
      " rows, a token each, %s%s\n",
      n_clusters, shown->len, n_all, order,
      shown->len < n_all ? "; --limit 0 shows all" : "");
}

static void
add_row (ActJsonWriter *json, ActTokenKind kind, const Row *row)
{
  act_json_begin_object (json);
  act_json_add_uint (json, "line", row->line);
  act_show_json_string (json, "cluster_hash", row->name);
  act_show_json_token (json, kind, row->token);
  act_json_add_uint (json, "count", row->count);
  act_json_key (json, "run_count");
  if (row->run_count < 0)
    act_json_null (json);
  else
    act_json_int (json, row->run_count);
  act_show_json_rate (json, "p_token_given_active", row->given_active);
  act_show_json_rate (json, "p_active_given_token", row->given_token);
  act_show_json_rate (json, "lift", row->lift);
  act_json_end_object (json);
}

static void
append_json (const ActShowRequest *request, const char *text, ActShowRows *rows,
    guint64 n_clusters, GString *out)
{
  g_autoptr (ActJsonWriter) json = act_json_writer_new (out, 1);
  const GPtrArray *shown = act_show_rows_get (rows);

  act_json_begin_object (json);
  act_show_json_folder (json, request->dashboard);
  act_json_add_string (json, "token", text);
  act_json_add_uint (json, "n_clusters", n_clusters);
  act_json_add_uint (json, "n_found", act_show_rows_get_n_added (rows));
  act_json_key (json, "clusters");
  act_json_begin_array (json);
  for (guint i = 0; i < shown->len; i++)
    add_row (json, request->dashboard->kind, shown->pdata[i]);
  act_json_end_array (json);
  act_json_end_object (json);
  g_string_append_c (out, '\n');
}

gboolean
act_show_token_clusters (const ActShowRequest *request, const char *text,
    GString *out, GError **error)
{
  g_autoptr (GString) scratch = g_string_new (NULL);
  g_autofree char *lower = g_utf8_validate (text, -1, NULL)
      ? g_utf8_strdown (text, -1)
      : g_strdup (text);
  Matcher matcher = { lower, strlen (lower), request->dashboard->kind,
    scratch };
  g_autoptr (ActShowRows) rows = NULL;
  const ActShowSort *sort;

  sort = act_show_find_sort (
      sorts, G_N_ELEMENTS (sorts), request->sort, "of --token ", error);
  if (sort == NULL)
    return FALSE;
  rows = act_show_rows_new (request->limit, sort->compare, row_free);
  if (!(request->dashboard->has_facts
              ? find_in_facts (request, &matcher, rows, error)
              : find_in_clusters (request, &matcher, rows, error)))
    return FALSE;
  if (request->json)
    append_json (request, text, rows, matcher.n_clusters, out);
  else if (matcher.n_clusters == 0)
    append_none (text, out);
  else
    append_table (request, rows, matcher.n_clusters, sort->order, out);
  return TRUE;
}
