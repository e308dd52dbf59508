/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "gpumodel.h"

#include <stdlib.h>
#include <string.h>

#include "acterror.h"
#include "model/head.h"
#include "model/heads.h"
#include "model/model-private.h"
#include "model/ops.h"
#include "model/plan.h"

/* An ActPlan, loaded as for the processor, with each weight on the device in
 * place of the one in memory. What is on the host goes when all is uploaded. */
struct _ActGpuModel {
  ActGpuForward forward;
  GArray *ops;   /* ActGpuOp */
  GArray *heads; /* ActGpuHead, with room for all: ops point to them */
};

typedef struct {
  ActPlan *plan;
  ActGpuModel *model;
  ActGpuUpload upload;
  gpointer data;
  guint *number; /* [n_modules] of a module among those selected */
} Builder;

static gboolean
upload (const Builder *builder, const float *host, gsize n, gboolean convert,
    const void *where, GError **error)
{
  void *memory = builder->upload (builder->data, host, n, convert, error);

  *(void **) where = memory;
  return memory != NULL;
}

void
act_gpu_model_free (ActGpuModel *model)
{
  if (model == NULL)
    return;
  g_clear_pointer (&model->ops, g_array_unref);
  g_clear_pointer (&model->heads, g_array_unref);
  g_free (model);
}

const ActGpuForward *
act_gpu_model_get_forward (const ActGpuModel *model)
{
  return &model->forward;
}

static const struct {
  const ActOpKind *kind;
  ActGpuOpKind gpu;
} op_kinds[] = {
  { &act_op_embedding, ACT_GPU_OP_EMBEDDING },
  { &act_op_positions, ACT_GPU_OP_POSITIONS },
  { &act_op_rms_norm, ACT_GPU_OP_RMS_NORM },
  { &act_op_layer_norm, ACT_GPU_OP_LAYER_NORM },
  { &act_op_linear, ACT_GPU_OP_LINEAR },
  { &act_op_conv1d, ACT_GPU_OP_LINEAR },
  { &act_op_rotary, ACT_GPU_OP_ROTARY },
  { &act_op_attention, ACT_GPU_OP_ATTENTION },
  { &act_op_gelu_tanh, ACT_GPU_OP_GELU_TANH },
  { &act_op_silu_times, ACT_GPU_OP_SILU_TIMES },
};

static const struct {
  const ActHeadKind *kind;
  ActGpuHeadKind gpu;
} head_kinds[] = {
  { &act_head_shared_mlp, ACT_GPU_HEAD_SHARED_MLP },
  { &act_head_vector_mlp, ACT_GPU_HEAD_VECTOR_MLP },
  { &act_head_mlp, ACT_GPU_HEAD_MLP },
};

static const struct {
  const char *name;
  ActGpuSigmoid gpu;
} sigmoids[] = {
  { "normal", ACT_GPU_SIGMOID_NORMAL },
  { "hard", ACT_GPU_SIGMOID_HARD },
  { "leaky_hard", ACT_GPU_SIGMOID_HARD },
  { "upper_leaky_hard", ACT_GPU_SIGMOID_UPPER_LEAKY_HARD },
  { "swish_hard", ACT_GPU_SIGMOID_SWISH_HARD },
};

static gboolean
unsupported (
    const Builder *builder, const char *what, const char *name, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': the device has no %s \"%s\"", builder->plan->config->filename,
      what, name);
  return FALSE;
}

static gboolean
find_op_kind (
    const Builder *builder, const ActOp *op, ActGpuOpKind *kind, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (op_kinds); i++) {
    if (op_kinds[i].kind == op->step->kind) {
      *kind = op_kinds[i].gpu;
      return TRUE;
    }
  }
  return unsupported (builder, "step", op->step->kind->name, error);
}

static gboolean
find_head_kind (const Builder *builder, const ActHead *head,
    ActGpuHeadKind *kind, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (head_kinds); i++) {
    if (head_kinds[i].kind == head->kind) {
      *kind = head_kinds[i].gpu;
      return TRUE;
    }
  }
  return unsupported (builder, "importance function", head->kind->name, error);
}

