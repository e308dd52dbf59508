/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <reading/examplesread.h>

#include "screen.h"

/* A sample's text round its highest activation, as much as fits into width
 * columns. Tokens are shaded by their activation, up to that highest one; in
 * plain text that one stands between ⟦ and ⟧. Tokens that share a character are
 * one piece. */
void act_show_context (const ActScreen *screen, ActTokenKind kind,
    const ActShownExample *example, guint width, GString *out);
