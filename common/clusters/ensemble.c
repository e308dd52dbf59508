/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "clusters/clusterfile.h"

#include "acterror.h"
#include "formats/json.h"
#include "formats/npzarray.h"

#define META "ensemble_meta.json"
#define ARRAY "ensemble_merge_array.npz"
#define LABELS "component_labels"
#define MAX_META_SIZE ((gsize) 1 << 30)

/* (transfer full) the file beside the array that names its components */
static char *
find_meta (const char *filename, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (filename);
  g_autofree char *meta = g_build_filename (folder, META, NULL);
  g_autofree char *array = g_path_get_basename (filename);

  if (g_file_test (filename, G_FILE_TEST_EXISTS)
      && g_file_test (meta, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&meta);
  g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
      "'%s' has no %s, expected an ensemble of merge runs there: " ARRAY
      ", and " META " that names its components",
      folder, g_file_test (filename, G_FILE_TEST_EXISTS) ? META : array);
  return NULL;
}

/* a list's labels, which it keeps; NULL: *bad says which is none */
static GPtrArray *
list_labels (JsonArray *list, guint *bad)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new ();

  for (*bad = 0; *bad < json_array_get_length (list); (*bad)++) {
    JsonNode *label = json_array_get_element (list, *bad);

    if (!JSON_NODE_HOLDS_VALUE (label)
        || json_node_get_value_type (label) != G_TYPE_STRING)
      return NULL;
    g_ptr_array_add (labels, (char *) json_node_get_string (label));
  }
  return labels->len > 0 ? g_steal_pointer (&labels) : NULL;
}

/* (transfer full) the labels, which *meta holds */
static GPtrArray *
read_labels (const char *filename, JsonNode **meta, GError **error)
{
  g_autofree char *name = find_meta (filename, error);
  JsonNode *root =
      name != NULL ? act_json_read_file (name, MAX_META_SIZE, error) : NULL;
  JsonNode *list;
  GPtrArray *labels;
  guint bad;

  *meta = root;
  if (root == NULL)
    return NULL;
  list = JSON_NODE_HOLDS_OBJECT (root)
      ? json_object_get_member (json_node_get_object (root), LABELS)
      : NULL;
  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"" LABELS "\" is %s, expected a list of \"module:index\"", name,
        list == NULL ? "missing" : json_node_type_name (list));
    return NULL;
  }
  labels = list_labels (json_node_get_array (list), &bad);
  if (labels == NULL)
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"" LABELS "\"[%u] is no string, expected \"module:index\"",
        name, bad);
  return labels;
}

/* [runs, iterations, labels], of 16, 32 or 64 bits */
static ActNpzArray *
open_array (const char *filename, GError **error)
{
  g_autoptr (ActNpzArray) array =
      act_npz_array_open_any (filename, "merges", error);
  const ActTensor *tensor;
  g_autofree char *shape = NULL;

  if (array == NULL)
    return NULL;
  tensor = act_npz_array_get (array);
  if (tensor->n_dims == 3
      && (tensor->dtype == ACT_DTYPE_I16 || tensor->dtype == ACT_DTYPE_I32
          || tensor->dtype == ACT_DTYPE_I64))
    return g_steal_pointer (&array);
  shape = act_tensor_shape_to_string (tensor->n_dims, tensor->shape);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': merges.npy is %s %s, expected I16, I32 or I64 [runs, iterations, "
      "components]",
      filename, act_dtype_name (tensor->dtype), shape);
  return NULL;
}

/* which of the ensemble's runs */
static gboolean
resolve_run (const char *filename, gint wanted, guint64 n_runs, guint64 *run,
    GError **error)
{
  *run = wanted < 0 ? 0 : (guint64) wanted;
  if (*run < n_runs && (wanted >= 0 || n_runs == 1))
    return TRUE;
  if (n_runs == 0)
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s' has no runs, expected one at least", filename);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "'%s' has %" G_GUINT64_FORMAT " runs, expected ensemble-run to be one "
        "of 0 to %" G_GUINT64_FORMAT,
        filename, n_runs, n_runs - 1);
  return FALSE;
}

static gboolean
resolve_iteration (
    ActClusterFile *file, const char *filename, guint64 n, GError **error)
{
  gint64 row =
      file->iteration < 0 ? (gint64) n + file->iteration : file->iteration;

  if (n <= G_MAXINT && row >= 0 && row < (gint64) n) {
    file->iteration = (gint) row;
    return TRUE;
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
      "'%s' has no iteration %d: it has %" G_GUINT64_FORMAT
      ", counted from 0 or, from the end, from -1",
      filename, file->iteration, n);
  return FALSE;
}

/* the groups of one run after one iteration */
static gboolean
read_groups (
    ActNpzArray *array, guint64 offset, guint n, gint64 *ids, GError **error)
{
  ActDtype dtype = act_npz_array_get (array)->dtype;
  g_autofree void *row = g_malloc_n (n, act_dtype_size (dtype));

  if (!act_npz_array_read (array, offset, n, row, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    ids[i] = dtype == ACT_DTYPE_I16 ? ((gint16 *) row)[i]
        : dtype == ACT_DTYPE_I32    ? ((gint32 *) row)[i]
                                    : ((gint64 *) row)[i];
  return TRUE;
}

static gboolean
check_groups (const char *filename, const GPtrArray *labels, const gint64 *ids,
    GError **error)
{
  for (guint i = 0; i < labels->len; i++) {
    if (ids[i] >= 0)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': '%s' is in group %" G_GINT64_FORMAT ", expected 0 or more",
        filename, (char *) labels->pdata[i], ids[i]);
    return FALSE;
  }
  return TRUE;
}

gboolean
act_cluster_file_read_ensemble (ActClusterFile *file, const char *filename,
    gint ensemble_run, GError **error)
{
  g_autoptr (JsonNode) meta = NULL;
  g_autoptr (GPtrArray) labels = read_labels (filename, &meta, error);
  g_autoptr (ActNpzArray) array =
      labels != NULL ? open_array (filename, error) : NULL;
  g_autofree gint64 *ids = NULL;
  const guint64 *shape;
  guint64 run;

  if (array == NULL)
    return FALSE;
  shape = act_npz_array_get (array)->shape;
  if (shape[2] != labels->len) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has %" G_GUINT64_FORMAT
        " components, expected %u, the labels of its " META,
        filename, shape[2], labels->len);
    return FALSE;
  }
  if (!resolve_run (filename, ensemble_run, shape[0], &run, error)
      || !resolve_iteration (file, filename, shape[1], error))
    return FALSE;
  ids = g_new (gint64, labels->len);
  if (!read_groups (array,
          (run * shape[1] + (guint64) file->iteration) * shape[2], labels->len,
          ids, error)
      || !check_groups (filename, labels, ids, error))
    return FALSE;
  act_cluster_file_group (
      file, labels->len, (const char *const *) labels->pdata, ids);
  return TRUE;
}
