/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "model/head.h"
#include "model/modelconfig.h"
#include "model/plan.h"
#include "strhash.h"

#define MAX_CONFIG_SIZE (64 << 20)
#define MAX_MODULES (1 << 16)

static gboolean
get_size (JsonObject *object, const char *field, const char *name,
    guint64 largest, guint *value, GError **error)
{
  guint64 number;

  if (!act_json_get_uint (object, field, name, largest, &number, error))
    return FALSE;
  if (number == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': \"%s\" is 0, expected at least 1", name, field);
    return FALSE;
  }
  *value = number;
  return TRUE;
}

gboolean
act_model_config_get_size (const ActModelConfig *config, JsonObject *object,
    const char *field, guint largest, guint *value, GError **error)
{
  return get_size (object, field, config->filename, largest, value, error);
}

gboolean
act_model_config_get_boolean (const ActModelConfig *config, JsonObject *object,
    const char *field, gboolean *value, GError **error)
{
  return act_json_get_boolean (object, field, config->filename, value, error);
}

gboolean
act_model_config_expect (const ActModelConfig *config, JsonObject *object,
    const char *field, gboolean supported, GError **error)
{
  gboolean value;

  if (!act_json_get_boolean (object, field, config->filename, &value, error))
    return FALSE;
  if (value == supported)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': \"%s\": %s is not supported with \"model_type\": \"%s\", only %s",
      config->filename, field, value ? "true" : "false", config->architecture,
      supported ? "true" : "false");
  return FALSE;
}

/* (transfer full) a name that is in a table, else NULL: the names there are */
static char *
get_kind (const ActModelConfig *config, JsonObject *object, const char *field,
    gboolean (*known) (const char *name), char *(*names) (void), GError **error)
{
  const char *value =
      act_json_get_string (object, field, config->filename, error);
  g_autofree char *all = NULL;

  if (value == NULL)
    return NULL;
  if (known (value))
    return g_strdup (value);
  all = names ();
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': \"%s\": \"%s\" is not supported, only %s", config->filename, field,
      value, all);
  return NULL;
}

static gboolean
architecture_known (const char *name)
{
  return act_architecture_lookup (name) != NULL;
}

static gboolean
head_known (const char *name)
{
  return act_head_kind_lookup (name) != NULL;
}

static gboolean
sigmoid_known (const char *name)
{
  return act_sigmoid_lookup (name) != NULL;
}

static JsonArray *
get_array (const ActModelConfig *config, JsonObject *object, const char *field,
    guint largest, GError **error)
{
  JsonNode *node = json_object_get_member (object, field);

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"%s\" is %s, expected a list", config->filename, field,
        node == NULL ? "missing" : json_node_type_name (node));
    return NULL;
  }
  if (json_array_get_length (json_node_get_array (node)) > largest) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': \"%s\" has %u entries, at most %u are supported",
        config->filename, field,
        json_array_get_length (json_node_get_array (node)), largest);
    return NULL;
  }
  return json_node_get_array (node);
}

static gboolean
read_hidden (ActModelConfig *config, JsonObject *object, GError **error)
{
  JsonArray *array = get_array (
      config, object, "ci_fn_hidden_dims", ACT_MODEL_MAX_HIDDEN, error);

  if (array == NULL)
    return FALSE;
  config->n_hidden = json_array_get_length (array);
  for (guint i = 0; i < config->n_hidden; i++) {
    JsonNode *node = json_array_get_element (array, i);
    gint64 width = -1;

    if (JSON_NODE_HOLDS_VALUE (node)
        && json_node_get_value_type (node) == G_TYPE_INT64)
      width = json_node_get_int (node);
    if (width < 1 || width > ACT_MODEL_MAX_SIZE) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': \"ci_fn_hidden_dims\"[%u] must be an integer in 1..%d",
          config->filename, i, ACT_MODEL_MAX_SIZE);
      return FALSE;
    }
    config->hidden[i] = width;
  }
  return TRUE;
}

static gboolean
read_module (ActModelConfig *config, ActModelModule *module, JsonNode *node,
    guint index, GError **error)
{
  g_autofree char *where =
      g_strdup_printf ("%s: modules[%u]", config->filename, index);
  JsonObject *object;
  const char *name;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no object with \"name\", \"C\", \"d_in\" and \"d_out\"",
        where);
    return FALSE;
  }
  object = json_node_get_object (node);
  name = act_json_get_string (object, "name", where, error);
  if (name == NULL)
    return FALSE;
  module->name = g_strdup (name);
  module->first_column = config->n_components;
  if (!get_size (
          object, "C", where, ACT_MODEL_MAX_SIZE, &module->n_components, error)
      || !get_size (
          object, "d_in", where, ACT_MODEL_MAX_SIZE, &module->d_in, error)
      || !get_size (
          object, "d_out", where, ACT_MODEL_MAX_SIZE, &module->d_out, error))
    return FALSE;
  /* columns are 32-bit in CSR */
  if (module->n_components > G_MAXINT32 - config->n_components) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': more than %d components in all", config->filename, G_MAXINT32);
    return FALSE;
  }
  config->n_components += module->n_components;
  return TRUE;
}

