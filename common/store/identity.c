/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/identity.h"

#include "acterror.h"

void
act_identity_free (ActIdentity *identity)
{
  if (identity == NULL)
    return;
  g_free (identity->model);
  g_free (identity->tokenizer);
  g_free (identity->assignment);
  g_free (identity->run);
  g_free (identity->reduction);
  g_strfreev (identity->modules);
  g_free (identity->components);
  g_free (identity);
}

ActStoreShape
act_identity_get_shape (const ActIdentity *identity)
{
  ActStoreShape shape = { .n_ctx = identity->n_ctx,
    .n_clusters = identity->n_clusters };

  for (guint i = 0; identity->modules[i] != NULL; i++)
    shape.n_components += identity->components[i];
  return shape;
}

/* --- comparing --- */

static void
compare_strings (
    GString *differences, const char *what, const char *a, const char *b)
{
  if (g_strcmp0 (a, b) == 0)
    return;
  g_string_append_printf (differences, "%s%s (%s and %s)",
      differences->len > 0 ? ", " : "", what, a != NULL ? a : "none",
      b != NULL ? b : "none");
}

static void
compare_numbers (GString *differences, const char *what, gint64 a, gint64 b)
{
  if (a != b)
    g_string_append_printf (differences,
        "%s%s (%" G_GINT64_FORMAT " and %" G_GINT64_FORMAT ")",
        differences->len > 0 ? ", " : "", what, a, b);
}

static char *
double_or_none (double value)
{
  char text[32];

  if (value < 0)
    return NULL;
  act_double_to_string (value, text);
  return g_strdup (text);
}

static gboolean
same_modules (const ActIdentity *a, const ActIdentity *b)
{
  if (!g_strv_equal (
          (const char *const *) a->modules, (const char *const *) b->modules))
    return FALSE;
  for (guint i = 0; a->modules[i] != NULL; i++)
    if (a->components[i] != b->components[i])
      return FALSE;
  return TRUE;
}

/* an error, unless there are none */
static gboolean
check_none (const GString *differences, const char *a_name, const char *b_name,
    GError **error)
{
  if (differences->len == 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "%s and %s are not of the same run; they differ in: %s", a_name, b_name,
      differences->str);
  return FALSE;
}

gboolean
act_identity_check_same_tokens (const ActIdentity *a, const char *a_name,
    const ActIdentity *b, const char *b_name, GError **error)
{
  g_autoptr (GString) differences = g_string_new (NULL);

  compare_strings (differences, "tokenizer", a->tokenizer, b->tokenizer);
  compare_numbers (differences, "n-ctx", a->n_ctx, b->n_ctx);
  compare_numbers (differences, "batch-size", a->batch_size, b->batch_size);
  compare_numbers (
      differences, "vocabulary size", a->vocab_size, b->vocab_size);
  return check_none (differences, a_name, b_name, error);
}

gboolean
act_identity_check_same (const ActIdentity *a, const char *a_name,
    const ActIdentity *b, const char *b_name, GError **error)
{
  g_autoptr (GString) differences = g_string_new (NULL);
  g_autofree char *a_threshold = double_or_none (a->threshold);
  g_autofree char *b_threshold = double_or_none (b->threshold);

  compare_strings (differences, "model", a->model, b->model);
  compare_strings (differences, "tokenizer", a->tokenizer, b->tokenizer);
  compare_strings (differences, "clusters", a->assignment, b->assignment);
  compare_strings (differences, "clustering run", a->run, b->run);
  compare_numbers (differences, "iteration", a->iteration, b->iteration);
  compare_strings (differences, "reduction", a->reduction, b->reduction);
  compare_strings (differences, "threshold", a_threshold, b_threshold);
  compare_numbers (differences, "n-ctx", a->n_ctx, b->n_ctx);
  compare_numbers (differences, "batch-size", a->batch_size, b->batch_size);
  compare_numbers (
      differences, "vocabulary size", a->vocab_size, b->vocab_size);
  compare_numbers (
      differences, "number of clusters", a->n_clusters, b->n_clusters);
  if (!same_modules (a, b))
    g_string_append_printf (differences, "%smodules or their components",
        differences->len > 0 ? ", " : "");
  return check_none (differences, a_name, b_name, error);
}

/* --- JSON --- */

