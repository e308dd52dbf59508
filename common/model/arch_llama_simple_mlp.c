/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/arch_llama.h"
#include "model/architectures.h"
#include "model/archparts.h"
#include "model/ops.h"

/* LlamaSimpleMLP: as Llama, but an MLP with one input matrix and tanh-GELU. */

static const ActStep mlp[] = {
  { &act_op_rms_norm, "rms_2", { ACT_SLOT_RESIDUAL }, ACT_SLOT_NORMED },
  { &act_op_linear, "mlp.c_fc", { ACT_SLOT_NORMED }, ACT_SLOT_HIDDEN,
      .is_module = TRUE, .bias = act_when_mlp_bias },
  { &act_op_gelu_tanh, "mlp.gelu", { ACT_SLOT_HIDDEN }, ACT_SLOT_HIDDEN },
  { &act_op_linear, "mlp.down_proj", { ACT_SLOT_HIDDEN }, ACT_SLOT_RESIDUAL,
      .adds = TRUE, .is_module = TRUE, .bias = act_when_mlp_bias },
  { NULL },
};

const ActArchitecture act_architecture_llama_simple_mlp = {
  .name = "LlamaSimpleMLP",
  .blocks = "h",
  .first = act_llama_first,
  .block = { act_llama_attention, mlp },
  .last = act_llama_last,
  .read_config = act_llama_read_config,
  .slots = act_arch_slots,
};
