/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/clusterread.h"

#include <string.h>

#include "acterror.h"
#include "formats/jsonscan.h"

void
act_shown_string_free (gpointer string)
{
  g_string_free (string, TRUE);
}

GPtrArray *
act_shown_strings_new (void)
{
  return g_ptr_array_new_with_free_func (act_shown_string_free);
}

static void
module_free (gpointer data)
{
  ActShownModule *module = data;

  g_string_free (module->module, TRUE);
  g_free (module);
}

static void
token_free (gpointer data)
{
  ActShownToken *token = data;

  g_string_free (token->token, TRUE);
  g_free (token);
}

static void
criterion_free (gpointer data)
{
  ActShownCriterion *criterion = data;

  g_string_free (criterion->key, TRUE);
  g_ptr_array_unref (criterion->hashes);
  g_free (criterion);
}

static ActShownCluster *
cluster_new (guint64 line)
{
  ActShownCluster *self = g_new0 (ActShownCluster, 1);

  self->line = line;
  self->name = g_string_new (NULL);
  self->labels = act_shown_strings_new ();
  self->modules = g_ptr_array_new_with_free_func (module_free);
  self->criteria = g_ptr_array_new_with_free_func (criterion_free);
  self->top_tokens = g_ptr_array_new_with_free_func (token_free);
  self->bin_edges = g_array_new (FALSE, FALSE, sizeof (double));
  self->bin_counts = g_array_new (FALSE, FALSE, sizeof (guint64));
  return self;
}

void
act_shown_cluster_free (ActShownCluster *self)
{
  if (self == NULL)
    return;
  g_string_free (self->name, TRUE);
  g_ptr_array_unref (self->labels);
  g_ptr_array_unref (self->modules);
  g_ptr_array_unref (self->criteria);
  g_ptr_array_unref (self->top_tokens);
  g_array_unref (self->bin_edges);
  g_array_unref (self->bin_counts);
  g_free (self);
}

/* --- members --- */

typedef struct {
  GString *module, *label;
} Component;

static void
count_module (ActShownCluster *self, const GString *name)
{
  ActShownModule *module;

  /* members of one module mostly lie together */
  for (guint i = self->modules->len; i-- > 0;) {
    module = self->modules->pdata[i];
    if (g_string_equal (module->module, name)) {
      module->n_components++;
      return;
    }
  }
  module = g_new0 (ActShownModule, 1);
  module->module = g_string_new_len (name->str, (gssize) name->len);
  module->n_components = 1;
  g_ptr_array_add (self->modules, module);
}

static gboolean
read_component (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "module", act_json_scan_string, G_STRUCT_OFFSET (Component, module),
        TRUE },
    { "label", act_json_scan_string, G_STRUCT_OFFSET (Component, label), TRUE },
  };
  ActShownCluster *self = to;
  g_autoptr (GString) module = g_string_new (NULL);
  Component component = { module, g_string_new (NULL) };

  g_ptr_array_add (self->labels, component.label);
  if (!act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), &component))
    return FALSE;
  count_module (self, module);
  return TRUE;
}

static gboolean
read_components (ActJsonScan *scan, gpointer to)
{
  ActShownCluster *self = to;

  g_ptr_array_set_size (self->labels, 0);
  g_ptr_array_set_size (self->modules, 0);
  return act_json_scan_elements (scan, read_component, self);
}

/* --- criteria --- */

static gboolean
read_criterion (ActJsonScan *scan, const GString *key, gpointer data)
{
  ActShownCriterion *criterion = g_new0 (ActShownCriterion, 1);

  criterion->key = g_string_new_len (key->str, (gssize) key->len);
  criterion->hashes = act_shown_strings_new ();
  g_ptr_array_add (data, criterion);
  return act_json_scan_strings (scan, criterion->hashes);
}

static gboolean
read_criteria (ActJsonScan *scan, gpointer to)
{
  g_ptr_array_set_size (to, 0);
  return act_json_scan_members (scan, read_criterion, to);
}

/* --- statistics --- */

