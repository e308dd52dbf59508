/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactcomponents-private.h"

#include <gst/activations/gstacterror.h>

#include "sparse/csr.h"

/**
 * SECTION:gstactcomponents
 * @short_description: what a clustering element reads
 *
 * A row is a position: the activations of all components at one token.
 */

struct _GstActComponents {
  gint ref_count;
  const GstActBatch *batch; /* NULL once detached */

  /* of the dense layout: one row's nonzeros */
  gint32 *row_columns;
  gfloat *row_values;
};

G_DEFINE_BOXED_TYPE (GstActComponents, gst_act_components,
    gst_act_components_ref, gst_act_components_unref)

/**
 * gst_act_components_new: (skip)
 * @batch: a batch with its components mapped; it must outlive the calls
 *
 * Returns: (transfer full): a view of the components of @batch
 */
GstActComponents *
gst_act_components_new (const GstActBatch *batch)
{
  GstActComponents *self = g_new0 (GstActComponents, 1);

  self->ref_count = 1;
  self->batch = batch;
  return self;
}

/**
 * gst_act_components_ref:
 * @components: the components of a batch
 *
 * Returns: (transfer full): @components
 */
GstActComponents *
gst_act_components_ref (GstActComponents *components)
{
  g_atomic_int_inc (&components->ref_count);
  return components;
}

/**
 * gst_act_components_unref:
 * @components: (transfer full): the components of a batch
 *
 * Gives up a reference.
 */
void
gst_act_components_unref (GstActComponents *components)
{
  if (!g_atomic_int_dec_and_test (&components->ref_count))
    return;
  g_free (components->row_columns);
  g_free (components->row_values);
  g_free (components);
}

void
gst_act_components_detach (GstActComponents *components)
{
  components->batch = NULL;
}

/**
 * gst_act_components_get_batch: (skip)
 * @components: the components of a batch
 *
 * Returns: (transfer none): the mapped batch, for code that works on whole
 *   blocks
 */
const GstActBatch *
gst_act_components_get_batch (GstActComponents *components)
{
  return components->batch;
}

/**
 * gst_act_components_get_n_positions:
 * @components: the components of a batch
 *
 * Returns: the number of rows: samples times positions a sample
 */
gsize
gst_act_components_get_n_positions (GstActComponents *components)
{
  g_return_val_if_fail (components->batch != NULL, 0);

  return components->batch->n_positions;
}

/**
 * gst_act_components_get_n_components:
 * @components: the components of a batch
 *
 * Returns: the number of columns, dead ones too
 */
guint
gst_act_components_get_n_components (GstActComponents *components)
{
  g_return_val_if_fail (components->batch != NULL, 0);

  return components->batch->n_components;
}

/**
 * gst_act_components_get_layout:
 * @components: the components of a batch
 *
 * Returns: how the activations are laid out in memory
 */
GstActLayout
gst_act_components_get_layout (GstActComponents *components)
{
  g_return_val_if_fail (components->batch != NULL, GST_ACT_LAYOUT_CSR);

  return components->batch->layout;
}

/**
 * gst_act_components_is_alive:
 * @components: the components of a batch
 * @column: a column
 *
 * Returns: %FALSE where the component is dead in this batch, so that its
 *   activations do not count
 */
gboolean
gst_act_components_is_alive (GstActComponents *components, guint column)
{
  g_return_val_if_fail (components->batch != NULL, FALSE);
  g_return_val_if_fail (column < components->batch->n_components, FALSE);

  return components->batch->alive == NULL
      || components->batch->alive[column] != 0;
}

/**
 * gst_act_components_get_row:
 * @components: the components of a batch
 * @position: index of a row, below the number of positions
 * @n_values: (out): how many nonzeros the row has
 * @columns: (out) (array length=n_values) (transfer none): their columns,
 *   ascending
 * @values: (out) (array length=n_values) (transfer none): their values
 *
 * Reads the nonzeros of one position; the same from either layout. The arrays
 * are good until the next call.
 */
void
gst_act_components_get_row (GstActComponents *components, gsize position,
    gsize *n_values, const gint32 **columns, const gfloat **values)
{
  const GstActBatch *batch = components->batch;
  gint64 indptr[2];

  *n_values = 0;
  *columns = NULL;
  *values = NULL;
  g_return_if_fail (batch != NULL);
  g_return_if_fail (position < batch->n_positions);

  if (batch->layout == GST_ACT_LAYOUT_CSR) {
    gint64 first = batch->component_indptr[position];

    *n_values = (gsize) (batch->component_indptr[position + 1] - first);
    *columns = batch->component_indices + first;
    *values = batch->component_values + first;
    return;
  }
  if (components->row_columns == NULL) {
    components->row_columns =
        g_new (gint32, (gsize) batch->n_components + ACT_CSR_SLACK);
    components->row_values =
        g_new (gfloat, (gsize) batch->n_components + ACT_CSR_SLACK);
  }
  *n_values = act_csr_from_dense (
      batch->component_values + position * batch->n_components, 1,
      batch->n_components, batch->alive, indptr, components->row_columns,
      components->row_values);
  *columns = components->row_columns;
  *values = components->row_values;
}

/* Row and column of a value of the component blocks. */
static void
locate_value (
    const GstActBatch *batch, gsize value, gsize *position, guint *column)
{
  gsize low = 0, high = batch->n_positions;

  if (batch->layout == GST_ACT_LAYOUT_DENSE) {
    *position = value / batch->n_components;
    *column = (guint) (value % batch->n_components);
    return;
  }
  /* the last row that begins at or before the value */
  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;

    if ((gsize) batch->component_indptr[middle] <= value)
      low = middle;
    else
      high = middle;
  }
  *position = low;
  *column = (guint) batch->component_indices[value];
}

/**
 * gst_act_batch_check_finite: (skip)
 * @batch: a batch with its components mapped
 * @info: what the caps say
 * @error: return location for an error
 *
 * Looks for NaN and infinity among the component activations.
 *
 * Returns: %FALSE, with an error that names batch, sample, position and
 *   component, if there is one
 */
gboolean
gst_act_batch_check_finite (
    const GstActBatch *batch, const GstActInfo *info, GError **error)
{
  gssize value =
      act_find_nonfinite (batch->component_values, batch->n_component_values);
  g_autofree gchar *label = NULL;
  gsize position;
  guint column;

  if (value < 0)
    return TRUE;
  locate_value (batch, (gsize) value, &position, &column);
  label = gst_act_info_dup_label (info, column);
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
      "batch %" G_GUINT64_FORMAT ", sample %" G_GUINT64_FORMAT
      ", position %u: the activation of component '%s' is %g, expected a "
      "finite number",
      batch->batch_index,
      batch->first_sample + position / batch->sequence_length,
      (guint) (position % batch->sequence_length), label,
      (gdouble) batch->component_values[value]);
  return FALSE;
}
