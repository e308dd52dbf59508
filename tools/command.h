/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "outcome.h"

/* What the commands share: their options, and what is done with a description
 * once its variables are known. */
typedef struct {
  gboolean print;
  gboolean dry_run;
  gboolean quiet;
  char *report;
  /* of a run that was interrupted: what there is to do, or NULL */
  const char *when_interrupted;
  /* of a run that failed, before the error is printed: what else there is to
   * say to this text, or NULL (transfer full) */
  char *(*advise) (const char *text, gpointer user_data);
  gpointer user_data;
} ActCommandOptions;

/* adds the shared options, and GStreamer's own */
void act_command_add_options (
    GOptionContext *context, ActCommandOptions *options);

/* fills in, then prints, checks or runs; gives the exit code */
int act_command_execute (const char *description, GHashTable *values,
    const ActCommandOptions *options);

/* The same of words that are known, and what they came from. */
int act_command_execute_words (const char *const *words,
    const char *description, GHashTable *values,
    const ActCommandOptions *options);

/* says what was wrong with the command line; gives the exit code */
int act_command_usage_error (const char *command, const char *text);
/* an error of any of ours: usage or not */
int act_command_error (const GError *error);

/* name=value arguments into a table of strings; what is wrong, or NULL */
char *act_command_parse_values (char *const *arguments, GHashTable *values);

/* how a run ended, unless it was well or in quiet */
void act_command_print_end (const ActOutcome *outcome, gboolean quiet);

/* whether a merge may write there: not over a store that is complete */
gboolean act_command_merge_check_output (const char *output, GError **error);

/* (transfer full): the command's name and what follows it */
int act_command_run (char **command_line);
int act_command_dashboard (char **command_line);
int act_command_merge (char **command_line);
int act_command_shard (char **command_line);
int act_command_show (char **command_line);
int act_command_store (char **command_line);
int act_command_view (char **command_line);
int act_command_export (char **command_line);
