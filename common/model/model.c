/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <string.h>

#include "acterror.h"
#include "model/model-private.h"
#include "model/runfolder.h"

#define WEIGHTS_FILE "model.safetensors"

static ActSafetensors *
open_file (const char *folder, const char *name, GError **error)
{
  g_autofree char *filename = g_build_filename (folder, name, NULL);

  return act_safetensors_open (filename, error);
}

/* (transfer full) what stands before the target model's tensors. One of its
 * tensors tells whether the architecture's outer name does. */
static char *
find_target_prefix (const ActModel *model)
{
  const ActArchitecture *arch =
      act_architecture_lookup (model->config->architecture);
  const ActSafetensors *file =
      model->target != NULL ? model->target : model->weights;
  const char *base = model->target != NULL ? "" : "target_model.";

  if (arch->outer != NULL) {
    g_autofree char *prefix = g_strconcat (base, arch->outer, NULL);
    g_autofree char *name =
        g_strconcat (prefix, arch->first[0].name, ".weight", NULL);

    if (act_safetensors_lookup (file, name) != NULL)
      return g_steal_pointer (&prefix);
  }
  return g_strdup (base);
}

void
act_model_init_weights (const ActModel *model, ActWeights *weights)
{
  weights->file = model->weights;
  weights->target = model->target != NULL ? model->target : model->weights;
  weights->target_prefix = model->target_prefix;
}

static gboolean
open_files (ActModel *model, const char *folder, GError **error)
{
  const char *target;

  model->config = act_model_config_read (folder, error);
  if (model->config == NULL)
    return FALSE;
  target = model->config->target_weights_file;
  model->weights = open_file (folder, WEIGHTS_FILE, error);
  if (model->weights == NULL)
    return FALSE;
  if (target != NULL) {
    model->target = open_file (folder, target, error);
    if (model->target == NULL)
      return FALSE;
  }
  return TRUE;
}

static gboolean
open_run (ActModel *model, const char *folder, GError **error)
{
  g_autofree char *name = NULL;
  g_autoptr (JsonNode) config = NULL;

  if (!act_run_folder_open (folder, &name, &config, &model->weights, error))
    return FALSE;
  model->config = act_model_config_new (config, name, error);
  return model->config != NULL;
}

ActModel *
act_model_open (const char *folder, GError **error)
{
  g_autoptr (ActModel) model = g_new0 (ActModel, 1);
  ActWeights weights = { .load = FALSE };
  g_autoptr (ActPlan) plan = NULL;

  model->ref_count = 1;
  if (!(act_run_folder_is (folder) ? open_run : open_files) (
          model, folder, error))
    return NULL;
  plan = act_plan_new (model->config, error);
  if (plan == NULL)
    return NULL;
  model->target_prefix = find_target_prefix (model);
  act_model_init_weights (model, &weights);
  if (!act_plan_check (plan, &weights, error))
    return NULL;
  return g_steal_pointer (&model);
}

ActModel *
act_model_ref (ActModel *model)
{
  g_atomic_int_inc (&model->ref_count);
  return model;
}

void
act_model_unref (ActModel *model)
{
  if (!g_atomic_int_dec_and_test (&model->ref_count))
    return;
  g_free (model->target_prefix);
  g_clear_pointer (&model->target, act_safetensors_free);
  g_clear_pointer (&model->weights, act_safetensors_free);
  g_clear_pointer (&model->config, act_model_config_free);
  g_free (model);
}

const char *
act_model_get_filename (const ActModel *model)
{
  return model->config->filename;
}

const char *
act_model_get_architecture (const ActModel *model)
{
  return model->config->architecture;
}

guint
act_model_get_vocab_size (const ActModel *model)
{
  return model->config->vocab_size;
}

guint
act_model_get_max_sequence_length (const ActModel *model)
{
  return model->config->block_size;
}

guint
act_model_get_n_modules (const ActModel *model)
{
  return model->config->n_modules;
}

const char *
act_model_get_module_name (const ActModel *model, guint module)
{
  return model->config->modules[module].name;
}

guint
act_model_get_module_n_components (const ActModel *model, guint module)
{
  return model->config->modules[module].n_components;
}

guint
act_model_get_module_first_column (const ActModel *model, guint module)
{
  return model->config->modules[module].first_column;
}

guint
act_model_get_n_components (const ActModel *model)
{
  return model->config->n_components;
}

char *
act_model_dup_label (const ActModel *model, guint column)
{
  const ActModelConfig *config = model->config;
  guint module = 0;

  while (module + 1 < config->n_modules
      && config->modules[module + 1].first_column <= column)
    module++;
  return g_strdup_printf ("%s:%u", config->modules[module].name,
      column - config->modules[module].first_column);
}

static char *
list_modules (const ActModelConfig *config)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < config->n_modules; i++)
    g_string_append_printf (
        names, "%s%s", i > 0 ? ", " : "", config->modules[i].name);
  return g_string_free (names, FALSE);
}

static gboolean
select_pattern (const ActModelConfig *config, const char *pattern,
    guint8 *selected, GError **error)
{
  gboolean any = FALSE;

  for (guint i = 0; i < config->n_modules; i++) {
    if (g_pattern_match_simple (pattern, config->modules[i].name)) {
      selected[i] = 1;
      any = TRUE;
    }
  }
  if (!any) {
    g_autofree char *names = list_modules (config);

    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "module '%s' is none of the model's: %s", pattern, names);
  }
  return any;
}

gboolean
act_model_select_modules (const ActModel *model, const char *patterns,
    guint8 *selected, GError **error)
{
  g_auto (GStrv) parts = NULL;

  if (patterns == NULL || *patterns == '\0') {
    memset (selected, 1, model->config->n_modules);
    return TRUE;
  }
  memset (selected, 0, model->config->n_modules);
  parts = g_strsplit (patterns, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (!select_pattern (model->config, g_strstrip (parts[i]), selected, error))
      return FALSE;
  return TRUE;
}
