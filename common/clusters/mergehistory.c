/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "clusters/clusterfile.h"

#include <string.h>

#include "acterror.h"
#include "formats/npy.h"
#include "formats/zip.h"

#define MAX_LABELS_SIZE ((gsize) 1 << 30)
#define MAX_K_GROUPS_SIZE ((gsize) 1 << 28)
#define MAX_NPY_HEADER ((gsize) 1 << 16)
#define MAX_LABELS G_MAXINT32

static char **
read_labels (const char *filename, guint *n_labels, GError **error)
{
  g_autoptr (GBytes) bytes =
      act_zip_read_member (filename, "labels.txt", MAX_LABELS_SIZE, error);
  g_autofree char *text = NULL;
  g_auto (GStrv) labels = NULL;
  gsize size;
  const char *data;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  /* this refuses U+0000 too */
  if (size == 0 || !g_utf8_validate_len (data, size, NULL)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': labels.txt: expected a label a line, in UTF-8", filename);
    return NULL;
  }
  text = g_strndup (data, size);
  if (text[size - 1] == '\n')
    text[size - 1] = '\0';
  labels = g_strsplit (text, "\n", -1);
  if (g_strv_length (labels) > MAX_LABELS) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': labels.txt: more than %d labels", filename, MAX_LABELS);
    return NULL;
  }
  *n_labels = g_strv_length (labels);
  for (guint i = 0; i < *n_labels; i++) {
    if (labels[i][0] == '\0') {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': labels.txt: line %u is empty, expected a label", filename,
          i + 1);
      return NULL;
    }
  }
  return g_steal_pointer (&labels);
}

static gboolean
is_integer (ActDtype dtype)
{
  switch (dtype) {
  case ACT_DTYPE_U8:
  case ACT_DTYPE_I8:
  case ACT_DTYPE_U16:
  case ACT_DTYPE_I16:
  case ACT_DTYPE_U32:
  case ACT_DTYPE_I32:
  case ACT_DTYPE_U64:
  case ACT_DTYPE_I64:
    return TRUE;
  default:
    return FALSE;
  }
}

/* Element i of an integer array; what does not fit is -1, which is no count
 * and no group. */
static gint64
get_integer (const ActTensor *tensor, gsize i)
{
  switch (tensor->dtype) {
  case ACT_DTYPE_U8:
    return ((const guint8 *) tensor->data)[i];
  case ACT_DTYPE_I8:
    return ((const gint8 *) tensor->data)[i];
  case ACT_DTYPE_U16:
    return ((const guint16 *) tensor->data)[i];
  case ACT_DTYPE_I16:
    return ((const gint16 *) tensor->data)[i];
  case ACT_DTYPE_U32:
    return ((const guint32 *) tensor->data)[i];
  case ACT_DTYPE_I32:
    return ((const gint32 *) tensor->data)[i];
  case ACT_DTYPE_U64: {
    guint64 value = ((const guint64 *) tensor->data)[i];

    return value <= G_MAXINT64 ? (gint64) value : -1;
  }
  case ACT_DTYPE_I64:
    return ((const gint64 *) tensor->data)[i];
  default:
    g_return_val_if_reached (-1);
  }
}

/* An integer array of one or two dimensions; 0 in shape: any size. */
static ActNpy *
read_array (const char *filename, const char *member, gsize max_size,
    guint n_dims, const guint64 *shape, GError **error)
{
  g_autoptr (GBytes) bytes =
      act_zip_read_member (filename, member, max_size, error);
  g_autofree char *name = g_strdup_printf ("%s: %s", filename, member);
  g_autoptr (ActNpy) npy = NULL;
  const ActTensor *tensor;
  gboolean fits;

  if (bytes == NULL)
    return NULL;
  npy = act_npy_new_from_bytes (bytes, name, error);
  if (npy == NULL)
    return NULL;
  tensor = act_npy_get (npy);
  fits = tensor->n_dims == n_dims && is_integer (tensor->dtype);
  for (guint i = 0; fits && i < n_dims; i++)
    fits = shape[i] == 0 || tensor->shape[i] == shape[i];
  if (!fits) {
    g_autofree char *found =
        act_tensor_shape_to_string (tensor->n_dims, tensor->shape);
    g_autofree char *expected = act_tensor_shape_to_string (n_dims, shape);

    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': %s is %s %s, expected integers %s%s", filename, member,
        act_dtype_name (tensor->dtype), found, expected,
        n_dims == 1 ? " (0: any number)" : "");
    return NULL;
  }
  return g_steal_pointer (&npy);
}

