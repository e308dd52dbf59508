/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "actstorecontext.h"

#include "formats/json.h"
#include "formats/output.h"

/* clusters.json, as the clustering elements read it */
static gboolean
write_clusters (const GstActStore *self, GError **error)
{
  g_autofree char *path =
      g_build_filename (self->folder->path, ACT_STORE_CLUSTERS_NAME, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 0);
  guint n = gst_act_assignment_get_n_clusters (self->assignment);

  act_json_begin_object (json);
  for (guint c = 0; c < n; c++) {
    g_autofree char *id = g_strdup_printf (
        "%" G_GINT64_FORMAT, gst_act_assignment_get_id (self->assignment, c));
    guint n_members;
    const guint *members =
        gst_act_assignment_get_members (self->assignment, c, &n_members);

    act_json_key (json, id);
    act_json_begin_array (json);
    for (guint m = 0; m < n_members; m++) {
      g_autofree gchar *label = gst_act_info_dup_label (self->info, members[m]);
      act_json_string (json, label);
    }
    act_json_end_array (json);
  }
  act_json_end_object (json);
  return act_output_replace (path, text->str, text->len, error);
}

/* vocabulary.json, a list by id */
static gboolean
write_vocabulary (
    const GstActStore *self, GstActVocabulary *vocabulary, GError **error)
{
  g_autofree char *path =
      g_build_filename (self->folder->path, ACT_STORE_VOCABULARY_NAME, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 0);
  guint n = gst_act_vocabulary_get_size (vocabulary);

  if (self->info->vocab_size > 0)
    n = MIN (n, self->info->vocab_size);
  act_json_begin_array (json);
  for (guint i = 0; i < n; i++) {
    gsize length;
    const gchar *string =
        gst_act_vocabulary_get_string (vocabulary, i, &length);
    act_json_string_len (json, string, length);
  }
  act_json_end_array (json);
  return act_output_replace (path, text->str, text->len, error);
}

static gboolean
is_in_folder (const GstActStore *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder->path, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

gboolean
gst_act_store_write_context (
    const GstActStore *self, gboolean is_new, GError **error)
{
  g_autoptr (GstActVocabulary) vocabulary = NULL;

  if (self->assignment != NULL
      && (is_new || !is_in_folder (self, ACT_STORE_CLUSTERS_NAME))
      && !write_clusters (self, error))
    return FALSE;
  return self->vocabulary == NULL
      || (!is_new && is_in_folder (self, ACT_STORE_VOCABULARY_NAME))
      || !gst_act_event_parse_vocabulary (self->vocabulary, &vocabulary)
      || write_vocabulary (self, vocabulary, error);
}
