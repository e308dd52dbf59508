/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <time.h>

#include "model/blas.h"
#include "model/pool.h"

typedef struct {
  ActPool *pool;
  guint index;
  GThread *thread;
  guint64 cpu_ns; /* under the lock, since the thread began */
} Worker;

struct _ActPool {
  guint n_threads;
  guint n_started;
  Worker *workers; /* [0] is the caller */

  GMutex lock;
  GCond work, idle;
  guint64 generation; /* of the work that there is */
  guint n_busy;
  gboolean quit;

  ActPoolFunc func;
  gpointer data;
  gsize n_tasks;
  gsize next; /* atomic */
};

static void
take_tasks (ActPool *pool, guint worker)
{
  gsize task;

  while ((task = __atomic_fetch_add (&pool->next, 1, __ATOMIC_RELAXED))
      < pool->n_tasks)
    pool->func (pool->data, worker, task);
}

static guint64
thread_cpu_ns (void)
{
  struct timespec used;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * G_GUINT64_CONSTANT (1000000000) + used.tv_nsec;
}

static gpointer
worker_main (gpointer data)
{
  Worker *worker = data;
  ActPool *pool = worker->pool;
  guint64 seen = 0;

  act_blas_use_one_thread ();
  g_mutex_lock (&pool->lock);
  for (;;) {
    while (!pool->quit && pool->generation == seen)
      g_cond_wait (&pool->work, &pool->lock);
    if (pool->quit)
      break;
    seen = pool->generation;
    g_mutex_unlock (&pool->lock);
    take_tasks (pool, worker->index);
    g_mutex_lock (&pool->lock);
    worker->cpu_ns = thread_cpu_ns ();
    if (--pool->n_busy == 0)
      g_cond_signal (&pool->idle);
  }
  g_mutex_unlock (&pool->lock);
  return NULL;
}

ActPool *
act_pool_new (guint n_threads, GError **error)
{
  g_autoptr (ActPool) pool = g_new0 (ActPool, 1);

  pool->n_threads = n_threads;
  pool->workers = g_new0 (Worker, n_threads);
  g_mutex_init (&pool->lock);
  g_cond_init (&pool->work);
  g_cond_init (&pool->idle);
  for (pool->n_started = 1; pool->n_started < n_threads; pool->n_started++) {
    Worker *worker = &pool->workers[pool->n_started];

    worker->pool = pool;
    worker->index = pool->n_started;
    worker->thread =
        g_thread_try_new ("act-forward", worker_main, worker, error);
    if (worker->thread == NULL)
      return NULL;
  }
  return g_steal_pointer (&pool);
}

void
act_pool_free (ActPool *pool)
{
  if (pool == NULL)
    return;
  g_mutex_lock (&pool->lock);
  pool->quit = TRUE;
  g_cond_broadcast (&pool->work);
  g_mutex_unlock (&pool->lock);
  for (guint i = 1; i < pool->n_started; i++)
    g_thread_join (pool->workers[i].thread);
  g_cond_clear (&pool->idle);
  g_cond_clear (&pool->work);
  g_mutex_clear (&pool->lock);
  g_free (pool->workers);
  g_free (pool);
}

guint
act_pool_get_n_threads (const ActPool *pool)
{
  return pool->n_threads;
}

guint64
act_pool_get_cpu_ns (const ActPool *pool)
{
  guint64 sum = 0;

  for (guint i = 1; i < pool->n_started; i++)
    sum += pool->workers[i].cpu_ns;
  return sum;
}

void
act_pool_run (ActPool *pool, gsize n_tasks, ActPoolFunc func, gpointer data)
{
  act_blas_use_one_thread ();
  g_mutex_lock (&pool->lock);
  pool->func = func;
  pool->data = data;
  pool->n_tasks = n_tasks;
  pool->next = 0;
  pool->n_busy = pool->n_threads - 1;
  pool->generation++;
  g_cond_broadcast (&pool->work);
  g_mutex_unlock (&pool->lock);

  take_tasks (pool, 0);

  g_mutex_lock (&pool->lock);
  while (pool->n_busy > 0)
    g_cond_wait (&pool->idle, &pool->lock);
  g_mutex_unlock (&pool->lock);
}
