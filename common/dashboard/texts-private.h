/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

#define ACT_NO_STRING G_MAXUINT32

/* ACT_NO_STRING for an id outside the vocabulary, or without a string */
guint32 act_strings_index_of (const ActStrings *strings, gint32 id);
guint act_strings_get_n_ids (const ActStrings *strings);
