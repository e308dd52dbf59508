/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/gstactcaps.h>
#include <gst/activations/gstacterror.h>

#include <math.h>
#include <string.h>

/**
 * SECTION:gstactcaps
 * @short_description: what caps say
 *
 * Caps fields are typed. Tokens have `format=S32LE`, `batch-size`,
 * `sequence-length`, `vocab-size` and possibly `tokenizer`; components have
 * also `layout`, the arrays `modules` and `components`, possibly `model`, and
 * `threshold` (a double) once they went through a dead-component filter;
 * clusters have also `clusters`, `assignment` and `reduction`. Records have
 * all but `batch-size`, `format` and `layout`.
 */

/* more columns than this would overflow the 32-bit indices of CSR */
#define MAX_COLUMNS G_MAXINT32

G_DEFINE_BOXED_TYPE (
    GstActInfo, gst_act_info, gst_act_info_ref, gst_act_info_unref)

GType
gst_act_layout_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { GST_ACT_LAYOUT_CSR, "Compressed sparse rows", "csr" },
    { GST_ACT_LAYOUT_DENSE, "Dense, row-major", "dense" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstActLayout", values));
  return type;
}

/**
 * gst_act_layout_to_string:
 * @layout: a layout
 *
 * Returns: (transfer none): the name of @layout in caps
 */
const gchar *
gst_act_layout_to_string (GstActLayout layout)
{
  return layout == GST_ACT_LAYOUT_CSR ? "csr" : "dense";
}

/**
 * gst_act_info_ref:
 * @info: a #GstActInfo
 *
 * Returns: (transfer full): @info
 */
GstActInfo *
gst_act_info_ref (GstActInfo *info)
{
  g_atomic_int_inc (&info->ref_count);
  return info;
}

/**
 * gst_act_info_unref:
 * @info: (transfer full): a #GstActInfo
 *
 * Gives up a reference.
 */
void
gst_act_info_unref (GstActInfo *info)
{
  if (!g_atomic_int_dec_and_test (&info->ref_count))
    return;
  g_free (info->tokenizer);
  g_free (info->model);
  g_free (info->assignment);
  g_free (info->reduction);
  g_strfreev (info->modules);
  g_free (info->components);
  g_free (info->first_columns);
  g_free (info);
}

/* A positive integer field; 0 and TRUE where an optional one is missing. */
static gboolean
get_count (const GstStructure *s, const gchar *field, gboolean required,
    guint *value, GError **error)
{
  gint number = 0;

  if (!gst_structure_has_field (s, field) && !required) {
    *value = 0;
    return TRUE;
  }
  if (!gst_structure_get_int (s, field, &number) || number < 1) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "caps %s: field '%s' must be a positive integer",
        gst_structure_get_name (s), field);
    return FALSE;
  }
  *value = number;
  return TRUE;
}

static gboolean
get_module (GstActInfo *info, guint i, const GValue *name, const GValue *count,
    GError **error)
{
  if (!G_VALUE_HOLDS_STRING (name) || !G_VALUE_HOLDS_INT (count)
      || g_value_get_string (name) == NULL || g_value_get_int (count) < 1) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "caps: module %u must have a name and a positive number of components",
        i);
    return FALSE;
  }
  info->modules[i] = g_value_dup_string (name);
  info->components[i] = g_value_get_int (count);
  info->first_columns[i] = info->n_components;
  if (info->components[i] > MAX_COLUMNS - info->n_components) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "caps: more than %d components in all", MAX_COLUMNS);
    return FALSE;
  }
  info->n_components += info->components[i];
  return TRUE;
}

static gboolean
get_modules (GstActInfo *info, const GstStructure *s, GError **error)
{
  const GValue *modules = gst_structure_get_value (s, "modules");
  const GValue *components = gst_structure_get_value (s, "components");
  guint n;

  if (modules == NULL || components == NULL || !GST_VALUE_HOLDS_ARRAY (modules)
      || !GST_VALUE_HOLDS_ARRAY (components)
      || gst_value_array_get_size (modules)
          != gst_value_array_get_size (components)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "caps %s: fields 'modules' and 'components' must be arrays of equal "
        "length",
        gst_structure_get_name (s));
    return FALSE;
  }
  n = gst_value_array_get_size (modules);
  info->modules = g_new0 (gchar *, (gsize) n + 1);
  info->components = g_new0 (guint, n);
  info->first_columns = g_new0 (guint, n);
  for (guint i = 0; i < n; i++) {
    if (!get_module (info, i, gst_value_array_get_value (modules, i),
            gst_value_array_get_value (components, i), error))
      return FALSE;
    info->n_modules = i + 1;
  }
  return TRUE;
}

