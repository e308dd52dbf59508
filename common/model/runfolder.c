/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "model/runfolder.h"

#include <string.h>

#include "acterror.h"
#include "formats/pth.h"
#include "formats/yaml.h"
#include "model/runconfig.h"
#include "model/statenames.h"

#define FINAL_CONFIG "final_config.yaml"
#define TARGET_CONFIG "model_config.yaml"
#define PREFIX "model_"
#define SUFFIX ".pth"
#define MAX_CONFIG_SIZE ((gsize) 16 << 20)

static const char *const target_files[] = { "target_model.safetensors",
  "target_model.pth" };

static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *filename = g_build_filename (folder, name, NULL);

  return g_file_test (filename, G_FILE_TEST_EXISTS);
}

gboolean
act_run_folder_is (const char *folder)
{
  return has_file (folder, FINAL_CONFIG) && !has_file (folder, "config.json");
}

/* STEP of model_STEP.pth */
static gboolean
parse_step (const char *name, guint64 *step)
{
  g_autofree char *digits = NULL;

  if (!g_str_has_prefix (name, PREFIX) || !g_str_has_suffix (name, SUFFIX))
    return FALSE;
  digits = g_strndup (name + strlen (PREFIX),
      strlen (name) - strlen (PREFIX) - strlen (SUFFIX));
  return g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64, step, NULL);
}

/* (transfer full) the checkpoint of the largest step */
static char *
find_checkpoint (const char *folder, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &reason);
  g_autofree char *best = NULL;
  guint64 step, largest = 0;
  const char *name;

  if (dir == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ, "'%s': %s", folder,
        reason->message);
    return NULL;
  }
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (!parse_step (name, &step) || (best != NULL && step <= largest))
      continue;
    g_free (best);
    best = g_strdup (name);
    largest = step;
  }
  if (best == NULL)
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "'%s' has no checkpoint, expected " PREFIX "STEP" SUFFIX
        " beside its " FINAL_CONFIG,
        folder);
  return g_steal_pointer (&best);
}

/* what a run's tensors lie in, and their names */
typedef struct {
  ActPth *checkpoint, *target_pth;
  ActSafetensors *target;
  GPtrArray *names;
} Sources;

static void
sources_free (gpointer data)
{
  Sources *sources = data;

  g_clear_pointer (&sources->checkpoint, act_pth_free);
  g_clear_pointer (&sources->target_pth, act_pth_free);
  g_clear_pointer (&sources->target, act_safetensors_free);
  g_ptr_array_unref (sources->names);
  g_free (sources);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sources, sources_free)

static void
add (Sources *sources, GArray *tensors, const ActTensor *tensor, char *name)
{
  ActTensor renamed = *tensor;

  renamed.name = name;
  g_ptr_array_add (sources->names, name);
  g_array_append_val (tensors, renamed);
}

/* whether the checkpoint has weights of the target model goes to *target */
static gboolean
add_checkpoint (Sources *sources, const char *filename, GArray *tensors,
    gboolean *target, GError **error)
{
  *target = FALSE;
  sources->checkpoint = act_pth_open (filename, error);
  if (sources->checkpoint == NULL)
    return FALSE;
  for (guint i = 0; i < act_pth_get_n_tensors (sources->checkpoint); i++) {
    const ActTensor *tensor = act_pth_get (sources->checkpoint, i);
    char *name = act_state_name_new (tensor->name);

    if (name == NULL) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
          "'%s': tensor '%s' belongs to nothing that is known, expected "
          "target_model.*, _components.* and _ci_fns.*, or their older forms",
          filename, tensor->name);
      return FALSE;
    }
    *target = *target || g_str_has_prefix (name, "target_model.");
    add (sources, tensors, tensor, name);
  }
  return TRUE;
}

static void
add_target (Sources *sources, GArray *tensors, const ActTensor *tensor)
{
  g_autofree char *plain = act_state_name_unwrap (tensor->name);
  gboolean prefixed = g_str_has_prefix (plain, "target_model.");

  add (sources, tensors, tensor,
      g_strconcat (prefixed ? "" : "target_model.", plain, NULL));
}

