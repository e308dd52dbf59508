/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/manifest.h"

#include <glib/gstdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"

#define FORMAT "gst-activations-store"
#define MANIFEST_VERSION 1
#define MAX_SIZE ((gsize) 1 << 30)
/* the log has at most this part of the manifest's segments: so all that is
 * written in a run stays within ten times of what there is */
#define LOG_PART 8

ActManifest *
act_manifest_new (ActIdentity *identity)
{
  ActManifest *self = g_new0 (ActManifest, 1);

  self->identity = identity;
  self->segments = g_array_new (FALSE, FALSE, sizeof (ActSegmentFile));
  g_array_set_clear_func (
      self->segments, (GDestroyNotify) act_segment_file_clear);
  return self;
}

void
act_manifest_free (ActManifest *self)
{
  if (self == NULL)
    return;
  act_identity_free (self->identity);
  g_array_unref (self->segments);
  g_free (self);
}

gboolean
act_manifest_add (ActManifest *self, ActSegmentFile *file, GError **error)
{
  const ActSegmentFile *all = (const ActSegmentFile *) self->segments->data;
  guint i = self->segments->len;

  while (i > 0 && all[i - 1].first_batch > file->first_batch)
    i--;
  if ((i > 0
          && all[i - 1].first_batch + all[i - 1].n_batches > file->first_batch)
      || (i < self->segments->len
          && file->first_batch + file->n_batches > all[i].first_batch)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "two segments hold batch %" G_GUINT64_FORMAT,
        MAX (file->first_batch, i > 0 ? all[i - 1].first_batch : 0));
    return FALSE;
  }
  g_array_insert_val (self->segments, i, *file);
  memset (file, 0, sizeof *file);
  return TRUE;
}

/* --- writing --- */

static void
write_complete (ActJsonWriter *json, const ActManifest *self)
{
  act_json_key (json, "complete");
  if (!self->complete) {
    act_json_null (json);
    return;
  }
  act_json_begin_object (json);
  act_json_add_uint (json, "samples", self->n_samples);
  act_json_add_uint (json, "first_batch", self->first_batch);
  act_json_add_uint (json, "run_batches", self->run_batches);
  act_json_add_uint (json, "run_samples", self->run_samples);
  act_json_end_object (json);
}

static void
write_segment (ActJsonWriter *json, const ActSegmentFile *file)
{
  act_json_begin_object (json);
  act_json_add_string (json, "file", file->file);
  act_json_add_uint (json, "first_batch", file->first_batch);
  act_json_add_uint (json, "batches", file->n_batches);
  act_json_add_uint (json, "first_sample", file->first_sample);
  act_json_add_uint (json, "samples", file->n_samples);
  act_json_add_uint (json, "values", file->n_values);
  act_json_add_uint (json, "size", file->size);
  act_json_add_string (json, "sha256", file->sha256);
  act_json_end_object (json);
}

static gboolean
check_lease (gpointer lease, GError **error)
{
  return act_lease_file_hold (lease, error);
}

/* The lease is looked at when all is on the disk: that may have taken long. */
static gboolean
replace (const ActManifest *self, const char *path, const GString *text,
    GError **error)
{
  return self->lease == NULL
      ? act_output_replace (path, text->str, text->len, error)
      : act_output_replace_if (path, text->str, text->len, check_lease,
          (gpointer) self->lease, error);
}

