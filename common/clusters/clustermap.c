/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "clusters/clusterfile.h"

#include "acterror.h"

/* Which cluster each label is in: {"module:index": id or null, ..} */

typedef struct {
  gint64 id;
  const char *label;
  guint place; /* members of a cluster keep their order */
} Member;

static gint
compare_members (gconstpointer a, gconstpointer b)
{
  const Member *x = a, *y = b;

  if (x->id != y->id)
    return x->id < y->id ? -1 : 1;
  return x->place < y->place ? -1 : 1;
}

void
act_cluster_file_group (ActClusterFile *file, guint n_labels,
    const char *const *labels, const gint64 *ids)
{
  g_autofree Member *members = g_new (Member, n_labels);

  for (guint i = 0; i < n_labels; i++)
    members[i] = (Member){ ids[i], labels[i], i };
  qsort (members, n_labels, sizeof (Member), compare_members);
  file->ids = g_new (gint64, n_labels);
  file->n_members = g_new0 (guint, n_labels);
  for (guint i = 0; i < n_labels; i++) {
    if (i == 0 || members[i].id != members[i - 1].id)
      file->ids[file->n_clusters++] = members[i].id;
    file->n_members[file->n_clusters - 1]++;
    g_ptr_array_add (file->labels, g_strdup (members[i].label));
  }
}

static gboolean
read_id (const char *filename, const char *label, JsonNode *node, gint64 *id,
    GError **error)
{
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_INT64) {
    *id = json_node_get_int (node);
    if (*id >= 0)
      return TRUE;
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"clusters\": '%s' has no cluster, expected an integer from 0 on, "
      "or null for one of its own",
      filename, label);
  return FALSE;
}

/* null is a cluster of its own, with the next id behind all others */
static gboolean
name_singletons (const char *filename, guint n, const guint8 *single,
    gint64 largest, gint64 *ids, GError **error)
{
  for (guint i = 0; i < n; i++) {
    if (!single[i])
      continue;
    if (largest == G_MAXINT64) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "'%s': the largest cluster id leaves none for those that are null",
          filename);
      return FALSE;
    }
    ids[i] = ++largest;
  }
  return TRUE;
}

/* the map may say of which iteration it is; the property comes first */
static void
take_iteration (ActClusterFile *file, JsonObject *root)
{
  JsonNode *node = json_object_get_member (root, "iteration");

  if (file->iteration != -1)
    return;
  file->iteration = 0;
  if (node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_INT64
      && json_node_get_int (node) >= 0 && json_node_get_int (node) <= G_MAXINT)
    file->iteration = (gint) json_node_get_int (node);
}

gboolean
act_cluster_file_read_map (ActClusterFile *file, const char *filename,
    JsonObject *root, GError **error)
{
  JsonObject *map = json_object_get_object_member (root, "clusters");
  guint n = json_object_get_size (map), i = 0;
  g_autofree const char **labels = g_new (const char *, MAX (n, 1));
  g_autofree gint64 *ids = g_new (gint64, MAX (n, 1));
  g_autofree guint8 *single = g_new0 (guint8, MAX (n, 1));
  gint64 largest = -1;
  JsonObjectIter iter;
  const char *label;
  JsonNode *node;

  if (n == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s' has no clusters, expected at least one", filename);
    return FALSE;
  }
  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &label, &node)) {
    labels[i] = label;
    single[i] = json_node_is_null (node);
    if (!single[i] && !read_id (filename, labels[i], node, &ids[i], error))
      return FALSE;
    if (!single[i])
      largest = MAX (largest, ids[i]);
    i++;
  }
  if (!name_singletons (filename, n, single, largest, ids, error))
    return FALSE;
  act_cluster_file_group (file, n, labels, ids);
  take_iteration (file, root);
  return TRUE;
}