/* the target's weights from a file of their own */
static gboolean
add_target_file (Sources *sources, const char *folder, const char *checkpoint,
    GArray *tensors, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (target_files); i++) {
    g_autofree char *filename =
        g_build_filename (folder, target_files[i], NULL);

    if (!g_file_test (filename, G_FILE_TEST_EXISTS))
      continue;
    if (g_str_has_suffix (filename, SUFFIX)) {
      sources->target_pth = act_pth_open (filename, error);
      for (guint j = 0; sources->target_pth != NULL
           && j < act_pth_get_n_tensors (sources->target_pth);
           j++)
        add_target (sources, tensors, act_pth_get (sources->target_pth, j));
      return sources->target_pth != NULL;
    }
    sources->target = act_safetensors_open (filename, error);
    for (guint j = 0; sources->target != NULL
         && j < act_safetensors_get_n_tensors (sources->target);
         j++)
      add_target (sources, tensors, act_safetensors_get (sources->target, j));
    return sources->target != NULL;
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s' has no weights of the target model (target_model.*), expected "
      "them there, or in %s or %s beside it",
      checkpoint, target_files[0], target_files[1]);
  return FALSE;
}

static ActSafetensors *
open_weights (const char *folder, GError **error)
{
  g_autofree char *name = find_checkpoint (folder, error);
  g_autofree char *filename =
      name != NULL ? g_build_filename (folder, name, NULL) : NULL;
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (ActTensor));
  g_autoptr (Sources) sources = g_new0 (Sources, 1);
  gboolean target;

  sources->names = g_ptr_array_new_with_free_func (g_free);
  if (name == NULL
      || !add_checkpoint (sources, filename, tensors, &target, error))
    return NULL;
  if (!target && !add_target_file (sources, folder, filename, tensors, error))
    return NULL;
  return act_safetensors_new_from_tensors (filename,
      (const ActTensor *) tensors->data, tensors->len,
      g_steal_pointer (&sources), sources_free, error);
}

static JsonNode *
read_yaml (const char *folder, const char *name, GError **error)
{
  g_autofree char *filename = g_build_filename (folder, name, NULL);
  g_autoptr (JsonNode) root =
      act_yaml_read_file (filename, MAX_CONFIG_SIZE, error);

  if (root == NULL || JSON_NODE_HOLDS_OBJECT (root))
    return g_steal_pointer (&root);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' holds no mapping of settings", filename);
  return NULL;
}

gboolean
act_run_folder_open (const char *folder, char **name, JsonNode **config,
    ActSafetensors **weights, GError **error)
{
  g_autofree char *shown =
      g_strdup_printf ("%s (%s, %s)", folder, FINAL_CONFIG, TARGET_CONFIG);
  g_autoptr (JsonNode) run = read_yaml (folder, FINAL_CONFIG, error);
  g_autoptr (JsonNode) target = NULL;
  g_autoptr (ActSafetensors) tensors = NULL;

  if (run == NULL)
    return FALSE;
  if (!has_file (folder, TARGET_CONFIG)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "'%s' has no " TARGET_CONFIG ", expected there the hyper-parameters of "
        "the target model (n_head, n_embd, ..), which no " FINAL_CONFIG " has",
        folder);
    return FALSE;
  }
  target = read_yaml (folder, TARGET_CONFIG, error);
  if (target == NULL)
    return FALSE;
  tensors = open_weights (folder, error);
  if (tensors == NULL)
    return FALSE;
  *config = act_run_config_new (json_node_get_object (run),
      json_node_get_object (target), tensors, shown, error);
  if (*config == NULL)
    return FALSE;
  *weights = g_steal_pointer (&tensors);
  *name = g_steal_pointer (&shown);
  return TRUE;
}

GPtrArray *
act_run_folder_list (const char *folder, GError **error)
{
  char *checkpoint = find_checkpoint (folder, error);
  GPtrArray *names;

  if (checkpoint == NULL)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (names, g_strdup (FINAL_CONFIG));
  g_ptr_array_add (names, g_strdup (TARGET_CONFIG));
  g_ptr_array_add (names, checkpoint);
  for (guint i = 0; i < G_N_ELEMENTS (target_files); i++)
    if (has_file (folder, target_files[i]))
      g_ptr_array_add (names, g_strdup (target_files[i]));
  return names;
}