static gboolean
get_layout (GstActInfo *info, const GstStructure *s, GError **error)
{
  const gchar *layout = gst_structure_get_string (s, "layout");

  if (g_strcmp0 (layout, "csr") == 0) {
    info->layout = GST_ACT_LAYOUT_CSR;
  } else if (g_strcmp0 (layout, "dense") == 0) {
    info->layout = GST_ACT_LAYOUT_DENSE;
  } else {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "caps %s: field 'layout' must be csr or dense, not '%s'",
        gst_structure_get_name (s), layout ? layout : "(none)");
    return FALSE;
  }
  return TRUE;
}

/* of the dead-component filter before, if there was one */
static gboolean
get_threshold (GstActInfo *info, const GstStructure *s, GError **error)
{
  if (!gst_structure_has_field (s, "threshold"))
    return TRUE;
  if (gst_structure_get_double (s, "threshold", &info->threshold)
      && isfinite (info->threshold) && info->threshold >= 0.0)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
      "caps %s: field 'threshold' must be a finite double, not negative",
      gst_structure_get_name (s));
  return FALSE;
}

static gboolean
parse (GstActInfo *info, const GstStructure *s, GError **error)
{
  gboolean tokens = gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_TOKENS);
  gboolean clusters = gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_CLUSTERS);
  gboolean records = gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_RECORDS);
  gboolean components =
      gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_COMPONENTS);

  if (!tokens && !components && !clusters && !records) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "caps %s are not tokens, components, clusters or records",
        gst_structure_get_name (s));
    return FALSE;
  }
  if (!get_count (s, "batch-size", !records, &info->batch_size, error)
      || !get_count (s, "sequence-length", TRUE, &info->sequence_length, error)
      || !get_count (s, "vocab-size", FALSE, &info->vocab_size, error))
    return FALSE;
  info->tokenizer = g_strdup (gst_structure_get_string (s, "tokenizer"));
  if (tokens)
    return TRUE;

  info->model = g_strdup (gst_structure_get_string (s, "model"));
  if (!get_modules (info, s, error) || !get_threshold (info, s, error)
      || (!records && !get_layout (info, s, error)))
    return FALSE;
  if (components)
    return TRUE;

  info->assignment = g_strdup (gst_structure_get_string (s, "assignment"));
  info->reduction = g_strdup (gst_structure_get_string (s, "reduction"));
  return get_count (s, "clusters", TRUE, &info->n_clusters, error);
}

/**
 * gst_act_info_new_from_caps:
 * @caps: fixed caps of tokens, components, clusters or records
 * @error: return location for an error
 *
 * Reads what @caps say, checking every field.
 *
 * Returns: (transfer full): what @caps say, %NULL on error
 */
GstActInfo *
gst_act_info_new_from_caps (const GstCaps *caps, GError **error)
{
  g_autoptr (GstActInfo) info = NULL;

  g_return_val_if_fail (GST_IS_CAPS (caps), NULL);

  if (!gst_caps_is_fixed (caps)) {
    g_set_error (
        error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT, "caps are not fixed yet");
    return NULL;
  }
  info = g_new0 (GstActInfo, 1);
  info->ref_count = 1;
  info->threshold = -1.0;
  if (!parse (info, gst_caps_get_structure (caps, 0), error))
    return NULL;
  return g_steal_pointer (&info);
}

/**
 * gst_act_info_locate_column:
 * @info: a #GstActInfo
 * @column: a column
 * @module: (out) (optional): index of its module
 * @index: (out) (optional): index of the component within the module
 *
 * Says which component a column is.
 *
 * Returns: %FALSE if there is no such column
 */
