/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define ACT_UINT_DIGITS 20

/* the value's decimal digits, without an end; returns how many */
guint act_uint_to_digits (guint64 value, char digits[ACT_UINT_DIGITS]);
