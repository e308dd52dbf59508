/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Unicode's normalization forms as Hugging Face's tokenizers has them, with any
 * GLib: what a Unicode later than that library's added is left alone. */
typedef enum {
  ACT_NORM_NFD,
  ACT_NORM_NFKD,
  ACT_NORM_NFC,
  ACT_NORM_NFKC,
} ActNormForm;

/* appends the form of valid UTF-8, which may hold U+0000 */
void act_unicode_normalize (
    ActNormForm form, const char *text, gsize length, GString *out);
