/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Names of tensors in a decomposed model's state dict. They changed as the
 * training code did; the forms there were, and what they are now:
 *
 *   patched_model.M.weight           target_model.M.weight
 *   X.M.original.weight              target_model.M.weight
 *   X.M.components.V                 _components.M-with-dashes.V
 *   _gates.M.layers.0.W              _ci_fns.M.layers.0.W
 *   ci_fn._ci_fns.M.layers.0.W       _ci_fns.M.layers.0.W
 *
 * DistributedDataParallel puts "module." before all of them, torch.compile
 * "_orig_mod."; both are taken off. */

/* (transfer full) the name without those */
char *act_state_name_unwrap (const char *name);

/* (transfer full) the name as it is now; NULL: it is none of these */
char *act_state_name_new (const char *name);

/* (transfer full) the module of "_components.M.V", its dashes as dots; NULL:
 * the name is another */
char *act_state_name_dup_module (const char *name);

/* Order of modules as a model evaluates them: by block, attention before MLP,
 * queries, keys, values before the output. */
gint act_state_module_compare (const char *a, const char *b);
