/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "model/runconfig.h"

#include <string.h>

#include "acterror.h"
#include "formats/json.h"
#include "model/statenames.h"

#define DEFAULT_SIGMOID "leaky_hard"

static void
copy_members (JsonObject *from, JsonObject *to)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, from);
  while (json_object_iter_next (&iter, &name, &node))
    json_object_set_member (to, name, json_node_copy (node));
}

/* "module.Class" -> "Class" */
static gboolean
set_model_type (
    JsonObject *run, JsonObject *config, const char *name, GError **error)
{
  const char *class, *dot;

  if (json_object_has_member (config, "model_type"))
    return TRUE;
  class = act_json_get_string (run, "pretrained_model_class", name, error);
  if (class == NULL)
    return FALSE;
  dot = strrchr (class, '.');
  json_object_set_string_member (config, "model_type", dot ? dot + 1 : class);
  return TRUE;
}

static gboolean
is_set (JsonObject *object, const char *field)
{
  return json_object_has_member (object, field)
      && !json_node_is_null (json_object_get_member (object, field));
}

static gboolean
copy_ci (JsonObject *from, const char *type, const char *hidden,
    JsonObject *config, const char *name, GError **error)
{
  const char *value = act_json_get_string (from, type, name, error);

  if (value == NULL)
    return FALSE;
  if (!is_set (from, hidden)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': \"%s\" is missing, expected the widths of the hidden layers",
        name, hidden);
    return FALSE;
  }
  json_object_set_string_member (config, "ci_fn_type", value);
  json_object_set_member (config, "ci_fn_hidden_dims",
      json_node_copy (json_object_get_member (from, hidden)));
  return TRUE;
}

/* the importance function, in whichever form */
static gboolean
set_ci (JsonObject *run, JsonObject *config, const char *name, GError **error)
{
  JsonNode *node = json_object_get_member (run, "ci_config");

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node)) {
    JsonObject *ci = json_node_get_object (node);
    const char *mode = is_set (ci, "mode")
        ? act_json_get_string (ci, "mode", name, error)
        : "layerwise";

    if (mode == NULL)
      return FALSE;
    if (strcmp (mode, "layerwise") != 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
          "'%s': \"mode\" of \"ci_config\" is \"%s\", only layerwise is "
          "supported",
          name, mode);
      return FALSE;
    }
    return copy_ci (ci, "fn_type", "hidden_dims", config, name, error);
  }
  if (is_set (run, "gate_type"))
    return copy_ci (run, "gate_type", "gate_hidden_dims", config, name, error);
  return copy_ci (run, "ci_fn_type", "ci_fn_hidden_dims", config, name, error);
}

/* modules that the training code put into the model to decompose them */
static gboolean
refuse_identity (JsonObject *run, const char *name, GError **error)
{
  static const char *const fields[] = { "identity_module_info",
    "identity_module_patterns" };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    JsonNode *node = json_object_get_member (run, fields[i]);

    if (node == NULL || json_node_is_null (node)
        || (JSON_NODE_HOLDS_ARRAY (node)
            && json_array_get_length (json_node_get_array (node)) == 0))
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': \"%s\" is set, identity modules are not supported", name,
        fields[i]);
    return FALSE;
  }
  return TRUE;
}

static gboolean
set_sigmoid (
    JsonObject *run, JsonObject *config, const char *name, GError **error)
{
  const char *sigmoid = DEFAULT_SIGMOID;

  if (is_set (run, "sigmoid_type"))
    sigmoid = act_json_get_string (run, "sigmoid_type", name, error);
  if (sigmoid == NULL)
    return FALSE;
  json_object_set_string_member (config, "sigmoid_type", sigmoid);
  return TRUE;
}

static gint
compare_modules (gconstpointer a, gconstpointer b)
{
  return act_state_module_compare (*(char *const *) a, *(char *const *) b);
}

static GPtrArray *
list_modules (const ActSafetensors *weights)
{
  GPtrArray *modules = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < act_safetensors_get_n_tensors (weights); i++) {
    char *module =
        act_state_name_dup_module (act_safetensors_get (weights, i)->name);

    if (module != NULL)
      g_ptr_array_add (modules, module);
  }
  g_ptr_array_sort (modules, compare_modules);
  return modules;
}

static const ActTensor *
get_component (const ActSafetensors *weights, const char *module,
    const char *which, const guint64 *shape, GError **error)
{
  g_autofree char *dashes = g_strdelimit (g_strdup (module), ".", '-');
  g_autofree char *name = g_strdup_printf ("_components.%s.%s", dashes, which);

  return act_safetensors_require (weights, name, 2, shape, error);
}

static gboolean
add_module (const ActSafetensors *weights, const char *module, JsonArray *list,
    GError **error)
{
  const guint64 any[2] = { 0, 0 };
  guint64 u_shape[2] = { 0, 0 };
  JsonObject *object;
  const ActTensor *v = get_component (weights, module, "V", any, error), *u;

  if (v == NULL)
    return FALSE;
  u_shape[0] = v->shape[1];
  u = get_component (weights, module, "U", u_shape, error);
  if (u == NULL)
    return FALSE;
  object = json_object_new ();
  json_object_set_string_member (object, "name", module);
  json_object_set_int_member (object, "C", (gint64) v->shape[1]);
  json_object_set_int_member (object, "d_in", (gint64) v->shape[0]);
  json_object_set_int_member (object, "d_out", (gint64) u->shape[1]);
  json_array_add_object_element (list, object);
  return TRUE;
}

static gboolean
set_modules (JsonObject *config, const ActSafetensors *weights, GError **error)
{
  g_autoptr (GPtrArray) modules = list_modules (weights);
  g_autoptr (JsonArray) list = json_array_new ();

  if (modules->len == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' has no components, expected tensors _components.MODULE.V and .U",
        act_safetensors_get_filename (weights));
    return FALSE;
  }
  for (guint i = 0; i < modules->len; i++)
    if (!add_module (weights, modules->pdata[i], list, error))
      return FALSE;
  json_object_set_array_member (config, "modules", g_steal_pointer (&list));
  return TRUE;
}

JsonNode *
act_run_config_new (JsonObject *run, JsonObject *target,
    const ActSafetensors *weights, const char *name, GError **error)
{
  g_autoptr (JsonObject) config = json_object_new ();
  JsonNode *node;

  copy_members (target, config);
  if (!set_model_type (run, config, name, error)
      || !refuse_identity (run, name, error)
      || !set_ci (run, config, name, error)
      || !set_sigmoid (run, config, name, error)
      || !set_modules (config, weights, error))
    return NULL;
  /* of a model folder, not of a run's */
  json_object_remove_member (config, "total_C");
  json_object_remove_member (config, "target_weights_file");
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, config);
  return node;
}
