/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "formats/safetensors.h"

/* The folder of a training run, as the training code leaves it:
 *
 *   final_config.yaml   how the model was decomposed
 *   model_STEP.pth      a state dict; the largest STEP is taken
 *   model_config.yaml   hyper-parameters of the target model: the fields that
 *                       config.json of a model folder has for them
 *   target_model.safetensors or target_model.pth
 *                       the target's weights, where the checkpoint has none
 */

gboolean act_run_folder_is (const char *folder);

/* What a model folder would hold: (transfer full) config as config.json has
 * it, and tensors by their names as they are now. *name is for messages. */
gboolean act_run_folder_open (const char *folder, char **name,
    JsonNode **config, ActSafetensors **weights, GError **error);

/* (transfer full) the names of the files that are read, in a fixed order */
GPtrArray *act_run_folder_list (const char *folder, GError **error);
