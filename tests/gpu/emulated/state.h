/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* runtime.cc, for emulated.cc: counts a launch; false where it is to fail.
 * backwards: every second. */
bool act_emulated_count_launch (bool *backwards);
