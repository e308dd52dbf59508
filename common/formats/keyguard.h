/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* JsonObject's table hashes by what everybody knows. Who chooses keys that
 * collide there makes it take time that is quadratic in their number; keys that
 * are not chosen for it hardly ever do. */

#define ACT_KEY_GUARD_MAX 64 /* keys of one hash */

/* key: the one that was added to the object last. *counts is NULL at first, and
 * the caller's to free. FALSE: there are too many keys of one hash. */
gboolean act_key_guard_add (
    GHashTable **counts, JsonObject *object, const char *key);
