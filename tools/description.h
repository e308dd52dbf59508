/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A pipeline description: gst-launch syntax, with
 *
 *   # comment            from a word's start to the end of its line
 *   ${name}              a variable that must be given
 *   ${name:-default}     one with a default, which may hold variables
 *
 * A variable that stands in a property's value (name=${x}, name="a ${x} b")
 * may be any text; anywhere else (an element's name, caps) it is one plain
 * word. Nothing in a value is ever read as syntax. */
typedef struct _ActDescription ActDescription;

typedef struct {
  char *name;
  char *fallback; /* as written, NULL: must be given */
} ActVariable;

/* name is for messages */
ActDescription *act_description_new (
    const char *text, const char *name, GError **error);
ActDescription *act_description_load (const char *filename, GError **error);
void act_description_free (ActDescription *description);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDescription, act_description_free)

/* first line of the opening comment, or NULL */
const char *act_description_get_title (const ActDescription *description);
/* the variables and their defaults, a line each */
char *act_description_list_variables (const ActDescription *description);

/* a variable's default as it is written; NULL: it has none, or there is no such
 * variable */
const char *act_description_get_default (
    const ActDescription *description, const char *name);

/* The words of a launch line. values: name -> text; unknown and missing names
 * are ACT_TOOL_ERROR_USAGE. */
GStrv act_description_expand (
    const ActDescription *description, GHashTable *values, GError **error);
