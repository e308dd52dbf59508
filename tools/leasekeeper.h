/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A lease (store/lease.h) that a thread renews for as long as something is
 * made. One that is lost ends the program at once, with an error: what it makes
 * is another's by then. */
typedef struct _ActLeaseKeeper ActLeaseKeeper;

/* With wait until whoever has it gives it back or falls silent; says once that
 * it waits. While it waits, and until a run begins, SIGTERM and SIGUSR1 end the
 * program with that exit code, and nothing is left behind. */
ActLeaseKeeper *act_lease_keeper_new (const char *name, guint silence_s,
    gboolean wait, int exit_code, GError **error);
/* the file */
const char *act_lease_keeper_get_path (const ActLeaseKeeper *keeper);
/* Renews it no more: what it was for has failed. Not after free. */
void act_lease_keeper_stop (ActLeaseKeeper *keeper);
void act_lease_keeper_free (ActLeaseKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActLeaseKeeper, act_lease_keeper_free)