gboolean
act_manifest_write (ActManifest *self, const char *folder, GError **error)
{
  g_autofree char *log = g_build_filename (folder, ACT_SEGMENT_LOG_NAME, NULL);
  g_autofree char *path = g_build_filename (folder, ACT_MANIFEST_NAME, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 1);

  act_json_begin_object (json);
  act_json_add_string (json, "format", FORMAT);
  act_json_add_uint (json, "version", MANIFEST_VERSION);
  act_identity_write (self->identity, json);
  act_json_add_string (
      json, "cluster_values", self->clusters_stored ? "stored" : "derived");
  act_json_add_uint (json, "segment_size", self->segment_size);
  act_json_add_uint (json, "shard_index", self->shard_index);
  act_json_add_uint (json, "shard_count", self->shard_count);
  write_complete (json, self);
  act_json_key (json, "segments");
  act_json_begin_array (json);
  for (guint i = 0; i < self->segments->len; i++)
    write_segment (json, &g_array_index (self->segments, ActSegmentFile, i));
  act_json_end_array (json);
  act_json_end_object (json);
  g_string_append_c (text, '\n');
  if (!replace (self, path, text, error))
    return FALSE;
  /* one that stays, after a kill just here, says nothing that is new */
  if (self->has_log)
    (void) g_unlink (log);
  self->n_logged = 0;
  self->has_log = FALSE;
  return TRUE;
}

static void
append_line (GString *lines, const ActSegmentFile *file)
{
  g_autoptr (ActJsonWriter) json = act_json_writer_new (lines, 0);

  write_segment (json, file);
  g_string_append_c (lines, '\n');
}

gboolean
act_manifest_commit (ActManifest *self, ActSegmentFile *files, guint n,
    const char *folder, GError **error)
{
  g_autofree char *log = g_build_filename (folder, ACT_SEGMENT_LOG_NAME, NULL);
  g_autoptr (GString) lines = g_string_new (NULL);
  guint n_logged = self->n_logged + n;

  for (guint i = 0; i < n; i++) {
    append_line (lines, &files[i]);
    if (!act_manifest_add (self, &files[i], error))
      return FALSE;
  }
  if ((guint64) n_logged * LOG_PART > self->segments->len - n_logged)
    return act_manifest_write (self, folder, error);
  if (!act_lease_file_hold (self->lease, error)
      || !act_output_append (log, lines->str, lines->len, error))
    return FALSE;
  self->n_logged = n_logged;
  self->has_log = TRUE;
  return TRUE;
}

/* --- reading --- */

static gboolean
read_uint (JsonObject *object, const char *field, const char *path,
    guint64 *value, GError **error)
{
  return act_json_get_uint (object, field, path, G_MAXINT64, value, error);
}

static gboolean
read_small (JsonObject *object, const char *field, const char *path,
    guint *value, GError **error)
{
  guint64 number;

  if (!act_json_get_uint (object, field, path, G_MAXINT32, &number, error))
    return FALSE;
  *value = (guint) number;
  return TRUE;
}

static gboolean
read_complete (
    ActManifest *self, JsonObject *object, const char *path, GError **error)
{
  JsonNode *node = json_object_get_member (object, "complete");

  if (node != NULL && JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"complete\" is missing, expected an object or null", path);
    return FALSE;
  }
  object = json_node_get_object (node);
  self->complete = TRUE;
  return read_uint (object, "samples", path, &self->n_samples, error)
      && read_uint (object, "first_batch", path, &self->first_batch, error)
      && read_uint (object, "run_batches", path, &self->run_batches, error)
      && read_uint (object, "run_samples", path, &self->run_samples, error);
}

/* a name in the folder and nowhere else */
static gboolean
is_plain_name (const char *name)
{
  return *name != '\0' && *name != '.' && strchr (name, '/') == NULL;
}

static gboolean
fill_segment (
    ActSegmentFile *file, JsonObject *object, const char *path, GError **error)
{
  const char *name = act_json_get_string (object, "file", path, error);
  const char *sha256 =
      name != NULL ? act_json_get_string (object, "sha256", path, error) : NULL;

  if (sha256 == NULL)
    return FALSE;
  if (!is_plain_name (name) || strlen (sha256) != 64) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': segment \"%s\" has no plain name or no SHA-256", path, name);
    return FALSE;
  }
  file->file = g_strdup (name);
  memcpy (file->sha256, sha256, sizeof file->sha256);
  return read_uint (object, "first_batch", path, &file->first_batch, error)
      && read_uint (object, "batches", path, &file->n_batches, error)
      && read_uint (object, "first_sample", path, &file->first_sample, error)
      && read_uint (object, "samples", path, &file->n_samples, error)
      && read_uint (object, "values", path, &file->n_values, error)
      && read_uint (object, "size", path, &file->size, error);
}

