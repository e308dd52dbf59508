/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A component's activations: of component_activations.npz, whose rows of one
 * member lie together, a row for each sample shown of its cluster. */
#include "reading/examplesread.h"

#include "acterror.h"
#include "formats/npzarray.h"
#include "reading/examplesread-private.h"

#define SAMPLES "samples.npz"
#define COMPONENTS "component_activations.npz"

/* n elements of an array from offset on, in new memory */
static gpointer
read_part (const ActShownDashboard *dashboard, const char *file,
    const char *name, ActDtype dtype, guint64 offset, guint64 n, GError **error)
{
  g_autofree char *path = act_shown_dashboard_path (dashboard, file);
  g_autoptr (ActNpzArray) array =
      act_npz_array_open (path, name, dtype, 1, error);
  g_autofree guint8 *data = NULL;
  gsize size;

  if (array == NULL)
    return NULL;
  if (!g_size_checked_mul (&size, n, act_dtype_size (dtype))
      || n > act_npz_array_get (array)->n_elements
      || (data = g_try_malloc (size + 1)) == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"%s\" has %" G_GSIZE_FORMAT
        " elements, expected %" G_GUINT64_FORMAT " from %" G_GUINT64_FORMAT
        " on, and memory for them",
        path, name, act_npz_array_get (array)->n_elements, n, offset);
    return NULL;
  }
  if (!act_npz_array_read (array, offset, n, data, error))
    return NULL;
  return g_steal_pointer (&data);
}

static gboolean
check_ascending (const char *file, const char *name, const gint64 *values,
    gsize n, GError **error)
{
  for (gsize i = 0; i < n; i++)
    if (values[i] < 0 || (i > 0 && values[i] < values[i - 1])) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "%s: \"%s\" does not ascend", file, name);
      return FALSE;
    }
  return TRUE;
}

/* part of an array of offsets: n + 1 of them for n things */
static gint64 *
read_offsets (const ActShownDashboard *dashboard, const char *file,
    const char *name, guint64 first, guint64 n, GError **error)
{
  g_autofree gint64 *offsets =
      read_part (dashboard, file, name, ACT_DTYPE_I64, first, n + 1, error);

  if (offsets == NULL
      || !check_ascending (file, name, offsets, (gsize) n + 1, error))
    return NULL;
  return g_steal_pointer (&offsets);
}

static gboolean
read_n_positions (
    const ActShownDashboard *dashboard, guint *n_positions, GError **error)
{
  g_autofree char *path = act_shown_dashboard_path (dashboard, SAMPLES);
  g_autoptr (ActNpzArray) array =
      act_npz_array_open (path, "activations", ACT_DTYPE_F32, 2, error);
  guint64 n;

  if (array == NULL)
    return FALSE;
  n = act_npz_array_get (array)->shape[1];
  if (n == 0 || n > G_MAXINT) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': rows of %" G_GUINT64_FORMAT " activations", path, n);
    return FALSE;
  }
  *n_positions = (guint) n;
  return TRUE;
}

/* the samples shown of the cluster, without activations yet */
static GPtrArray *
make_examples (const ActShownDashboard *dashboard,
    const ActShownCluster *cluster, GError **error)
{
  g_autofree gint64 *rows =
      read_offsets (dashboard, SAMPLES, "indptr", cluster->line, 1, error);
  g_autofree guint64 *samples = NULL;
  g_autoptr (GPtrArray) examples = act_shown_examples_new ();

  if (rows != NULL)
    samples = read_part (dashboard, SAMPLES, "sample", ACT_DTYPE_U64,
        (guint64) rows[0], (guint64) (rows[1] - rows[0]), error);
  if (samples == NULL)
    return NULL;
  for (gint64 row = rows[0]; row < rows[1]; row++)
    g_ptr_array_add (examples,
        act_shown_example_new (
            (guint64) row, (gint64) samples[row - rows[0]], ""));
  return g_steal_pointer (&examples);
}