void
act_identity_write (const ActIdentity *self, ActJsonWriter *json)
{
  act_json_add_string (json, "model", self->model);
  act_json_add_string (json, "tokenizer", self->tokenizer);
  act_json_add_string (json, "clusters", self->assignment);
  act_json_add_string (json, "clustering_run", self->run);
  act_json_key (json, "iteration");
  act_json_int (json, self->iteration);
  act_json_add_string (json, "reduction", self->reduction);
  act_json_key (json, "threshold");
  if (self->threshold >= 0)
    act_json_double (json, self->threshold);
  else
    act_json_null (json);
  act_json_add_uint (json, "n_ctx", self->n_ctx);
  act_json_add_uint (json, "batch_size", self->batch_size);
  act_json_add_uint (json, "vocab_size", self->vocab_size);
  act_json_add_uint (json, "n_clusters", self->n_clusters);
  act_json_key (json, "modules");
  act_json_begin_array (json);
  for (guint i = 0; self->modules[i] != NULL; i++) {
    act_json_begin_object (json);
    act_json_add_string (json, "name", self->modules[i]);
    act_json_add_uint (json, "components", self->components[i]);
    act_json_end_object (json);
  }
  act_json_end_array (json);
}

/* null or a string */
static gboolean
read_string (JsonObject *object, const char *field, const char *filename,
    char **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, field);
  const char *string;

  if (node != NULL && JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  string = act_json_get_string (object, field, filename, error);
  *value = g_strdup (string);
  return string != NULL;
}

static gboolean
read_number (JsonObject *object, const char *field, const char *filename,
    guint least, guint *value, GError **error)
{
  guint64 number;

  if (!act_json_get_uint (object, field, filename, G_MAXINT32, &number, error))
    return FALSE;
  *value = (guint) number;
  if (number >= least)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"%s\" is %u, expected at least %u", filename, field, *value,
      least);
  return FALSE;
}

static gboolean
read_module (ActIdentity *self, guint i, JsonNode *node, const char *filename,
    GError **error)
{
  const char *name;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"modules\" has an element that is no object", filename);
    return FALSE;
  }
  name = act_json_get_string (
      json_node_get_object (node), "name", filename, error);
  self->modules[i] = g_strdup (name);
  return name != NULL
      && read_number (json_node_get_object (node), "components", filename, 1,
          &self->components[i], error);
}

static gboolean
read_modules (
    ActIdentity *self, JsonObject *object, const char *filename, GError **error)
{
  JsonNode *node = json_object_get_member (object, "modules");
  guint64 total = 0;
  JsonArray *array;
  guint n;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"modules\" is missing or no list", filename);
    return FALSE;
  }
  array = json_node_get_array (node);
  n = json_array_get_length (array);
  self->modules = g_new0 (char *, (gsize) n + 1);
  self->components = g_new0 (guint, (gsize) n + 1);
  for (guint i = 0; i < n; i++) {
    if (!read_module (
            self, i, json_array_get_element (array, i), filename, error))
      return FALSE;
    total += self->components[i];
  }
  if (n > 0 && total <= G_MAXINT32)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"modules\" have %" G_GUINT64_FORMAT
      " components, expected 1 to %d",
      filename, total, G_MAXINT32);
  return FALSE;
}

static gboolean
read_threshold (
    ActIdentity *self, JsonObject *object, const char *filename, GError **error)
{
  JsonNode *node = json_object_get_member (object, "threshold");

  self->threshold = -1;
  return (node != NULL && JSON_NODE_HOLDS_NULL (node))
      || act_json_get_double (
          object, "threshold", filename, &self->threshold, error);
}

static gboolean
read_iteration (
    ActIdentity *self, JsonObject *object, const char *filename, GError **error)
{
  double iteration;

  if (!act_json_get_double (object, "iteration", filename, &iteration, error))
    return FALSE;
  if (iteration < G_MININT32 || iteration > G_MAXINT32) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"iteration\" is %g, expected a 32-bit number", filename,
        iteration);
    return FALSE;
  }
  self->iteration = (gint) iteration;
  return TRUE;
}

ActIdentity *
act_identity_read (JsonObject *object, const char *filename, GError **error)
{
  g_autoptr (ActIdentity) self = g_new0 (ActIdentity, 1);

  if (!read_string (object, "model", filename, &self->model, error)
      || !read_string (object, "tokenizer", filename, &self->tokenizer, error)
      || !read_string (object, "clusters", filename, &self->assignment, error)
      || !read_string (object, "clustering_run", filename, &self->run, error)
      || !read_iteration (self, object, filename, error)
      || !read_string (object, "reduction", filename, &self->reduction, error)
      || !read_threshold (self, object, filename, error)
      || !read_number (object, "n_ctx", filename, 1, &self->n_ctx, error)
      || !read_number (
          object, "batch_size", filename, 0, &self->batch_size, error)
      || !read_number (
          object, "vocab_size", filename, 0, &self->vocab_size, error)
      || !read_number (
          object, "n_clusters", filename, 1, &self->n_clusters, error)
      || !read_modules (self, object, filename, error))
    return NULL;
  return g_steal_pointer (&self);
}
