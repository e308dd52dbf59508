/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include <string.h>

#include <gst/gst.h>

#include <acterror.h>
#include <formats/file.h>
#include <formats/json.h>
#include <formats/output.h>
#include <formats/tokens.h>

#define FORMAT "gst-activations-plan"
#define PLAN_VERSION 1
#define MAX_SIZE ((gsize) 1 << 28)
#define MAX_DESCRIPTION ((gsize) 1 << 20)

ActShardPlan *
act_shard_plan_new (void)
{
  ActShardPlan *self = g_new0 (ActShardPlan, 1);

  self->variables =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
act_shard_plan_free (ActShardPlan *self)
{
  if (self == NULL)
    return;
  g_free (self->filename);
  g_free (self->description);
  g_free (self->sha256);
  g_free (self->folder);
  g_free (self->title);
  g_hash_table_unref (self->variables);
  act_identity_free (self->identity);
  g_free (self->stores);
  g_free (self->tokens);
  g_free (self);
}

void
act_shard_plan_get_range (
    const ActShardPlan *self, guint shard, guint64 *first, guint64 *end)
{
  *first = self->first_batch
      + gst_util_uint64_scale (self->run_batches, shard, self->n_shards);
  *end = self->first_batch
      + gst_util_uint64_scale (
          self->run_batches, (guint64) shard + 1, self->n_shards);
}

static char *
store_name (guint shard)
{
  return g_strdup_printf ("shard-%05u", shard);
}

char *
act_shard_plan_get_store (const ActShardPlan *self, guint shard)
{
  g_autofree char *base = g_path_get_dirname (self->filename);
  g_autofree char *stores = g_canonicalize_filename (self->stores, base);
  g_autofree char *name = store_name (shard);

  return g_build_filename (stores, name, NULL);
}

void
act_shard_plan_set_tokens (
    ActShardPlan *self, const guint64 *digests, guint64 n_digests)
{
  g_clear_pointer (&self->tokens, g_free);
  if (n_digests != self->run_batches)
    return;
  self->tokens = g_new (guint64, self->n_shards);
  for (guint i = 0; i < self->n_shards; i++) {
    guint64 first, end;

    act_shard_plan_get_range (self, i, &first, &end);
    self->tokens[i] =
        act_tokens_digest_shard (first, self->run_batches, self->run_samples,
            digests + (first - self->first_batch), (gsize) (end - first));
  }
}

/* as the descriptions that make a dashboard themselves have it */
char *
act_shard_plan_make_title (const ActShardPlan *self)
{
  static const char *const names[] = { "model", "text", "tokens", "dump" };
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    char *value = g_hash_table_lookup (self->variables, names[i]);

    if (value != NULL)
      g_ptr_array_add (parts, value);
  }
  if (parts->len == 0)
    g_ptr_array_add (parts, self->description);
  g_ptr_array_add (parts, NULL);
  return g_strjoinv (", ", (char **) parts->pdata);
}

/* its stores are where this one's are to be */
static gboolean
is_rival (const ActShardPlan *self, const char *filename)
{
  g_autoptr (ActShardPlan) other = NULL;
  g_autofree char *stores = NULL, *others = NULL;

  if (strcmp (filename, self->filename) == 0)
    return FALSE;
  other = act_shard_plan_read (filename, NULL);
  if (other == NULL)
    return FALSE;
  stores = act_shard_plan_get_store (self, 0);
  others = act_shard_plan_get_store (other, 0);
  return strcmp (stores, others) == 0;
}

gboolean
act_shard_plan_check_alone (const ActShardPlan *self, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->filename);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (name[0] == '.' || !g_str_has_suffix (name, ".json")
        || !is_rival (self, path))
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "the plan '%s' has its shards in the same folder; give other --stores "
        "for this one, or put it elsewhere",
        path);
    return FALSE;
  }
  return TRUE;
}

char *
act_shard_plan_digest (const char *filename, GError **error)
{
  g_autoptr (GBytes) text = act_file_read (filename, MAX_DESCRIPTION, error);

  return text != NULL ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, text)
                      : NULL;
}

/* --- writing --- */