static gboolean
read_modules (ActModelConfig *config, JsonObject *object, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (act_str_hash, g_str_equal);
  JsonArray *array = get_array (config, object, "modules", MAX_MODULES, error);
  guint n;

  if (array == NULL)
    return FALSE;
  n = json_array_get_length (array);
  config->modules = g_new0 (ActModelModule, MAX (n, 1));
  for (guint i = 0; i < n; i++) {
    config->n_modules = i + 1; /* what is there is freed with config */
    if (!read_module (config, &config->modules[i],
            json_array_get_element (array, i), i, error))
      return FALSE;
    if (!g_hash_table_add (names, config->modules[i].name)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': module '%s' is listed twice", config->filename,
          config->modules[i].name);
      return FALSE;
    }
  }
  if (n > 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': \"modules\" is empty, there is nothing to compute",
      config->filename);
  return FALSE;
}

static gboolean
check_total (const ActModelConfig *config, JsonObject *object, GError **error)
{
  guint64 total;

  if (!json_object_has_member (object, "total_C"))
    return TRUE;
  if (!act_json_get_uint (
          object, "total_C", config->filename, G_MAXINT64, &total, error))
    return FALSE;
  if (total == config->n_components)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s': \"total_C\" is %" G_GUINT64_FORMAT
      ", but the modules' \"C\" add up to %u",
      config->filename, total, config->n_components);
  return FALSE;
}

/* the importance function must be able to do with as few layers */
static gboolean
check_hidden (const ActModelConfig *config, GError **error)
{
  guint least = act_head_kind_lookup (config->head)->min_hidden;

  if (config->n_hidden >= least)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': \"ci_fn_hidden_dims\" has %u entries, \"ci_fn_type\": \"%s\" "
      "needs at least %u",
      config->filename, config->n_hidden, config->head, least);
  return FALSE;
}

/* a name in the model's folder: nothing outside it is read */
static gboolean
read_target_file (ActModelConfig *config, JsonObject *object, GError **error)
{
  const char *name;

  if (!json_object_has_member (object, "target_weights_file"))
    return TRUE;
  name = act_json_get_string (
      object, "target_weights_file", config->filename, error);
  if (name == NULL)
    return FALSE;
  if (*name == '\0' || strchr (name, '/') != NULL || g_str_equal (name, "..")
      || g_str_equal (name, ".")) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': \"target_weights_file\" is '%s', expected the name of a file in "
        "the model's folder",
        config->filename, name);
    return FALSE;
  }
  config->target_weights_file = g_strdup (name);
  return TRUE;
}

static gboolean
read_config (ActModelConfig *config, JsonObject *object, GError **error)
{
  config->architecture = get_kind (config, object, "model_type",
      architecture_known, act_architecture_names, error);
  if (config->architecture == NULL)
    return FALSE;
  config->head = get_kind (
      config, object, "ci_fn_type", head_known, act_head_kind_names, error);
  if (config->head == NULL)
    return FALSE;
  config->sigmoid = get_kind (
      config, object, "sigmoid_type", sigmoid_known, act_sigmoid_names, error);
  if (config->sigmoid == NULL)
    return FALSE;
  return act_architecture_lookup (config->architecture)
             ->read_config (config, object, error)
      && read_target_file (config, object, error)
      && read_hidden (config, object, error) && check_hidden (config, error)
      && read_modules (config, object, error)
      && check_total (config, object, error);
}

ActModelConfig *
act_model_config_new (JsonNode *root, const char *filename, GError **error)
{
  g_autoptr (ActModelConfig) config = g_new0 (ActModelConfig, 1);

  config->filename = g_strdup (filename);
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no JSON object of a model's hyper-parameters",
        config->filename);
    return NULL;
  }
  if (!read_config (config, json_node_get_object (root), error))
    return NULL;
  return g_steal_pointer (&config);
}

ActModelConfig *
act_model_config_read (const char *folder, GError **error)
{
  g_autofree char *filename = g_build_filename (folder, "config.json", NULL);
  g_autoptr (JsonNode) root =
      act_json_read_file (filename, MAX_CONFIG_SIZE, error);

  return root != NULL ? act_model_config_new (root, filename, error) : NULL;
}

void
act_model_config_free (ActModelConfig *config)
{
  if (config == NULL)
    return;
  for (guint i = 0; i < config->n_modules; i++)
    g_free (config->modules[i].name);
  g_free (config->modules);
  g_free (config->target_weights_file);
  g_free (config->sigmoid);
  g_free (config->head);
  g_free (config->architecture);
  g_free (config->filename);
  g_free (config);
}
