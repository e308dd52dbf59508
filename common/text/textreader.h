/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The documents of text files, one after another; no more than the one
 * at hand and a buffer of 256 KiB is in memory. What comes out is valid UTF-8
 * and not empty: a file, line or field without any text is passed over. A byte
 * order mark at a file's start is not part of its text. */

typedef enum {
  ACT_TEXT_AUTO,  /* by name: JSONL for .jsonl and .ndjson, else PLAIN */
  ACT_TEXT_PLAIN, /* a file is a document */
  ACT_TEXT_LINES, /* a line is, without its \n or \r\n */
  ACT_TEXT_JSONL, /* a string field of a line's JSON object is */
} ActTextFormat;

typedef struct {
  ActTextFormat format;
  const char *field; /* of JSONL */
  guint64 max_size;  /* bytes of a document, or of its line */
  gboolean replace;  /* U+FFFD for what is no UTF-8; else it is an error */
} ActTextOptions;

typedef struct _ActTextReader ActTextReader;

/* files: ActTextFiles (textfiles.h) */
ActTextReader *act_text_reader_new (
    GPtrArray *files, const ActTextOptions *options);
void act_text_reader_free (ActTextReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTextReader, act_text_reader_free)

/* *document: (transfer full), NULL after the last */
gboolean act_text_reader_next (
    ActTextReader *reader, GBytes **document, GError **error);

/* bytes of all files up to the end of the last document */
guint64 act_text_reader_get_position (const ActTextReader *reader);
/* files, lines and fields that were passed over because they were empty */
guint64 act_text_reader_get_n_empty (const ActTextReader *reader);
