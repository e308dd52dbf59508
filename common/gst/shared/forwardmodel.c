/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/shared/forwardmodel.h"

#include <string.h>

void
act_forward_install_properties (GObjectClass *klass)
{
  GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, ACT_FORWARD_PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Folder of the decomposed model: config.json and model.safetensors",
          NULL, flags));
  g_object_class_install_property (klass, ACT_FORWARD_PROP_MODULES,
      g_param_spec_string ("modules", "Modules",
          "Which modules to compute: names or patterns like h.1.*, separated "
          "by commas; the others keep their columns and count as dead. Not "
          "set, or empty: all",
          NULL, flags));
}

gboolean
act_forward_settings_set (
    ActForwardSettings *settings, guint id, const GValue *value)
{
  gchar **text = NULL;

  if (id == ACT_FORWARD_PROP_MODEL)
    text = &settings->folder;
  else if (id == ACT_FORWARD_PROP_MODULES)
    text = &settings->modules;
  else
    return FALSE;
  g_free (*text);
  *text = g_value_dup_string (value);
  return TRUE;
}

gboolean
act_forward_settings_get (
    const ActForwardSettings *settings, guint id, GValue *value)
{
  if (id == ACT_FORWARD_PROP_MODEL)
    g_value_set_string (value, settings->folder);
  else if (id == ACT_FORWARD_PROP_MODULES)
    g_value_set_string (value, settings->modules);
  else
    return FALSE;
  return TRUE;
}

void
act_forward_settings_copy (
    ActForwardSettings *to, const ActForwardSettings *from)
{
  to->folder = g_strdup (from->folder);
  to->modules = g_strdup (from->modules);
}

void
act_forward_settings_clear (ActForwardSettings *settings)
{
  g_clear_pointer (&settings->folder, g_free);
  g_clear_pointer (&settings->modules, g_free);
}

/* (transfer full) (nullable): one byte a column, 0 for modules left out; NULL
 * when none is */
static GBytes *
alive_of_selected (const ActModel *model, const guint8 *selected)
{
  guint n_modules = act_model_get_n_modules (model);
  gsize n = act_model_get_n_components (model);
  guint8 *alive;

  if (memchr (selected, 0, n_modules) == NULL)
    return NULL;
  alive = g_malloc (n);
  for (guint i = 0; i < n_modules; i++)
    memset (alive + act_model_get_module_first_column (model, i), selected[i],
        act_model_get_module_n_components (model, i));
  return g_bytes_new_take (alive, n);
}

/* Takes fingerprint. Activations of some modules are not those of the model:
 * whoever stores or compares them shall tell them apart. */
static gchar *
fingerprint_of_selected (
    gchar *fingerprint, const ActModel *model, const guint8 *selected)
{
  g_autoptr (GString) text = g_string_new (fingerprint);

  if (memchr (selected, 0, act_model_get_n_modules (model)) == NULL)
    return fingerprint;
  g_free (fingerprint);
  for (guint i = 0; i < act_model_get_n_modules (model); i++)
    if (selected[i])
      g_string_append_printf (
          text, "\n%s", act_model_get_module_name (model, i));
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text->str, -1);
}

gboolean
act_forward_model_load (
    ActForwardModel *self, const ActForwardSettings *settings, GError **error)
{
  const gchar *folder = settings->folder;
  g_autoptr (ActModel) model = NULL;
  g_autofree guint8 *selected = NULL;
  g_autofree gchar *fingerprint = NULL;

  if (folder == NULL || *folder == '\0') {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'model' is not set, expected a folder with config.json and "
        "model.safetensors");
    return FALSE;
  }
  model = act_model_open (folder, error);
  if (model == NULL)
    return FALSE;
  selected = g_malloc (act_model_get_n_modules (model));
  if (!act_model_select_modules (model, settings->modules, selected, error))
    return FALSE;
  fingerprint = act_model_fingerprint (folder, error);
  if (fingerprint == NULL)
    return FALSE;
  self->fingerprint =
      fingerprint_of_selected (g_steal_pointer (&fingerprint), model, selected);
  self->alive = alive_of_selected (model, selected);
  self->model = g_steal_pointer (&model);
  self->selected = g_steal_pointer (&selected);
  return TRUE;
}

void
act_forward_model_clear (ActForwardModel *self)
{
  g_clear_pointer (&self->model, act_model_unref);
  g_clear_pointer (&self->fingerprint, g_free);
  g_clear_pointer (&self->selected, g_free);
  g_clear_pointer (&self->alive, g_bytes_unref);
}

static void
describe (const ActForwardModel *self, GstCaps *caps)
{
  guint n = act_model_get_n_modules (self->model);
  g_autofree const gchar **names = g_new (const gchar *, n);
  g_autofree guint *components = g_new (guint, n);

  for (guint i = 0; i < n; i++) {
    names[i] = act_model_get_module_name (self->model, i);
    components[i] = act_model_get_module_n_components (self->model, i);
  }
  gst_act_caps_set_modules (caps, n, names, components);
  gst_caps_set_simple (caps, "model", G_TYPE_STRING, self->fingerprint, NULL);
}

static GstCaps *
components_caps (const ActForwardModel *self, const GstCaps *tokens)
{
  GstCaps *caps = gst_act_caps_rename (tokens, GST_ACT_MEDIA_TYPE_COMPONENTS);
  const GstActLayout layouts[] = { GST_ACT_LAYOUT_CSR, GST_ACT_LAYOUT_DENSE };

  gst_act_caps_set_layouts (caps, layouts, G_N_ELEMENTS (layouts));
  if (self->model != NULL)
    describe (self, caps);
  return caps;
}

GstCaps *
act_forward_model_transform_caps (
    const ActForwardModel *self, const GstCaps *caps, GstPadDirection direction)
{
  return direction == GST_PAD_SINK
      ? components_caps (self, caps)
      : gst_act_caps_rename (caps, GST_ACT_MEDIA_TYPE_TOKENS);
}

GstCaps *
act_forward_fixate_caps (GstCaps *caps, GstPadDirection direction)
{
  caps = gst_caps_make_writable (gst_caps_truncate (caps));
  if (direction == GST_PAD_SINK)
    gst_structure_fixate_field_string (
        gst_caps_get_structure (caps, 0), "layout", "csr");
  return gst_caps_fixate (caps);
}

gboolean
act_forward_model_check_tokens (
    const ActForwardModel *self, const GstActInfo *info, GError **error)
{
  guint vocab_size = act_model_get_vocab_size (self->model);
  guint longest = act_model_get_max_sequence_length (self->model);

  if (info->vocab_size > vocab_size) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the tokens come from a vocabulary of %u ids, but the model embeds "
        "only %u (\"vocab_size\" in '%s')",
        info->vocab_size, vocab_size, act_model_get_filename (self->model));
    return FALSE;
  }
  if (info->sequence_length > longest) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "samples have %u positions (n-ctx), but the model takes at most %u "
        "(\"block_size\" in '%s')",
        info->sequence_length, longest, act_model_get_filename (self->model));
    return FALSE;
  }
  return TRUE;
}

gboolean
act_forward_model_answer (const ActForwardModel *self, GstQuery *query)
{
  if (self->model == NULL || !gst_act_query_is_sample_length (query))
    return FALSE;
  gst_act_query_set_sample_length (
      query, act_model_get_max_sequence_length (self->model));
  return TRUE;
}