static gboolean
fill_example (ActShownExample *example, const gint32 *positions,
    const float *values, guint64 n, GError **error)
{
  for (guint64 i = 0; i < n; i++) {
    if (positions[i] < 0 || (guint) positions[i] >= example->n_positions) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          COMPONENTS ": position %d, expected 0 to %u", positions[i],
          example->n_positions - 1);
      return FALSE;
    }
    example->values[positions[i]] = values[i];
  }
  if (act_shown_example_check (example, error))
    return TRUE;
  g_prefix_error (error, COMPONENTS ": ");
  return FALSE;
}

/* first: CSR row of the member at the first example */
static gboolean
fill_examples (const ActShownDashboard *dashboard, guint64 first,
    guint n_positions, GPtrArray *examples, GError **error)
{
  g_autofree gint64 *offsets = read_offsets (
      dashboard, COMPONENTS, "indptr", first, examples->len, error);
  g_autofree gint32 *positions = NULL;
  g_autofree float *values = NULL;
  guint64 begin, n;

  if (offsets == NULL)
    return FALSE;
  begin = (guint64) offsets[0];
  n = (guint64) offsets[examples->len] - begin;
  positions = read_part (
      dashboard, COMPONENTS, "positions", ACT_DTYPE_I32, begin, n, error);
  if (positions != NULL)
    values = read_part (
        dashboard, COMPONENTS, "values", ACT_DTYPE_F32, begin, n, error);
  if (values == NULL)
    return FALSE;
  for (guint k = 0; k < examples->len; k++) {
    ActShownExample *example = examples->pdata[k];
    guint64 at = (guint64) offsets[k] - begin;

    example->n_positions = n_positions;
    example->values = g_try_malloc0_n (n_positions, sizeof (float));
    if (example->values == NULL) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
          "no memory for a row of %u activations", n_positions);
      return FALSE;
    }
    if (!fill_example (example, positions + at, values + at,
            (guint64) (offsets[k + 1] - offsets[k]), error))
      return FALSE;
  }
  return TRUE;
}

static float
peak_value (const ActShownExample *example)
{
  return example->values[act_shown_example_get_peak (example)];
}

static int
compare_peaks (gconstpointer a, gconstpointer b)
{
  const ActShownExample *first = *(ActShownExample *const *) a;
  const ActShownExample *second = *(ActShownExample *const *) b;
  float x = peak_value (first), y = peak_value (second);

  if (x != y)
    return x < y ? 1 : -1;
  return (first->row > second->row) - (first->row < second->row);
}

GPtrArray *
act_shown_member_examples_read (const ActShownDashboard *dashboard,
    const ActShownCluster *cluster, guint member, guint limit, GError **error)
{
  g_autofree gint64 *rows = read_offsets (
      dashboard, COMPONENTS, "line_indptr", cluster->line, 1, error);
  g_autoptr (GPtrArray) examples = NULL;
  guint n_positions;

  if (rows == NULL || !read_n_positions (dashboard, &n_positions, error))
    return NULL;
  examples = make_examples (dashboard, cluster, error);
  if (examples == NULL)
    return NULL;
  if (examples->len == 0)
    return g_steal_pointer (&examples);
  if ((guint64) (rows[1] - rows[0])
      != (guint64) cluster->labels->len * examples->len) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        COMPONENTS ": %" G_GINT64_FORMAT " rows of '%s', expected %u for each "
                   "of its %u components",
        rows[1] - rows[0], cluster->name->str, examples->len,
        cluster->labels->len);
    return NULL;
  }
  if (!fill_examples (dashboard,
          (guint64) rows[0] + (guint64) member * examples->len, n_positions,
          examples, error))
    return NULL;
  g_ptr_array_sort (examples, compare_peaks);
  if (examples->len > limit)
    g_ptr_array_set_size (examples, (int) limit);
  if (!act_shown_examples_add_lines (dashboard, examples, error)
      || !act_shown_examples_add_texts (dashboard, examples, TRUE, error))
    return NULL;
  return g_steal_pointer (&examples);
}
