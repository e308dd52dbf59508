/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "acterror.h"
#include "model/head.h"
#include "model/plan.h"
#include "strhash.h"

/* -1: none of that name */
static gint
find_module (
    const ActModelConfig *config, GHashTable *modules, const char *name)
{
  gpointer value;

  if (!g_hash_table_lookup_extended (modules, name, NULL, &value))
    return -1;
  return GPOINTER_TO_INT (value);
}

ActSlot
act_plan_buffer (const ActPlan *plan, ActSlot slot)
{
  return plan->slots[slot].of != ACT_SLOT_NONE ? plan->slots[slot].of : slot;
}

gsize
act_plan_stride (const ActPlan *plan, ActSlot slot)
{
  return plan->slots[act_plan_buffer (plan, slot)].width;
}

static const char *
outer_name (const ActPlan *plan, const ActStep *step)
{
  return step->outside ? "" : plan->outer;
}

/* takes name, without outer */
static void
add_op (ActPlan *plan, const ActStep *step, char *name, GHashTable *modules)
{
  ActOp *op = &plan->ops[plan->n_ops++];

  op->plan = plan;
  op->step = step;
  op->name = g_strconcat (outer_name (plan, step), name, NULL);
  op->tensor = op->name + strlen (outer_name (plan, step));
  op->width_in = step->kind->takes_tokens ? plan->config->vocab_size
                                          : plan->slots[step->in[0]].width;
  op->width_out = plan->slots[step->out].width;
  op->module =
      step->is_module ? find_module (plan->config, modules, op->name) : -1;
  g_free (name);
}

static gboolean
has_step (const ActPlan *plan, const ActStep *step)
{
  return step->when == NULL || step->when (plan->config);
}

static guint
count_steps (const ActStep *table)
{
  guint n = 0;

  while (table != NULL && table[n].kind != NULL)
    n++;
  return n;
}

static void
add_table (ActPlan *plan, const ActStep *table, const char *before,
    GHashTable *modules)
{
  for (guint i = 0; i < count_steps (table); i++)
    if (has_step (plan, &table[i]))
      add_op (
          plan, &table[i], g_strconcat (before, table[i].name, NULL), modules);
}

/* whether one of the table's modules is to be computed */
static gboolean
is_asked_for (const ActPlan *plan, const ActStep *table, GHashTable *modules)
{
  for (guint i = 0; i < count_steps (table); i++) {
    g_autofree char *name =
        g_strconcat (outer_name (plan, &table[i]), table[i].name, NULL);

    if (table[i].is_module && g_hash_table_contains (modules, name))
      return TRUE;
  }
  return FALSE;
}

static void
add_ops (ActPlan *plan, GHashTable *modules)
{
  const ActArchitecture *arch = plan->architecture;
  gsize n_block = 0;

  for (guint i = 0; i < ACT_ARCHITECTURE_MAX_PARTS; i++)
    n_block += count_steps (arch->block[i]);
  plan->ops = g_new0 (ActOp,
      count_steps (arch->first) + plan->config->n_layer * n_block
          + count_steps (arch->last));
  add_table (plan, arch->first, "", modules);
  for (guint layer = 0; layer < plan->config->n_layer; layer++) {
    g_autofree char *before = g_strdup_printf ("%s.%u.", arch->blocks, layer);

    for (guint i = 0; i < ACT_ARCHITECTURE_MAX_PARTS; i++)
      add_table (plan, arch->block[i], before, modules);
  }
  if (is_asked_for (plan, arch->last, modules))
    add_table (plan, arch->last, "", modules);
}

static gboolean
check_width (const ActPlan *plan, const ActModelModule *module,
    const char *field, guint found, guint expected, GError **error)
{
  if (found == expected)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s': module '%s' has \"%s\" %u, expected %u from the architecture's "
      "sizes",
      plan->config->filename, module->name, field, found, expected);
  return FALSE;
}

/* Each module of config.json must be one of the architecture's. */
static gboolean
check_modules (const ActPlan *plan, GError **error)
{
  const ActModelConfig *config = plan->config;
  g_autofree const ActOp **ops = g_new0 (const ActOp *, config->n_modules);

  for (guint i = 0; i < plan->n_ops; i++)
    if (plan->ops[i].module >= 0)
      ops[plan->ops[i].module] = &plan->ops[i];
  for (guint i = 0; i < config->n_modules; i++) {
    const ActModelModule *module = &config->modules[i];

    if (ops[i] == NULL) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "'%s': module '%s' is none that \"%s\" with %u blocks has",
          config->filename, module->name, config->architecture,
          config->n_layer);
      return FALSE;
    }
    if (!check_width (
            plan, module, "d_in", module->d_in, ops[i]->width_in, error)
        || !check_width (
            plan, module, "d_out", module->d_out, ops[i]->width_out, error))
      return FALSE;
  }
  return TRUE;
}

