/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* appends the lower case of each character by itself, as Hugging Face's
 * tokenizers has it: a sigma at the end of a word is like any other */
void act_utf8_lowercase (const char *text, gsize length, GString *out);