gboolean
gst_act_info_locate_column (
    const GstActInfo *info, guint column, guint *module, guint *index)
{
  guint low = 0, high = info->n_modules;

  if (column >= info->n_components)
    return FALSE;
  /* the last module that begins at or before the column */
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;

    if (info->first_columns[middle] <= column)
      low = middle;
    else
      high = middle;
  }
  if (module != NULL)
    *module = low;
  if (index != NULL)
    *index = column - info->first_columns[low];
  return TRUE;
}

/**
 * gst_act_info_dup_label:
 * @info: a #GstActInfo
 * @column: a column
 *
 * Returns: (transfer full): the label `module:index` of @column, "?" if
 *   there is no such column
 */
gchar *
gst_act_info_dup_label (const GstActInfo *info, guint column)
{
  guint module, index;

  if (!gst_act_info_locate_column (info, column, &module, &index))
    return g_strdup ("?");
  return g_strdup_printf ("%s:%u", info->modules[module], index);
}

/**
 * gst_act_info_find_label:
 * @info: a #GstActInfo
 * @label: a label, `module:index`
 * @error: return location for an error
 *
 * Finds the column of a component. It looks through the modules one by one:
 * use it once a component, not once a value.
 *
 * Returns: the column, -1 on error
 */
gint
gst_act_info_find_label (
    const GstActInfo *info, const gchar *label, GError **error)
{
  const gchar *colon = strrchr (label, ':');
  guint64 index;

  if (colon == NULL
      || !g_ascii_string_to_unsigned (
          colon + 1, 10, 0, MAX_COLUMNS, &index, NULL)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "label '%s' is not of the form module:index", label);
    return -1;
  }
  for (guint i = 0; i < info->n_modules; i++) {
    if (strncmp (info->modules[i], label, colon - label) != 0
        || info->modules[i][colon - label] != '\0')
      continue;
    if (index >= info->components[i]) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
          "label '%s' is unknown: module '%s' has %u components", label,
          info->modules[i], info->components[i]);
      return -1;
    }
    return info->first_columns[i] + index;
  }
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
      "label '%s' is unknown: the model has no module '%.*s'", label,
      (int) (colon - label), label);
  return -1;
}

/**
 * gst_act_info_same_shape:
 * @a: a #GstActInfo
 * @b: another
 *
 * Whether both have the same sequence length, vocabulary size, modules,
 * components and clusters, so that batches of both can be in one run.
 *
 * Returns: %TRUE if they agree
 */
gboolean
gst_act_info_same_shape (const GstActInfo *a, const GstActInfo *b)
{
  if (a->sequence_length != b->sequence_length || a->vocab_size != b->vocab_size
      || a->n_modules != b->n_modules || a->n_clusters != b->n_clusters
      || g_strcmp0 (a->assignment, b->assignment) != 0)
    return FALSE;
  for (guint i = 0; i < a->n_modules; i++)
    if (a->components[i] != b->components[i]
        || strcmp (a->modules[i], b->modules[i]) != 0)
      return FALSE;
  return TRUE;
}

/**
 * gst_act_caps_new_tokens:
 * @batch_size: most samples a batch holds
 * @sequence_length: positions a sample
 * @vocab_size: number of token ids, 0 if not known
 *
 * Returns: (transfer full): caps of token ids
 */
GstCaps *
gst_act_caps_new_tokens (
    guint batch_size, guint sequence_length, guint vocab_size)
{
  GstCaps *caps = gst_caps_new_simple (GST_ACT_MEDIA_TYPE_TOKENS, "format",
      G_TYPE_STRING, "S32LE", "batch-size", G_TYPE_INT, (gint) batch_size,
      "sequence-length", G_TYPE_INT, (gint) sequence_length, NULL);

  if (vocab_size > 0)
    gst_caps_set_simple (
        caps, "vocab-size", G_TYPE_INT, (gint) vocab_size, NULL);
  return caps;
}

/**
 * gst_act_caps_set_modules:
 * @caps: writable caps
 * @n_modules: number of modules
 * @modules: (array length=n_modules): their names, in column order
 * @components: (array length=n_modules): components of each
 *
 * Sets the arrays `modules` and `components`.
 */