static gboolean
read_token (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "token", act_json_scan_string, G_STRUCT_OFFSET (ActShownToken, token),
        TRUE },
    { "count", act_json_scan_uint, G_STRUCT_OFFSET (ActShownToken, count) },
  };
  ActShownToken *token = g_new0 (ActShownToken, 1);

  token->token = g_string_new (NULL);
  g_ptr_array_add (to, token);
  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), token);
}

static gboolean
read_tokens (ActJsonScan *scan, gpointer to)
{
  g_ptr_array_set_size (to, 0);
  return act_json_scan_elements (scan, read_token, to);
}

#define AT(field) G_STRUCT_OFFSET (ActShownCluster, field)

static gboolean
read_histogram (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "bin_edges", act_json_scan_doubles, AT (bin_edges), TRUE },
    { "bin_counts", act_json_scan_uints, AT (bin_counts), TRUE },
  };
  ActShownCluster *self = to;

  if (!act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), self))
    return FALSE;
  if (self->bin_edges->len == self->bin_counts->len + 1)
    return TRUE;
  g_set_error (scan->error, ACT_ERROR, ACT_ERROR_FORMAT,
      "%u bin_edges of %u bin_counts, expected one more", self->bin_edges->len,
      self->bin_counts->len);
  return FALSE;
}

static gboolean
read_token_activations (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "top_tokens", read_tokens, AT (top_tokens), TRUE },
    { "total_unique_tokens", act_json_scan_uint, AT (n_unique_tokens) },
    { "total_activations", act_json_scan_uint, AT (n_active) },
    { "activation_threshold", act_json_scan_double, AT (threshold) },
  };

  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), to);
}

static gboolean
read_stats (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "all_activations", read_histogram, 0 },
    { "n_samples", act_json_scan_uint, AT (n_samples) },
    { "n_tokens", act_json_scan_uint, AT (n_tokens) },
    { "mean_activation", act_json_scan_double, AT (mean) },
    { "min_activation", act_json_scan_double, AT (min) },
    { "max_activation", act_json_scan_double, AT (max) },
    { "median_activation", act_json_scan_double, AT (median) },
    { "token_activations", read_token_activations, 0 },
  };

  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), to);
}

static gboolean
read_cluster (
    const char *line, gsize length, ActShownCluster *self, GError **error)
{
  static const ActJsonField fields[] = {
    { "cluster_hash", act_json_scan_string, AT (name), TRUE },
    { "components", read_components, 0 },
    { "criterion_samples", read_criteria, AT (criteria), TRUE },
    { "stats", read_stats, 0 },
  };
  g_auto (ActJsonScan) scan = { NULL };

  act_json_scan_init (&scan, line, length, TRUE, error);
  if (!g_utf8_validate_len (line, length, &scan.p))
    return act_json_scan_fail (&scan, "invalid UTF-8");
  scan.p = line;
  return act_json_scan_fields (&scan, fields, G_N_ELEMENTS (fields), self)
      && act_json_scan_end (&scan);
}

gboolean
act_shown_cluster_next (
    ActLines *lines, ActShownCluster **cluster, GError **error)
{
  g_autoptr (ActShownCluster) self = NULL;
  const char *line;
  gsize length;

  *cluster = NULL;
  if (!act_lines_next (lines, &line, &length, error))
    return FALSE;
  if (line == NULL)
    return TRUE;
  self = cluster_new (act_lines_get_number (lines) - 1);
  if (!read_cluster (line, length, self, error)) {
    act_lines_prefix (lines, error);
    return FALSE;
  }
  *cluster = g_steal_pointer (&self);
  return TRUE;
}

gboolean
act_shown_key_matches (const GString *key, const char *name)
{
  gsize length = strlen (name);

  if (key->len < length || memcmp (key->str, name, length) != 0)
    return FALSE;
  if (key->len == length)
    return TRUE;
  return key->str[length] == '-' && key->str[length + 1] != '\0'
      && strspn (key->str + length + 1, G_CSET_DIGITS) == key->len - length - 1;
}

const ActShownCriterion *
act_shown_cluster_get_criterion (const ActShownCluster *self, const char *key)
{
  for (guint i = 0; i < self->criteria->len; i++) {
    const ActShownCriterion *criterion = self->criteria->pdata[i];

    if (key == NULL || act_shown_key_matches (criterion->key, key))
      return criterion;
  }
  return NULL;
}
