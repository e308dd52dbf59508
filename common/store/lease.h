/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The right to work on something, between machines that share no more than a
 * folder: a file made with O_EXCL, whose date the holder renews. One that has
 * not been renewed for long is taken over.
 *
 * Works where only creating a file is exclusive (NFS: no advisory locks, no
 * clocks that agree). How old a file is, is told by the server's own clock, as
 * the date of another file that is touched for it.
 *
 * A lease is a file NAME.GENERATION. Who takes over makes the next generation,
 * which one can make, and only then looks whether somebody of another is still
 * there: so of two that come at once one at least sees the other. No file that
 * might be in use is ever removed. */
typedef struct _ActLease ActLease;

/* name: a path without ".GENERATION"; its folder exists. ACT_ERROR_EXISTS:
 * somebody has it, with who, and since when nothing was heard. */
ActLease *act_lease_take (const char *name, guint silence_s, GError **error);
/* gives it back */
void act_lease_free (ActLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActLease, act_lease_free)

/* the file, for who has to remove it in a signal handler */
const char *act_lease_get_path (const ActLease *lease);

/* Renews it. FALSE: it was taken over, after a pause that was too long; what
 * is being made is somebody else's. */
gboolean act_lease_renew (ActLease *lease, GError **error);

/* The same for who only knows the file, in another part of the program. It is
 * opened when the work begins: another's that comes to have its name later is
 * known from it. */
typedef struct _ActLeaseFile ActLeaseFile;

ActLeaseFile *act_lease_file_open (const char *path, GError **error);
void act_lease_file_free (ActLeaseFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActLeaseFile, act_lease_file_free)

/* Right before what the lease is for is published: renews it, and looks whether
 * somebody takes over just now. file: NULL is a lease that nobody needs. */
gboolean act_lease_file_hold (const ActLeaseFile *file, GError **error);

/* As often as it is to be renewed, and looked at by who waits for it. */
guint act_lease_interval_ms (guint silence_s);
