/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* JsonObject's table hashes by what everybody knows. Who chooses keys that
 * collide there makes it take time that is quadratic in their number; keys that
 * are not chosen for it hardly ever do. */
typedef struct _ActKeyGuard ActKeyGuard;

#define ACT_KEY_GUARD_MAX 64 /* keys that collide */

/* key: the one that was added to the object last. *guard is NULL at first, and
 * the caller's to free. FALSE: too many keys collide. */
gboolean act_key_guard_add (
    ActKeyGuard **guard, JsonObject *object, const char *key);
void act_key_guard_free (ActKeyGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActKeyGuard, act_key_guard_free)
