/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/reading.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/jsonscan.h"
#include "reading/nearnames.h"
#include "reading/textsread.h"

#define MAX_INFO ((gsize) 64 << 20)
#define N_TEXTS_FOR_KIND 64

char *
act_shown_dashboard_path (const ActShownDashboard *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

static gboolean
has_file (const ActShownDashboard *self, const char *name)
{
  g_autofree char *path = act_shown_dashboard_path (self, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

ActLines *
act_shown_dashboard_open_lines (
    const ActShownDashboard *self, const char *name, GError **error)
{
  g_autofree char *path = act_shown_dashboard_path (self, name);

  return act_lines_open (path, error);
}

/* --- opening --- */

static gboolean
check_folder (const ActShownDashboard *self, GError **error)
{
  const char *what = "exists, but is no folder";

  if (has_file (self, "clusters.jsonl"))
    return TRUE;
  if (g_file_test (self->folder, G_FILE_TEST_IS_DIR))
    what = "is no dashboard: it has no clusters.jsonl";
  else if (!g_file_test (self->folder, G_FILE_TEST_EXISTS))
    what = "does not exist";
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' %s, expected the folder of a dashboard", self->folder, what);
  return FALSE;
}

static gboolean
read_info (ActShownDashboard *self, GError **error)
{
  static const ActJsonField fields[] = {
    { "n_samples", act_json_scan_uint,
        G_STRUCT_OFFSET (ActShownDashboard, n_samples) },
    { "n_positions", act_json_scan_uint,
        G_STRUCT_OFFSET (ActShownDashboard, n_positions) },
  };
  g_autofree char *path = act_shown_dashboard_path (self, "model_info.json");
  g_autoptr (GBytes) bytes = NULL;
  g_auto (ActJsonScan) scan = { NULL };
  const char *data;
  gsize size;

  if (!has_file (self, "model_info.json"))
    return TRUE;
  bytes = act_file_read (path, MAX_INFO, error);
  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  act_json_scan_init (&scan, data, size, TRUE, error);
  if (act_json_scan_fields (&scan, fields, G_N_ELEMENTS (fields), self)
      && act_json_scan_end (&scan))
    return TRUE;
  g_prefix_error (error, "'%s': ", path);
  return FALSE;
}

/* by the first texts */
static gboolean
find_kind (ActShownDashboard *self, GError **error)
{
  g_autoptr (ActLines) lines = NULL;
  ActTokenSigns signs = { 0 };

  if (!has_file (self, "text_samples.jsonl"))
    return TRUE;
  lines = act_shown_dashboard_open_lines (self, "text_samples.jsonl", error);
  for (guint i = 0; lines != NULL && i < N_TEXTS_FOR_KIND; i++) {
    g_autoptr (ActShownText) text = NULL;

    if (!act_shown_text_next (lines, &text, error))
      return FALSE;
    if (text == NULL)
      break;
    for (guint t = 0; t < text->tokens->len; t++) {
      const GString *token = text->tokens->pdata[t];

      act_token_signs_add (&signs, token->str, token->len);
    }
  }
  self->kind = act_token_signs_get_kind (&signs);
  return lines != NULL;
}

ActShownDashboard *
act_shown_dashboard_open (const char *folder, GError **error)
{
  g_autoptr (ActShownDashboard) self = g_new0 (ActShownDashboard, 1);

  self->folder = g_strdup (folder);
  if (!check_folder (self, error) || !read_info (self, error)
      || !find_kind (self, error))
    return NULL;
  self->has_facts = has_file (self, "cluster_facts.jsonl");
  return g_steal_pointer (&self);
}

void
act_shown_dashboard_free (ActShownDashboard *self)
{
  if (self == NULL)
    return;
  g_free (self->folder);
  g_free (self);
}

/* --- finding --- */

static gboolean
is_cluster (const ActShownCluster *cluster, const char *id)
{
  const char *dash = strrchr (cluster->name->str, '-');

  return g_str_equal (cluster->name->str, id)
      || (dash != NULL && g_str_equal (dash + 1, id));
}

static void
set_unknown (const char *kind, const char *id, const char *folder,
    const ActNearNames *near_names, GError **error)
{
  g_autofree char *near = act_near_names_get (near_names);

  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE, "no %s '%s' in '%s'%s%s%s",
      kind, id, folder, near != NULL ? "; there is " : "",
      near != NULL ? near : "", near != NULL ? "" : ", or it was never active");
}

ActShownCluster *
act_shown_dashboard_find_cluster (
    const ActShownDashboard *self, const char *id, GError **error)
{
  g_autoptr (ActNearNames) near_names = act_near_names_new (id);
  g_autoptr (ActLines) lines =
      act_shown_dashboard_open_lines (self, "clusters.jsonl", error);

  while (lines != NULL) {
    g_autoptr (ActShownCluster) cluster = NULL;

    if (!act_shown_cluster_next (lines, &cluster, error))
      return NULL;
    if (cluster == NULL) {
      set_unknown ("cluster", id, self->folder, near_names, error);
      return NULL;
    }
    if (is_cluster (cluster, id))
      return g_steal_pointer (&cluster);
    act_near_names_add (near_names, cluster->name->str);
  }
  return NULL;
}

static gboolean
find_member (const ActShownCluster *cluster, const char *label,
    ActNearNames *near_names, guint *index)
{
  for (guint i = 0; i < cluster->labels->len; i++) {
    const GString *member = cluster->labels->pdata[i];

    if (g_str_equal (member->str, label)) {
      *index = i;
      return TRUE;
    }
    act_near_names_add (near_names, member->str);
  }
  return FALSE;
}

ActShownCluster *
act_shown_dashboard_find_component (const ActShownDashboard *self,
    const char *label, guint *index, GError **error)
{
  g_autoptr (ActNearNames) near_names = act_near_names_new (label);
  g_autoptr (ActLines) lines =
      act_shown_dashboard_open_lines (self, "clusters.jsonl", error);

  while (lines != NULL) {
    g_autoptr (ActShownCluster) cluster = NULL;

    if (!act_shown_cluster_next (lines, &cluster, error))
      return NULL;
    if (cluster == NULL) {
      set_unknown ("component", label, self->folder, near_names, error);
      return NULL;
    }
    if (find_member (cluster, label, near_names, index))
      return g_steal_pointer (&cluster);
  }
  return NULL;
}

ActShownFacts *
act_shown_dashboard_get_facts (const ActShownDashboard *self,
    const ActShownCluster *cluster, GError **error)
{
  g_autoptr (ActLines) lines =
      act_shown_dashboard_open_lines (self, "cluster_facts.jsonl", error);
  g_autoptr (ActShownFacts) facts = NULL;

  if (lines == NULL || !act_lines_seek (lines, cluster->line, error)
      || !act_shown_facts_next (lines, ACT_SHOWN_ALL, &facts, error))
    return NULL;
  if (g_string_equal (facts->name, cluster->name)
      && (facts->members->len == 0
          || facts->members->len == cluster->labels->len))
    return g_steal_pointer (&facts);
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "it is about '%s' and %u members, expected '%s' and %u as in "
      "clusters.jsonl",
      facts->name->str, facts->members->len, cluster->name->str,
      cluster->labels->len);
  act_lines_prefix (lines, error);
  return NULL;
}

double
act_shown_dashboard_get_rate (
    const ActShownDashboard *self, const ActShownCluster *cluster)
{
  if (self->n_positions == 0)
    return -1;
  return (double) cluster->n_active / (double) self->n_positions;
}