static gboolean
find_sigmoid (const Builder *builder, const ActHead *head,
    ActGpuSigmoid *sigmoid, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (sigmoids); i++) {
    if (g_str_equal (sigmoids[i].name, head->sigmoid->name)) {
      *sigmoid = sigmoids[i].gpu;
      return TRUE;
    }
  }
  return unsupported (builder, "sigmoid", head->sigmoid->name, error);
}

/* the layers that are no matrix product: see ActGpuLayer */
static gboolean
is_product (const ActHead *head, guint layer)
{
  if (head->kind == &act_head_shared_mlp)
    return TRUE;
  return layer + 1 < head->n_layers
      && (layer > 0 || head->kind == &act_head_vector_mlp);
}

static gboolean
add_layer (const Builder *builder, const ActHead *head, guint index,
    ActGpuLayer *layer, GError **error)
{
  const ActHeadLayer *from = &head->layers[index];
  gsize copies =
      head->kind == &act_head_shared_mlp ? 1 : head->module->n_components;

  layer->d_in = from->d_in;
  layer->d_out = from->d_out;
  return upload (builder, from->weight, copies * from->d_in * from->d_out,
             is_product (head, index), &layer->weight, error)
      && upload (builder, from->bias, copies * from->d_out, FALSE, &layer->bias,
          error);
}

static const ActGpuHead *
add_head (const Builder *builder, const ActOp *op, GError **error)
{
  const ActHead *head = op->head;
  const ActModelModule *module = head->module;
  ActGpuHead gpu = {
    .module = builder->number[op->module],
    .first_column = module->first_column,
    .n_components = module->n_components,
    .d_in = module->d_in,
    .takes_tokens = head->takes_tokens,
    .n_layers = head->n_layers,
  };
  GArray *heads = builder->model->heads;

  if (!find_head_kind (builder, head, &gpu.kind, error)
      || !find_sigmoid (builder, head, &gpu.sigmoid, error))
    return NULL;
  if (head->v != NULL
      && !upload (builder, head->v, (gsize) module->d_in * module->n_components,
          !head->takes_tokens, &gpu.v, error))
    return NULL;
  for (guint i = 0; i < head->n_layers; i++)
    if (!add_layer (builder, head, i, &gpu.layers[i], error))
      return NULL;
  g_array_append_val (heads, gpu);
  return &g_array_index (heads, ActGpuHead, heads->len - 1);
}

static ActGpuSlot
slot_of (const ActPlan *plan, ActSlot slot)
{
  ActGpuSlot gpu = {
    .buffer = act_plan_buffer (plan, slot),
    .first = plan->slots[slot].first,
    .width = plan->slots[slot].width,
  };

  return gpu;
}

static gsize
weight_size (const ActOp *op)
{
  const ActOpKind *kind = op->step->kind;

  if (kind == &act_op_positions)
    return (gsize) op->plan->config->block_size * op->width_out;
  if (kind == &act_op_rms_norm || kind == &act_op_layer_norm)
    return op->width_out;
  return (gsize) op->width_in * op->width_out;
}

/* what the operation itself does, where something needs it */
static gboolean
add_weights (
    const Builder *builder, const ActOp *op, ActGpuOp *gpu, GError **error)
{
  if (!find_op_kind (builder, op, &gpu->kind, error))
    return FALSE;
  gpu->adds = op->step->adds;
  gpu->transposed = op->step->kind == &act_op_conv1d;
  gpu->n_heads = op->n_heads;
  gpu->n_kv_heads = op->n_kv_heads;
  gpu->head_size = op->head_size;
  gpu->eps = op->eps;
  return (op->weight == NULL
             || upload (builder, op->weight, weight_size (op),
                 gpu->kind == ACT_GPU_OP_LINEAR, &gpu->weight, error))
      && (op->bias == NULL
          || upload (
              builder, op->bias, op->width_out, FALSE, &gpu->bias, error));
}

static gboolean
add_op (const Builder *builder, const ActOp *op, GError **error)
{
  ActGpuOp gpu = { .kind = ACT_GPU_OP_NOTHING };

  for (guint i = 0; i < G_N_ELEMENTS (op->step->in); i++)
    gpu.in[i] = slot_of (op->plan, op->step->in[i]);
  gpu.out = slot_of (op->plan, op->step->out);
  if (op->head != NULL) {
    gpu.head = add_head (builder, op, error);
    if (gpu.head == NULL)
      return FALSE;
  }
  if (op->needed && !add_weights (builder, op, &gpu, error))
    return FALSE;
  g_array_append_val (builder->model->ops, gpu);
  return TRUE;
}

