/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A fixed number of workers, of which the caller is one, that take tasks
 * 0..n_tasks - 1 as they come free. */
typedef struct _ActPool ActPool;

typedef void (*ActPoolFunc) (gpointer data, guint worker, gsize task);

/* n_threads at least 1 */
ActPool *act_pool_new (guint n_threads, GError **error);
void act_pool_free (ActPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActPool, act_pool_free)

guint act_pool_get_n_threads (const ActPool *pool);

/* processor time of the pool's own threads, nanoseconds; not during a run */
guint64 act_pool_get_cpu_ns (const ActPool *pool);

/* Returns when all tasks are done; from one thread at a time. */
void act_pool_run (
    ActPool *pool, gsize n_tasks, ActPoolFunc func, gpointer data);