static void
write_variables (const ActShardPlan *self, ActJsonWriter *json)
{
  g_autoptr (GList) names = g_hash_table_get_keys (self->variables);

  names = g_list_sort (names, (GCompareFunc) strcmp);
  act_json_key (json, "variables");
  act_json_begin_object (json);
  for (const GList *l = names; l != NULL; l = l->next)
    act_json_add_string (
        json, l->data, g_hash_table_lookup (self->variables, l->data));
  act_json_end_object (json);
}

static void
write_cost (const ActShardPlan *self, ActJsonWriter *json)
{
  act_json_key (json, "measured");
  if (self->batch_seconds <= 0) {
    act_json_null (json);
    return;
  }
  act_json_begin_object (json);
  act_json_add_double (json, "startup_seconds", self->startup_seconds);
  act_json_add_double (json, "batch_seconds", self->batch_seconds);
  act_json_end_object (json);
}

/* 64 bits are more than a number of JSON surely has */
static void
write_tokens (const ActShardPlan *self, guint shard, ActJsonWriter *json)
{
  char text[17];

  if (self->tokens != NULL)
    g_snprintf (
        text, sizeof text, "%016" G_GINT64_MODIFIER "x", self->tokens[shard]);
  act_json_add_string (json, "tokens", self->tokens != NULL ? text : NULL);
}

/* for people and scripts: all but the tokens follow from the numbers above */
static void
write_shards (const ActShardPlan *self, ActJsonWriter *json)
{
  act_json_key (json, "shards");
  act_json_begin_array (json);
  for (guint i = 0; i < self->n_shards; i++) {
    g_autofree char *name = store_name (i);
    guint64 first, end;

    act_shard_plan_get_range (self, i, &first, &end);
    act_json_begin_object (json);
    act_json_add_uint (json, "shard", i);
    act_json_add_uint (json, "first_batch", first);
    act_json_add_uint (json, "batches", end - first);
    act_json_add_string (json, "store", name);
    write_tokens (self, i, json);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

gboolean
act_shard_plan_write (const ActShardPlan *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 1);

  act_json_begin_object (json);
  act_json_add_string (json, "format", FORMAT);
  act_json_add_uint (json, "version", PLAN_VERSION);
  act_json_add_string (json, "description", self->description);
  act_json_add_string (json, "description_sha256", self->sha256);
  act_json_add_string (json, "folder", self->folder);
  write_variables (self, json);
  act_json_add_string (json, "title", self->title);
  act_json_add_string (json, "stores", self->stores);
  act_json_add_uint (json, "lock_silence", self->lock_silence);
  act_identity_write (self->identity, json);
  act_json_add_string (
      json, "cluster_values", self->clusters_stored ? "stored" : "derived");
  act_json_add_uint (json, "segment_size", self->segment_size);
  act_json_add_uint (json, "first_batch", self->first_batch);
  act_json_add_uint (json, "run_batches", self->run_batches);
  act_json_add_uint (json, "run_samples", self->run_samples);
  act_json_add_uint (json, "shard_count", self->n_shards);
  write_cost (self, json);
  write_shards (self, json);
  act_json_end_object (json);
  g_string_append_c (text, '\n');
  return act_output_replace (self->filename, text->str, text->len, error);
}

/* --- reading --- */

static gboolean
read_string (JsonObject *object, const char *field, const char *path,
    char **value, GError **error)
{
  *value = g_strdup (act_json_get_string (object, field, path, error));
  return *value != NULL;
}

static gboolean
read_uint (JsonObject *object, const char *field, const char *path, guint64 min,
    guint64 max, guint64 *value, GError **error)
{
  if (!act_json_get_uint (object, field, path, max, value, error))
    return FALSE;
  if (*value >= min)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"%s\" is %" G_GUINT64_FORMAT ", expected %" G_GUINT64_FORMAT
      " at least",
      path, field, *value, min);
  return FALSE;
}

static gboolean
read_variables (
    ActShardPlan *self, JsonObject *object, const char *path, GError **error)
{
  JsonNode *node = json_object_get_member (object, "variables");
  g_autoptr (GList) names = NULL;
  JsonObject *variables;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"variables\" is missing or no object", path);
    return FALSE;
  }
  variables = json_node_get_object (node);
  names = json_object_get_members (variables);
  for (const GList *l = names; l != NULL; l = l->next) {
    const char *value = act_json_get_string (variables, l->data, path, error);

    if (value == NULL)
      return FALSE;
    g_hash_table_replace (
        self->variables, g_strdup (l->data), g_strdup (value));
  }
  return TRUE;
}

