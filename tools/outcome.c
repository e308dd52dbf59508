/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outcome.h"

#include "toolerror.h"

ActOutcome *
act_outcome_new (void)
{
  ActOutcome *self = g_new0 (ActOutcome, 1);

  self->warnings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) act_problem_free);
  self->notes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  self->note_names = g_ptr_array_new_with_free_func (g_free);
  self->settings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  self->started_us = g_get_real_time ();
  return self;
}

void
act_outcome_free (ActOutcome *self)
{
  g_clear_pointer (&self->error, act_problem_free);
  g_ptr_array_unref (self->warnings);
  g_ptr_array_unref (self->notes);
  g_ptr_array_unref (self->note_names);
  g_ptr_array_unref (self->settings);
  g_clear_pointer (&self->steps, g_array_unref);
  g_free (self);
}

const char *
act_outcome_get_result_name (const ActOutcome *self)
{
  static const char *const names[] = { "complete", "incomplete", "failed",
    "interrupted" };

  return names[self->result];
}

int
act_outcome_get_exit_code (const ActOutcome *self)
{
  switch (self->result) {
  case ACT_RESULT_COMPLETE:
    return ACT_EXIT_OK;
  case ACT_RESULT_INTERRUPTED:
    return ACT_EXIT_SIGNAL + self->signal_number;
  default:
    return ACT_EXIT_FAILED;
  }
}

void
act_outcome_take_note (ActOutcome *self, GstMessage *message)
{
  const GstStructure *s = gst_message_get_structure (message);

  if (s == NULL || !g_str_has_prefix (gst_structure_get_name (s), "act-")
      || gst_structure_has_name (s, "act-progress"))
    return;
  g_ptr_array_add (self->notes, gst_structure_copy (s));
  g_ptr_array_add (self->note_names, g_strdup (GST_MESSAGE_SRC_NAME (message)));
}

gboolean
act_note_is_output (const GstStructure *note)
{
  return gst_structure_has_name (note, "act-output");
}

/* all properties that can be set, each as text */
static GstStructure *
settings_of (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  g_autofree GParamSpec **specs = NULL;
  GstStructure *settings = gst_structure_new ("settings", "element",
      G_TYPE_STRING, GST_OBJECT_NAME (element), "factory", G_TYPE_STRING,
      factory ? GST_OBJECT_NAME (factory) : "", NULL);
  guint n_specs;

  specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n_specs);
  for (guint i = 0; i < n_specs; i++) {
    g_auto (GValue) value = G_VALUE_INIT;
    g_autofree char *text = NULL;

    if ((specs[i]->flags & G_PARAM_READWRITE) != G_PARAM_READWRITE
        || g_str_equal (specs[i]->name, "parent"))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (element), specs[i]->name, &value);
    if (G_VALUE_HOLDS_STRING (&value))
      text = g_value_dup_string (&value);
    else if (!G_TYPE_IS_OBJECT (specs[i]->value_type))
      text = gst_value_serialize (&value);
    if (text != NULL && !g_str_equal (specs[i]->name, "name"))
      gst_structure_set (settings, specs[i]->name, G_TYPE_STRING, text, NULL);
  }
  return settings;
}

void
act_outcome_take_settings (ActOutcome *self, GstElement *pipeline)
{
  g_autoptr (GstIterator) iterator =
      gst_bin_iterate_sorted (GST_BIN (pipeline));
  g_auto (GValue) item = G_VALUE_INIT;

  while (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK) {
    g_ptr_array_insert (
        self->settings, 0, settings_of (g_value_get_object (&item)));
    g_value_reset (&item);
  }
}
