/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A decomposed model: a folder with config.json and model.safetensors, as
 * samples/licences-model/README.md and docs/forward.md describe it, or the
 * folder of a training run (runfolder.h). */

typedef struct _ActModel ActModel;

/* Reads config.json, maps the weights and checks that every tensor the
 * architecture and the importance functions ask for is there with the shape
 * that config.json gives. Reads no weight yet. */
ActModel *act_model_open (const char *folder, GError **error);
ActModel *act_model_ref (ActModel *model);
void act_model_unref (ActModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActModel, act_model_unref)

/* of its config.json, for messages */
const char *act_model_get_filename (const ActModel *model);
const char *act_model_get_architecture (const ActModel *model);
guint act_model_get_vocab_size (const ActModel *model);
/* the longest sample */
guint act_model_get_max_sequence_length (const ActModel *model);

/* modules in the order of config.json, which is the order of the columns */
guint act_model_get_n_modules (const ActModel *model);
const char *act_model_get_module_name (const ActModel *model, guint module);
guint act_model_get_module_n_components (const ActModel *model, guint module);
guint act_model_get_module_first_column (const ActModel *model, guint module);
guint act_model_get_n_components (const ActModel *model);
/* "h.0.attn.q_proj:17"; (transfer full) */
char *act_model_dup_label (const ActModel *model, guint column);

/* Marks the modules that patterns select: names or globs ("h.1.*") separated
 * by commas; NULL or "" is all. selected holds a byte a module. A pattern that
 * fits no module is an error that lists them. */
gboolean act_model_select_modules (const ActModel *model, const char *patterns,
    guint8 *selected, GError **error);

/* SHA-256 of config.json, model.safetensors and then the file of the target
 * model's tensors if it has one, or of a run folder's files, in hex; (transfer
 * full) */
char *act_model_fingerprint (const char *folder, GError **error);
