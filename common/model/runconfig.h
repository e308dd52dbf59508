/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "formats/safetensors.h"

/* (transfer full) config.json as a run's settings and tensors make it.
 *
 * run: final_config.yaml. Importance functions are in "ci_config" ("fn_type",
 * "hidden_dims"), before that in "ci_fn_type" and "ci_fn_hidden_dims", and
 * before that in "gate_type" and "gate_hidden_dims". target: the target's
 * hyper-parameters, taken over as they are; "model_type" may be missing, it is
 * then the last part of "pretrained_model_class". Modules and their sizes are
 * those of the tensors. name is for messages. */
JsonNode *act_run_config_new (JsonObject *run, JsonObject *target,
    const ActSafetensors *weights, const char *name, GError **error);