static gboolean
read_numbers (
    ActShardPlan *self, JsonObject *object, const char *path, GError **error)
{
  guint64 shards, size, silence;

  if (!read_uint (
          object, "lock_silence", path, 1, 7 * 24 * 3600, &silence, error)
      || !read_uint (object, "segment_size", path, 1, G_MAXINT32, &size, error)
      || !read_uint (
          object, "shard_count", path, 1, ACT_PLAN_MAX_SHARDS, &shards, error)
      || !read_uint (object, "first_batch", path, 0, G_MAXINT64 / 2,
          &self->first_batch, error)
      || !read_uint (object, "run_batches", path, 0, G_MAXINT64 / 2,
          &self->run_batches, error)
      || !read_uint (object, "run_samples", path, 0, G_MAXINT64,
          &self->run_samples, error))
    return FALSE;
  self->lock_silence = (guint) silence;
  self->segment_size = (guint) size;
  self->n_shards = (guint) shards;
  return TRUE;
}

/* of one shard; *known tells null from a digest */
static gboolean
read_tokens (JsonNode *node, const char *path, guint64 *tokens, gboolean *known,
    GError **error)
{
  JsonObject *object =
      JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *value =
      object != NULL ? json_object_get_member (object, "tokens") : NULL;
  const char *text;

  *known = !(value != NULL && JSON_NODE_HOLDS_NULL (value));
  if (!*known)
    return TRUE;
  text = object != NULL ? act_json_get_string (object, "tokens", path, error)
                        : NULL;
  if (text != NULL && strlen (text) == 16
      && g_ascii_string_to_unsigned (text, 16, 1, G_MAXUINT64, tokens, NULL))
    return TRUE;
  g_clear_error (error);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"tokens\" of a shard is missing, expected 16 hexadecimal digits "
      "or null",
      path);
  return FALSE;
}

static gboolean
read_shards (
    ActShardPlan *self, JsonObject *object, const char *path, GError **error)
{
  JsonNode *node = json_object_get_member (object, "shards");
  JsonArray *shards = node != NULL && JSON_NODE_HOLDS_ARRAY (node)
      ? json_node_get_array (node)
      : NULL;
  gboolean all = TRUE;

  if (shards == NULL || json_array_get_length (shards) != self->n_shards) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"shards\" is missing, or no list of %u", path, self->n_shards);
    return FALSE;
  }
  self->tokens = g_new (guint64, self->n_shards);
  for (guint i = 0; i < self->n_shards; i++) {
    gboolean known;

    if (!read_tokens (json_array_get_element (shards, i), path,
            &self->tokens[i], &known, error))
      return FALSE;
    all &= known;
  }
  if (!all)
    g_clear_pointer (&self->tokens, g_free);
  return TRUE;
}

static gboolean
read_object (
    ActShardPlan *self, JsonObject *object, const char *path, GError **error)
{
  g_autofree char *values = NULL;

  if (!act_json_check_format (object, FORMAT, PLAN_VERSION, path, error)
      || !read_string (object, "description", path, &self->description, error)
      || !read_string (object, "description_sha256", path, &self->sha256, error)
      || !read_string (object, "folder", path, &self->folder, error)
      || !read_string (object, "title", path, &self->title, error)
      || !read_string (object, "stores", path, &self->stores, error)
      || !read_string (object, "cluster_values", path, &values, error)
      || !read_variables (self, object, path, error)
      || !read_numbers (self, object, path, error)
      || !read_shards (self, object, path, error))
    return FALSE;
  self->clusters_stored = strcmp (values, "stored") == 0;
  self->identity = act_identity_read (object, path, error);
  return self->identity != NULL;
}

ActShardPlan *
act_shard_plan_read (const char *filename, GError **error)
{
  g_autoptr (ActShardPlan) self = act_shard_plan_new ();
  g_autoptr (JsonNode) node = NULL;

  self->filename = g_canonicalize_filename (filename, NULL);
  node = act_json_read_file (filename, MAX_SIZE, error);
  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (
        error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s' is no JSON object", filename);
    return NULL;
  }
  return read_object (self, json_node_get_object (node), filename, error)
      ? g_steal_pointer (&self)
      : NULL;
}