ActPlan *
act_plan_new (const ActModelConfig *config, GError **error)
{
  g_autoptr (ActPlan) plan = g_new0 (ActPlan, 1);
  g_autoptr (GHashTable) modules = g_hash_table_new (act_str_hash, g_str_equal);

  plan->config = config;
  plan->architecture = act_architecture_lookup (config->architecture);
  plan->architecture->slots (config, plan->slots);
  plan->outer = "";
  if (plan->architecture->outer != NULL
      && g_str_has_prefix (config->modules[0].name, plan->architecture->outer))
    plan->outer = plan->architecture->outer;
  for (guint i = 0; i < config->n_modules; i++)
    g_hash_table_insert (modules, config->modules[i].name, GINT_TO_POINTER (i));
  add_ops (plan, modules);
  if (!check_modules (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}

void
act_plan_free (ActPlan *plan)
{
  if (plan == NULL)
    return;
  for (guint i = 0; i < plan->n_ops; i++) {
    g_free (plan->ops[i].name);
    g_free (plan->ops[i].head);
  }
  free (plan->rotary.cos);
  free (plan->rotary.sin);
  g_free (plan->ops);
  g_free (plan);
}

/* The components' own matrices are not needed for their activations, but must
 * not contradict config.json where they are there. */
static gboolean
check_components (
    const ActSafetensors *file, const ActModelModule *module, GError **error)
{
  g_autofree char *dashed = g_strdelimit (g_strdup (module->name), ".", '-');
  g_autofree char *v = g_strdup_printf ("_components.%s.V", dashed);
  g_autofree char *u = g_strdup_printf ("_components.%s.U", dashed);
  const guint64 v_shape[] = { module->d_in, module->n_components };
  const guint64 u_shape[] = { module->n_components, module->d_out };

  return (act_safetensors_lookup (file, v) == NULL
             || act_safetensors_require (file, v, 2, v_shape, error) != NULL)
      && (act_safetensors_lookup (file, u) == NULL
          || act_safetensors_require (file, u, 2, u_shape, error) != NULL);
}

static ActHead *
load_head (const ActOp *op, ActWeights *weights, GError **error)
{
  const ActModelConfig *config = op->plan->config;
  g_autofree ActHead *head = g_new0 (ActHead, 1);

  head->kind = act_head_kind_lookup (config->head);
  head->sigmoid = act_sigmoid_lookup (config->sigmoid);
  head->config = config;
  head->module = &config->modules[op->module];
  head->takes_tokens = op->step->kind->takes_tokens;
  if (head->takes_tokens && !head->kind->takes_tokens) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': module '%s' is an embedding, which \"ci_fn_type\": \"%s\" "
        "does not support",
        config->filename, op->name, config->head);
    return NULL;
  }
  if (!head->kind->load (head, weights, error))
    return NULL;
  return g_steal_pointer (&head);
}

gboolean
act_plan_check (ActPlan *plan, ActWeights *weights, GError **error)
{
  for (guint i = 0; i < plan->n_ops; i++) {
    ActOp *op = &plan->ops[i];

    if (!op->step->kind->prepare (op, plan->config, weights, error))
      return FALSE;
    if (op->module >= 0) {
      g_autofree ActHead *head = load_head (op, weights, error);

      if (head == NULL
          || !check_components (
              weights->file, &plan->config->modules[op->module], error))
        return FALSE;
    }
  }
  return TRUE;
}

/* Backwards over the plan: an operation is needed when something later reads
 * what it writes. A head reads its operation's input whether or not the
 * operation itself is needed. One that writes a part of a buffer leaves the
 * other parts needed. */
static void
find_needed (ActPlan *plan, const guint8 *selected)
{
  gboolean live[ACT_N_SLOTS] = { FALSE };

  for (guint i = plan->n_ops; i-- > 0;) {
    ActOp *op = &plan->ops[i];
    const ActStep *step = op->step;
    ActSlot out = act_plan_buffer (plan, step->out);
    gboolean has_head = op->module >= 0 && selected[op->module];

    op->needed = live[out];
    if (op->needed) {
      plan->used[out] = TRUE;
      live[out] = step->adds || out != step->out;
      for (guint in = 0; in < G_N_ELEMENTS (step->in); in++)
        live[act_plan_buffer (plan, step->in[in])] = TRUE;
    }
    if (has_head)
      live[act_plan_buffer (plan, step->in[0])] = TRUE;
    live[ACT_SLOT_NONE] = FALSE;
  }
}

gboolean
act_plan_load (
    ActPlan *plan, ActWeights *weights, const guint8 *selected, GError **error)
{
  weights->load = TRUE;
  find_needed (plan, selected);
  for (guint i = 0; i < plan->n_ops; i++) {
    ActOp *op = &plan->ops[i];

    if (op->module >= 0 && selected[op->module]) {
      op->head = load_head (op, weights, error);
      if (op->head == NULL)
        return FALSE;
    }
    if (op->needed
        && !op->step->kind->prepare (op, plan->config, weights, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_plan_set_length (ActPlan *plan, guint sequence_length, GError **error)
{
  for (guint i = 0; i < plan->n_ops; i++) {
    const ActOp *op = &plan->ops[i];

    if (op->needed && op->step->kind->set_length != NULL
        && !op->step->kind->set_length (op, sequence_length, error))
      return FALSE;
  }
  return TRUE;
}