void
gst_act_caps_set_modules (GstCaps *caps, guint n_modules,
    const gchar *const *modules, const guint *components)
{
  GValue names = G_VALUE_INIT, counts = G_VALUE_INIT, value = G_VALUE_INIT;

  g_value_init (&names, GST_TYPE_ARRAY);
  g_value_init (&counts, GST_TYPE_ARRAY);
  for (guint i = 0; i < n_modules; i++) {
    g_value_init (&value, G_TYPE_STRING);
    g_value_set_string (&value, modules[i]);
    gst_value_array_append_and_take_value (&names, &value);
    g_value_init (&value, G_TYPE_INT);
    g_value_set_int (&value, (gint) components[i]);
    gst_value_array_append_and_take_value (&counts, &value);
  }
  gst_caps_set_value (caps, "modules", &names);
  gst_caps_set_value (caps, "components", &counts);
  g_value_unset (&names);
  g_value_unset (&counts);
}

/**
 * gst_act_caps_set_layouts:
 * @caps: writable caps
 * @layouts: (array length=n_layouts): layouts, the preferred one first
 * @n_layouts: number of layouts, at least 1
 *
 * Sets the field `layout`: a list where there is a choice, which fixation ends
 * with its first.
 */
void
gst_act_caps_set_layouts (
    GstCaps *caps, const GstActLayout *layouts, guint n_layouts)
{
  GValue list = G_VALUE_INIT, value = G_VALUE_INIT;

  g_return_if_fail (n_layouts > 0);

  if (n_layouts == 1) {
    gst_caps_set_simple (caps, "layout", G_TYPE_STRING,
        gst_act_layout_to_string (layouts[0]), NULL);
    return;
  }
  g_value_init (&list, GST_TYPE_LIST);
  for (guint i = 0; i < n_layouts; i++) {
    g_value_init (&value, G_TYPE_STRING);
    g_value_set_string (&value, gst_act_layout_to_string (layouts[i]));
    gst_value_list_append_and_take_value (&list, &value);
  }
  gst_caps_set_value (caps, "layout", &list);
  g_value_unset (&list);
}

/* Fields that belong to a step's output, not to its input: what has to go
 * when caps are taken back to an earlier media type. */
static void
remove_later_fields (GstStructure *s, const gchar *media_type)
{
  if (strcmp (media_type, GST_ACT_MEDIA_TYPE_TOKENS) == 0)
    gst_structure_remove_fields (
        s, "layout", "modules", "components", "model", "threshold", NULL);
  if (strcmp (media_type, GST_ACT_MEDIA_TYPE_TOKENS) == 0
      || strcmp (media_type, GST_ACT_MEDIA_TYPE_COMPONENTS) == 0)
    gst_structure_remove_fields (
        s, "clusters", "assignment", "reduction", NULL);
  if (strcmp (media_type, GST_ACT_MEDIA_TYPE_RECORDS) == 0)
    gst_structure_remove_fields (s, "batch-size", "format", "layout", NULL);
}

/**
 * gst_act_caps_rename:
 * @caps: caps of tokens, components or clusters
 * @media_type: another of the media types
 *
 * The same caps, features too, for the next or the previous step: `format`
 * follows @media_type, and fields that only later steps know are removed.
 * What the step itself adds is the caller's.
 *
 * Returns: (transfer full): new caps
 */
GstCaps *
gst_act_caps_rename (const GstCaps *caps, const gchar *media_type)
{
  GstCaps *out = gst_caps_copy (caps);
  gboolean records = strcmp (media_type, GST_ACT_MEDIA_TYPE_RECORDS) == 0;
  gboolean tokens = strcmp (media_type, GST_ACT_MEDIA_TYPE_TOKENS) == 0;

  for (guint i = 0; i < gst_caps_get_size (out); i++) {
    GstStructure *s = gst_caps_get_structure (out, i);

    gst_structure_set_name (s, media_type);
    if (!records)
      gst_structure_set (
          s, "format", G_TYPE_STRING, tokens ? "S32LE" : "F32LE", NULL);
    remove_later_fields (s, media_type);
  }
  return out;
}