/* numbers of the selected modules, in the order of their columns */
static void
number_modules (Builder *builder)
{
  const ActPlan *plan = builder->plan;
  guint n = 0;

  for (guint i = 0; i < plan->n_ops; i++)
    if (plan->ops[i].head != NULL)
      builder->number[plan->ops[i].module] = 1;
  for (guint i = 0; i < plan->config->n_modules; i++)
    if (builder->number[i] != 0)
      builder->number[i] = n++;
  builder->model->forward.n_modules = n;
}

static gboolean
add_rotary (const Builder *builder, GError **error)
{
  const ActRotaryTable *table = &builder->plan->rotary;
  const ActModelConfig *config = builder->plan->config;
  ActGpuForward *forward = &builder->model->forward;
  gsize n = (gsize) table->length * (config->n_embd / config->n_head / 2);

  return table->length == 0
      || (upload (builder, table->cos, n, FALSE, &forward->cos, error)
          && upload (builder, table->sin, n, FALSE, &forward->sin, error));
}

static gboolean
build (Builder *builder, GError **error)
{
  const ActPlan *plan = builder->plan;
  ActGpuModel *model = builder->model;
  ActGpuForward *forward = &model->forward;

  G_STATIC_ASSERT (ACT_N_SLOTS <= ACT_GPU_MAX_BUFFERS);
  G_STATIC_ASSERT (ACT_MODEL_MAX_HIDDEN + 1 <= ACT_GPU_MAX_LAYERS);

  model->ops = g_array_new (FALSE, FALSE, sizeof (ActGpuOp));
  model->heads = g_array_sized_new (
      FALSE, FALSE, sizeof (ActGpuHead), plan->config->n_modules);
  number_modules (builder);
  for (guint i = 0; i < plan->n_ops; i++)
    if ((plan->ops[i].needed || plan->ops[i].head != NULL)
        && !add_op (builder, &plan->ops[i], error))
      return FALSE;
  forward->n_buffers = ACT_N_SLOTS;
  for (guint i = 0; i < ACT_N_SLOTS; i++)
    forward->widths[i] = plan->used[i] ? plan->slots[i].width : 0;
  forward->n_ops = model->ops->len;
  forward->ops = (const ActGpuOp *) model->ops->data;
  forward->n_components = plan->config->n_components;
  forward->vocab_size = plan->config->vocab_size;
  forward->rotary_adjacent_pairs = plan->config->rotary_adjacent_pairs;
  return add_rotary (builder, error);
}

/* the plan with its weights in memory */
static ActPlan *
load_plan (ActModel *model, const guint8 *selected, guint sequence_length,
    ActWeights *weights, GError **error)
{
  g_autoptr (ActPlan) plan = act_plan_new (model->config, error);
  g_autofree guint8 *all = g_malloc (model->config->n_modules);

  memset (all, 1, model->config->n_modules);
  if (plan == NULL
      || !act_plan_load (
          plan, weights, selected != NULL ? selected : all, error)
      || !act_plan_set_length (plan, sequence_length, error))
    return NULL;
  return g_steal_pointer (&plan);
}

ActGpuModel *
act_gpu_model_new (ActModel *model, const guint8 *selected,
    guint sequence_length, ActGpuUpload upload, gpointer data, GError **error)
{
  g_autoptr (ActGpuModel) gpu = g_new0 (ActGpuModel, 1);
  g_autoptr (GPtrArray) widened = g_ptr_array_new_with_free_func (free);
  g_autofree guint *number = g_new0 (guint, model->config->n_modules);
  g_autoptr (ActPlan) plan = NULL;
  Builder builder = { NULL, gpu, upload, data, number };
  ActWeights weights;

  act_model_init_weights (model, &weights);
  weights.widened = widened;
  plan = load_plan (model, selected, sequence_length, &weights, error);
  if (plan == NULL)
    return NULL;
  builder.plan = plan;
  if (!build (&builder, error))
    return NULL;
  return g_steal_pointer (&gpu);
}