static gboolean
resolve_row (gint iteration, guint64 n_rows, const char *filename, gint *row,
    GError **error)
{
  gint64 resolved = iteration < 0 ? (gint64) n_rows + iteration : iteration;

  if (n_rows == 0 || n_rows > G_MAXINT || resolved < 0
      || resolved >= (gint64) n_rows) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "'%s' has no row for iteration %d: it has %" G_GUINT64_FORMAT
        " rows, 0 to %" G_GINT64_FORMAT
        " or, from the end, -1 to -%" G_GUINT64_FORMAT,
        filename, iteration, n_rows, (gint64) n_rows - 1, n_rows);
    return FALSE;
  }
  *row = (gint) resolved;
  return TRUE;
}

/* The members of each group, in the order of the labels. */
static gboolean
add_groups (ActClusterFile *file, const char *filename, const ActTensor *groups,
    gint64 k, char **labels, guint n, GError **error)
{
  gsize first = (gsize) file->iteration * n;
  g_autofree guint *next = NULL; /* where a group's next label goes */
  guint begin = 0;

  if (k < 1 || k > n) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': merge.k_groups.npy: row %d says %" G_GINT64_FORMAT
        " groups, expected 1 to %u, the number of labels",
        filename, file->iteration, k, n);
    return FALSE;
  }
  file->n_clusters = (guint) k;
  file->ids = g_new (gint64, k);
  file->n_members = g_new0 (guint, k);
  for (guint i = 0; i < n; i++) {
    gint64 group = get_integer (groups, first + i);

    if (group < 0 || group >= k) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "'%s': merge.group_idxs.npy: row %d puts '%s' in group "
          "%" G_GINT64_FORMAT ", expected 0 to %" G_GINT64_FORMAT,
          filename, file->iteration, labels[i], group, k - 1);
      return FALSE;
    }
    file->n_members[group]++;
  }
  next = g_new (guint, k);
  for (guint i = 0; i < k; i++) {
    if (file->n_members[i] == 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "'%s': merge.group_idxs.npy: cluster %u is empty in row %d, "
          "expected at least one member",
          filename, i, file->iteration);
      return FALSE;
    }
    file->ids[i] = i;
    next[i] = begin;
    begin += file->n_members[i];
  }
  g_ptr_array_set_size (file->labels, (gint) n);
  for (guint i = 0; i < n; i++) {
    gint64 group = get_integer (groups, first + i);

    file->labels->pdata[next[group]++] = g_strdup (labels[i]);
  }
  return TRUE;
}

gboolean
act_cluster_file_read_merge_history (
    ActClusterFile *file, const char *filename, GError **error)
{
  g_auto (GStrv) labels = NULL;
  g_autoptr (ActNpy) k_groups = NULL;
  g_autoptr (ActNpy) groups = NULL;
  guint64 shape[2] = { 0, 0 };
  gsize max_size;
  guint n;

  labels = read_labels (filename, &n, error);
  if (labels == NULL)
    return FALSE;
  k_groups = read_array (
      filename, "merge.k_groups.npy", MAX_K_GROUPS_SIZE, 1, shape, error);
  if (k_groups == NULL)
    return FALSE;
  shape[0] = act_npy_get (k_groups)->shape[0];
  shape[1] = n;
  if (!resolve_row (
          file->iteration, shape[0], filename, &file->iteration, error))
    return FALSE;
  /* the largest integers, so that the size is bounded by what was read */
  if (!g_size_checked_mul (&max_size, shape[0], n)
      || !g_size_checked_mul (&max_size, max_size, 8)
      || !g_size_checked_add (&max_size, max_size, MAX_NPY_HEADER)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': %" G_GUINT64_FORMAT " rows of %u labels are too many", filename,
        shape[0], n);
    return FALSE;
  }
  groups =
      read_array (filename, "merge.group_idxs.npy", max_size, 2, shape, error);
  if (groups == NULL)
    return FALSE;
  return add_groups (file, filename, act_npy_get (groups),
      get_integer (act_npy_get (k_groups), (gsize) file->iteration), labels, n,
      error);
}
