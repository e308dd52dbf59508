/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/criteria.h"

#include "acterror.h"

#include <string.h>

static const char *const property_names[ACT_N_PROPERTIES] = {
  [ACT_PROPERTY_MAX_ACTIVATION] = "max_activation",
  [ACT_PROPERTY_MEAN_ACTIVATION] = "mean_activation",
  [ACT_PROPERTY_MIN_ACTIVATION] = "min_activation",
  [ACT_PROPERTY_MEDIAN_ACTIVATION] = "median_activation",
  [ACT_PROPERTY_MAX_POSITION] = "max_position",
};

static gboolean
parse_one (const char *word, ActCriterion *criterion, GError **error)
{
  const char *dash = strrchr (word, '-');
  guint i;

  for (i = 0; i < ACT_N_PROPERTIES; i++)
    if (dash != NULL && strlen (property_names[i]) == (gsize) (dash - word)
        && strncmp (word, property_names[i], dash - word) == 0)
      break;
  if (dash == NULL || i == ACT_N_PROPERTIES
      || (strcmp (dash, "-max") != 0 && strcmp (dash, "-min") != 0)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "criteria: '%s' is none of PROPERTY-max and PROPERTY-min with PROPERTY"
        " max_activation, mean_activation, min_activation, median_activation"
        " or max_position",
        word);
    return FALSE;
  }
  criterion->property = i;
  criterion->descending = strcmp (dash, "-max") == 0;
  return TRUE;
}

ActCriteria *
act_criteria_parse (const char *text, guint n_samples, GError **error)
{
  g_autoptr (ActCriteria) criteria = g_new0 (ActCriteria, 1);
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", ",", -1);
  ActCriterion *criterion;

  criteria->items = g_new0 (ActCriterion, g_strv_length (words) + 1);
  for (guint i = 0; words[i] != NULL; i++) {
    criterion = &criteria->items[criteria->n];
    if (!parse_one (g_strstrip (words[i]), criterion, error))
      return NULL;
    criterion->key =
        g_strdup_printf ("%s-%s-%u", property_names[criterion->property],
            criterion->descending ? "max" : "min", n_samples);
    for (guint j = 0; j < criteria->n; j++)
      if (strcmp (criteria->items[j].key, criterion->key) == 0) {
        g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
            "criteria: '%s' is named twice", words[i]);
        g_clear_pointer (&criterion->key, g_free);
        return NULL;
      }
    criteria->n++;
  }
  if (criteria->n == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "criteria: none given; one would be 'max_activation-max'");
    return NULL;
  }
  return g_steal_pointer (&criteria);
}

void
act_criteria_free (ActCriteria *criteria)
{
  if (criteria == NULL)
    return;
  for (guint i = 0; i < criteria->n; i++)
    g_free (criteria->items[i].key);
  g_free (criteria->items);
  g_free (criteria);
}
