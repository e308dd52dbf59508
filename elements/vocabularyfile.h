/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

/* Reads the token strings of a file; *fingerprint is the hex SHA-256 of a
 * tokenizer.json, as actforward and actdashboardsink compare it, NULL for
 * other files. */
gboolean gst_act_vocabulary_file_load (const char *filename,
    GstActVocabulary **vocabulary, char **fingerprint, GError **error);