static gboolean
read_segment (
    ActManifest *self, JsonNode *node, const char *path, GError **error)
{
  ActSegmentFile file = { 0 };
  gboolean added = FALSE;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"segments\" has an element that is no object", path);
  else if (fill_segment (&file, json_node_get_object (node), path, error)) {
    added = act_manifest_add (self, &file, error);
    if (!added)
      g_prefix_error (error, "'%s': ", path);
  }
  act_segment_file_clear (&file);
  return added;
}

static gboolean
read_segments (
    ActManifest *self, JsonObject *object, const char *path, GError **error)
{
  JsonNode *node = json_object_get_member (object, "segments");
  JsonArray *array;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"segments\" is missing or no list", path);
    return FALSE;
  }
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!read_segment (self, json_array_get_element (array, i), path, error))
      return FALSE;
  return TRUE;
}

/* What the manifest has too is older than it. */
static gboolean
read_line (ActManifest *self, JsonNode *node, const char *path, GError **error)
{
  ActSegmentFile file = { 0 };
  gboolean good = FALSE;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' has a line that is no object", path);
  else
    good = fill_segment (&file, json_node_get_object (node), path, error);
  if (good && act_manifest_add (self, &file, NULL))
    self->n_logged++;
  act_segment_file_clear (&file);
  return good;
}

/* A last line without its end was being written when the run was killed. */
static gboolean
read_log (ActManifest *self, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ACT_SEGMENT_LOG_NAME, NULL);
  g_autoptr (GBytes) bytes = NULL;
  const char *at, *end, *newline;
  gsize size;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  self->has_log = TRUE;
  bytes = act_file_read (path, MAX_SIZE, error);
  if (bytes == NULL)
    return FALSE;
  at = g_bytes_get_data (bytes, &size);
  end = at + size;
  for (; at < end && (newline = memchr (at, '\n', end - at)) != NULL;
       at = newline + 1) {
    g_autoptr (JsonNode) node = act_json_parse (at, newline - at, path, error);

    if (node == NULL || !read_line (self, node, path, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_cluster_values (
    ActManifest *self, JsonObject *object, const char *path, GError **error)
{
  const char *how = act_json_get_string (object, "cluster_values", path, error);

  if (how == NULL)
    return FALSE;
  self->clusters_stored = strcmp (how, "stored") == 0;
  if (self->clusters_stored || strcmp (how, "derived") == 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"cluster_values\" is \"%s\", expected \"derived\" or \"stored\"",
      path, how);
  return FALSE;
}

static gboolean
check_shard (const ActManifest *self, const char *path, GError **error)
{
  if (self->shard_index < self->shard_count
      || (self->shard_count == 0 && !self->complete))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"shard_index\" is %u, expected it to be below "
      "\"shard_count\", which is %u",
      path, self->shard_index, self->shard_count);
  return FALSE;
}

ActManifest *
act_manifest_read (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ACT_MANIFEST_NAME, NULL);
  g_autoptr (JsonNode) node = act_json_read_file (path, MAX_SIZE, error);
  g_autoptr (ActManifest) self = NULL;
  ActIdentity *identity;
  JsonObject *object;

  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (
        error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s' is no JSON object", path);
    return NULL;
  }
  object = json_node_get_object (node);
  if (!act_json_check_format (object, FORMAT, MANIFEST_VERSION, path, error))
    return NULL;
  identity = act_identity_read (object, path, error);
  if (identity == NULL)
    return NULL;
  self = act_manifest_new (identity);
  if (!read_cluster_values (self, object, path, error)
      || !read_small (object, "segment_size", path, &self->segment_size, error)
      || !read_small (object, "shard_index", path, &self->shard_index, error)
      || !read_small (object, "shard_count", path, &self->shard_count, error)
      || !read_complete (self, object, path, error)
      || !check_shard (self, path, error)
      || !read_segments (self, object, path, error)
      || !read_log (self, folder, error))
    return NULL;
  return g_steal_pointer (&self);
}
