/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "clusters/clusterfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "formats/output.h"

#define MAX_FILE_SIZE ((gsize) 1 << 30)

void
act_cluster_file_free (ActClusterFile *file)
{
  g_free (file->ids);
  g_free (file->n_members);
  g_clear_pointer (&file->labels, g_ptr_array_unref);
  g_free (file);
}

/* a cluster as it stands in the file */
typedef struct {
  gint64 id;
  JsonArray *members;
} Entry;

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const Entry *) a)->id, right = ((const Entry *) b)->id;

  return left < right ? -1 : left > right;
}

/* Integers have one spelling, so that an id cannot come twice in two. */
static gboolean
parse_id (const char *text, gint64 *id)
{
  g_autofree char *canonical = NULL;

  *id = g_ascii_strtoll (text, NULL, 10);
  canonical = g_strdup_printf ("%" G_GINT64_FORMAT, *id);
  return g_str_equal (text, canonical);
}

static gboolean
read_entry (Entry *entry, const char *filename, const char *name,
    JsonNode *node, GError **error)
{
  if (!parse_id (name, &entry->id)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': cluster \"%s\": expected an integer in its shortest form as id",
        filename, name);
    return FALSE;
  }
  if (!JSON_NODE_HOLDS_ARRAY (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': cluster %s: expected a list of labels", filename, name);
    return FALSE;
  }
  entry->members = json_node_get_array (node);
  if (json_array_get_length (entry->members) == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': cluster %s is empty, expected at least one label", filename,
        name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
add_entry (ActClusterFile *file, const char *filename, const Entry *entry,
    GError **error)
{
  guint n = json_array_get_length (entry->members);

  file->ids[file->n_clusters] = entry->id;
  file->n_members[file->n_clusters] = n;
  file->n_clusters++;
  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (entry->members, i);

    if (!JSON_NODE_HOLDS_VALUE (node)
        || json_node_get_value_type (node) != G_TYPE_STRING) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': cluster %" G_GINT64_FORMAT
          ", item %u: expected a label \"module:index\"",
          filename, entry->id, i);
      return FALSE;
    }
    g_ptr_array_add (file->labels, g_strdup (json_node_get_string (node)));
  }
  return TRUE;
}

/* no id of a clusters.json is called so */
static gboolean
is_map (JsonObject *root)
{
  JsonNode *node = json_object_get_member (root, "clusters");

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node);
}

gboolean
act_cluster_file_read_json (
    ActClusterFile *file, const char *filename, GError **error)
{
  g_autoptr (JsonNode) root =
      act_json_read_file (filename, MAX_FILE_SIZE, error);
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': expected an object {\"id\": [\"module:index\", ..], ..}",
        filename);
    return FALSE;
  }
  if (is_map (json_node_get_object (root)))
    return act_cluster_file_read_map (
        file, filename, json_node_get_object (root), error);
  json_object_iter_init (&iter, json_node_get_object (root));
  while (json_object_iter_next (&iter, &name, &node)) {
    Entry entry;

    if (!read_entry (&entry, filename, name, node, error))
      return FALSE;
    g_array_append_val (entries, entry);
  }
  if (entries->len == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s' has no clusters, expected at least one", filename);
    return FALSE;
  }
  g_array_sort (entries, compare_entries);
  file->ids = g_new (gint64, entries->len);
  file->n_members = g_new (guint, entries->len);
  for (guint i = 0; i < entries->len; i++) {
    if (!add_entry (file, filename, &g_array_index (entries, Entry, i), error))
      return FALSE;
  }
  if (file->iteration == -1)
    file->iteration = 0;
  return TRUE;
}

/* Whether the file begins as a zip does (an empty one too). */
static gboolean
is_zip (const char *filename, gboolean *zip, GError **error)
{
  char magic[4] = "";
  FILE *stream = fopen (filename, "rbe");

  if (stream == NULL || (fread (magic, 1, 4, stream) < 4 && ferror (stream))) {
    act_set_errno_error (
        error, errno, FALSE, "cluster file '%s' cannot be read", filename);
    g_clear_pointer (&stream, fclose);
    return FALSE;
  }
  fclose (stream);
  *zip = memcmp (magic, "PK", 2) == 0;
  return TRUE;
}

/* (transfer full) the array's file of an ensemble, NULL: it is none */
static char *
find_ensemble (const char *filename)
{
  if (g_file_test (filename, G_FILE_TEST_IS_DIR))
    return g_build_filename (filename, "ensemble_merge_array.npz", NULL);
  return g_str_has_suffix (filename, ".npz") ? g_strdup (filename) : NULL;
}

static gboolean
read_kind (ActClusterFile *file, const char *filename, gint ensemble_run,
    GError **error)
{
  g_autofree char *ensemble = find_ensemble (filename);
  gboolean zip = FALSE;

  if (g_str_equal (filename, ACT_CLUSTERS_SINGLETONS)) {
    file->singletons = TRUE;
    file->iteration = file->iteration == -1 ? 0 : file->iteration;
    return TRUE;
  }
  if (ensemble != NULL)
    return act_cluster_file_read_ensemble (file, ensemble, ensemble_run, error);
  if (!is_zip (filename, &zip, error))
    return FALSE;
  return zip ? act_cluster_file_read_merge_history (file, filename, error)
             : act_cluster_file_read_json (file, filename, error);
}

ActClusterFile *
act_cluster_file_read (
    const char *filename, gint iteration, gint ensemble_run, GError **error)
{
  g_autoptr (ActClusterFile) file = g_new0 (ActClusterFile, 1);

  file->iteration = iteration;
  file->labels = g_ptr_array_new_with_free_func (g_free);
  if (!read_kind (file, filename, ensemble_run, error))
    return NULL;
  return g_steal_pointer (&file);
}
