/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/modelconfig.h"
#include "model/weights.h"

/* How a model is run: a list of operations on named buffers (slots), one for
 * each step of its architecture and block, with its weights. */

typedef struct _ActPlan ActPlan;
typedef struct _ActOp ActOp;
typedef struct _ActTile ActTile;
typedef struct _ActHead ActHead;

/* The buffers of a tile, float32 [rows, width of the slot]. */
typedef enum {
  ACT_SLOT_NONE,
  ACT_SLOT_RESIDUAL,
  ACT_SLOT_NORMED,
  ACT_SLOT_QKV, /* queries, keys and values of a combined projection */
  ACT_SLOT_QUERY,
  ACT_SLOT_KEY,
  ACT_SLOT_VALUE,
  ACT_SLOT_MIXED, /* the attention's output */
  ACT_SLOT_GATE,
  ACT_SLOT_HIDDEN,
  ACT_SLOT_LOGITS,
  ACT_N_SLOTS
} ActSlot;

/* A buffer of its own, or columns from first on of another slot. */
typedef struct {
  guint width;
  ActSlot of; /* ACT_SLOT_NONE: its own */
  guint first;
} ActSlotShape;

/* A kind of step. prepare is called once a step with weights->load FALSE when
 * a model is opened, and again with TRUE if the step is needed. */
typedef struct {
  const char *name;
  /* reads token ids, not a slot: its module's input is a row of the identity
   * matrix of vocab_size */
  gboolean takes_tokens;
  gboolean (*prepare) (ActOp *op, const ActModelConfig *config,
      ActWeights *weights, GError **error);
  void (*run) (const ActOp *op, ActTile *tile);
  /* Tables for samples of this length, NULL: none; not while tiles run. */
  gboolean (*set_length) (
      const ActOp *op, guint sequence_length, GError **error);
  /* floats of scratch for a sample of this length, NULL: none */
  gsize (*scratch) (const ActOp *op, guint sequence_length);
} ActOpKind;

typedef gboolean (*ActCondition) (const ActModelConfig *config);

/* A row of an architecture's table. It reads in, writes out (which may be
 * in[0]), or adds to out. name is the tensor's in its block; a step with a
 * decomposable weight is_module, its module's input is in[0]. */
typedef struct {
  const ActOpKind *kind; /* NULL ends the table */
  const char *name;
  ActSlot in[3];
  ActSlot out;
  gboolean adds;
  gboolean is_module;
  ActCondition when; /* the model has this step; NULL: each has */
  ActCondition bias; /* and this step a bias; NULL: none has */
  gboolean outside;  /* the outer name is not before its own */
  const char *tied;  /* whose weight it takes where it has none of its own */
} ActStep;

/* tables that a block is put together from */
#define ACT_ARCHITECTURE_MAX_PARTS 4

typedef struct {
  const char *name;   /* model_type */
  const char *blocks; /* block i is this, ".i" */
  /* may stand before each name of a module or tensor; NULL: nothing may */
  const char *outer;
  const ActStep *first;
  const ActStep *block[ACT_ARCHITECTURE_MAX_PARTS];
  /* what follows the last block; planned if one of its modules is chosen */
  const ActStep *last;
  /* checks and reads the fields of config.json that this architecture has */
  gboolean (*read_config) (
      ActModelConfig *config, JsonObject *object, GError **error);
  void (*slots) (const ActModelConfig *config, ActSlotShape slots[ACT_N_SLOTS]);
} ActArchitecture;

struct _ActOp {
  ActPlan *plan;
  const ActStep *step;
  char *name;         /* "h.0.attn.q_proj", as modules are called */
  const char *tensor; /* within name: as tensors are called */
  guint width_in, width_out;
  const float *weight;
  const float *bias; /* NULL: none */
  guint n_heads, n_kv_heads, head_size;
  float eps;

  gint module; /* of config->modules, -1: none */
  gboolean needed;
  ActHead *head; /* when the module is selected */
};

/* A few whole samples on their way through the plan. */
struct _ActTile {
  gsize index, first_row;
  guint n_samples, sequence_length;
  gsize n_rows;
  const gint32 *tokens;
  float *slots[ACT_N_SLOTS]; /* NULL: nothing needs it */
  float *scratch;            /* of the operation or the head that runs */
  float *components;         /* what a head gives, some columns at a time */
};

/* Which kinds there are; lookup gives NULL when there is none of that name,
 * names lists them for an error message (transfer full). */
const ActArchitecture *act_architecture_lookup (const char *name);
char *act_architecture_names (void);

/* Angles of the rotary positions; [length, n_pairs], for all operations. */
typedef struct {
  guint length;
  float *cos, *sin;
} ActRotaryTable;

struct _ActPlan {
  const ActModelConfig *config; /* lives longer */
  const ActArchitecture *architecture;
  const char *outer; /* before each module's name, or "" */
  ActSlotShape slots[ACT_N_SLOTS];
  gboolean used[ACT_N_SLOTS]; /* buffers that needed operations write */
  guint n_ops;
  ActOp *ops;
  ActRotaryTable rotary;
};

/* Lists the operations and ties the modules to them. */
ActPlan *act_plan_new (const ActModelConfig *config, GError **error);
void act_plan_free (ActPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActPlan, act_plan_free)

/* the slot whose buffer a slot lies in; floats from one row to the next */
ActSlot act_plan_buffer (const ActPlan *plan, ActSlot slot);
gsize act_plan_stride (const ActPlan *plan, ActSlot slot);

/* Checks names and shapes of everything config.json promises. */
gboolean act_plan_check (ActPlan *plan, ActWeights *weights, GError **error);
/* Loads what the selected modules need; sets needed and head. */
gboolean act_plan_load (
    ActPlan *plan, ActWeights *weights, const guint8 *selected, GError **error);
gboolean act_plan_set_length (
    ActPlan *plan, guint sequence_length, GError **error);
