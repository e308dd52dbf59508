/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/storage.h"

typedef struct {
  ActBatchStorage parent;
  GPtrArray *batches; /* ActStoredBatch */
} ActMemoryStorage;

void
act_stored_batch_clear (ActStoredBatch *batch)
{
  if (batch->release_owner != NULL)
    batch->release_owner (batch->owner);
  g_free (batch->converted[0]);
  g_free (batch->converted[1]);
  *batch = (ActStoredBatch){ 0 };
}

static void
stored_batch_free (gpointer data)
{
  act_stored_batch_clear (data);
  g_free (data);
}

static gboolean
memory_append (
    ActBatchStorage *storage, const ActStoredBatch *batch, GError **error)
{
  ActMemoryStorage *self = (ActMemoryStorage *) storage;

  g_ptr_array_add (self->batches, g_memdup2 (batch, sizeof *batch));
  return TRUE;
}

static gboolean
memory_settle (ActBatchStorage *storage, GError **error)
{
  return TRUE;
}

static const ActStoredBatch *
memory_acquire (ActBatchStorage *storage, gsize i, GError **error)
{
  ActMemoryStorage *self = (ActMemoryStorage *) storage;

  g_return_val_if_fail (i < self->batches->len, NULL);
  return g_ptr_array_index (self->batches, i);
}

static void
memory_release (ActBatchStorage *storage, const ActStoredBatch *batch)
{
}

static void
memory_free (ActBatchStorage *storage)
{
  ActMemoryStorage *self = (ActMemoryStorage *) storage;

  g_ptr_array_unref (self->batches);
  g_free (self);
}

static const ActBatchStorageFuncs memory_funcs = {
  .append = memory_append,
  .settle = memory_settle,
  .acquire = memory_acquire,
  .release = memory_release,
  .free = memory_free,
};

ActBatchStorage *
act_memory_storage_new (void)
{
  ActMemoryStorage *self = g_new0 (ActMemoryStorage, 1);

  self->parent.funcs = &memory_funcs;
  self->batches = g_ptr_array_new_with_free_func (stored_batch_free);
  return &self->parent;
}
