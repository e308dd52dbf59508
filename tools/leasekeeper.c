/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leasekeeper.h"

#include <signal.h>
#include <unistd.h>

#include <acterror.h>
#include <store/lease.h>

#include "toolerror.h"

struct _ActLeaseKeeper {
  ActLease *lease;
  guint interval_ms;
  GThread *thread;
  GMutex lock;
  GCond cond;
  gboolean ending;
};

/* --- signals before there is a run to take them --- */

static volatile sig_atomic_t early_exit_code;
static const char *volatile early_lease;

static void
on_early_signal (int number)
{
  if (early_lease != NULL)
    (void) unlink (early_lease);
  _exit (early_exit_code);
}

static void
watch_early_signals (int exit_code)
{
  struct sigaction action = { .sa_handler = on_early_signal };

  early_exit_code = exit_code;
  sigaction (SIGTERM, &action, NULL);
  sigaction (SIGUSR1, &action, NULL);
}

/* --- renewing --- */

/* At once, and nothing is closed or written any more: the folder is another's,
 * who has swept what this process had begun there. */
static void
end_program (const GError *error)
{
  g_printerr ("error: %s\n", error->message);
  _exit (ACT_EXIT_FAILED);
}

static void *
keep (void *data)
{
  ActLeaseKeeper *self = data;
  g_autoptr (GError) lost = NULL;

  g_mutex_lock (&self->lock);
  while (!self->ending) {
    gint64 until = g_get_monotonic_time ()
        + (gint64) self->interval_ms * G_TIME_SPAN_MILLISECOND;

    while (!self->ending && g_cond_wait_until (&self->cond, &self->lock, until))
      ;
    if (!self->ending && !act_lease_renew (self->lease, &lost))
      end_program (lost);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* --- taking --- */

static ActLease *
take (const char *name, guint silence_s, gboolean wait, GError **error)
{
  gboolean said = FALSE;

  for (;;) {
    g_autoptr (GError) busy = NULL;
    ActLease *lease = act_lease_take (name, silence_s, &busy);

    if (lease != NULL)
      return lease;
    if (!wait || !g_error_matches (busy, ACT_ERROR, ACT_ERROR_EXISTS)) {
      g_propagate_error (error, g_steal_pointer (&busy));
      return NULL;
    }
    if (!said)
      g_printerr ("waiting: %s\n", busy->message);
    said = TRUE;
    g_usleep ((gulong) act_lease_interval_ms (silence_s) * 1000);
  }
}

ActLeaseKeeper *
act_lease_keeper_new (const char *name, guint silence_s, gboolean wait,
    int exit_code, GError **error)
{
  ActLeaseKeeper *self;
  ActLease *lease;

  watch_early_signals (exit_code);
  lease = take (name, silence_s, wait, error);
  if (lease == NULL)
    return NULL;
  early_lease = act_lease_get_path (lease);
  self = g_new0 (ActLeaseKeeper, 1);
  self->lease = lease;
  self->interval_ms = act_lease_interval_ms (silence_s);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("lease", keep, self);
  return self;
}

const char *
act_lease_keeper_get_path (const ActLeaseKeeper *self)
{
  return act_lease_get_path (self->lease);
}

void
act_lease_keeper_stop (ActLeaseKeeper *self)
{
  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

void
act_lease_keeper_free (ActLeaseKeeper *self)
{
  if (self == NULL)
    return;
  act_lease_keeper_stop (self);
  g_thread_join (self->thread);
  early_lease = NULL;
  act_lease_free (self->lease);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}
