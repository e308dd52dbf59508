/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cpu.h"

#include "model/pointwise.h"

extern const ActPointwise act_pointwise_c;
extern const ActPointwise act_pointwise_avx2;
extern const ActPointwise act_pointwise_avx512;

#define MAX_TABLES 3

/* best first */
static guint
find_supported (const ActPointwise **tables)
{
  guint n = 0;

#ifdef __x86_64__
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq")
      && __builtin_cpu_supports ("avx512vl"))
    tables[n++] = &act_pointwise_avx512;
  if (__builtin_cpu_supports ("avx2"))
    tables[n++] = &act_pointwise_avx2;
#endif
  tables[n++] = &act_pointwise_c;
  return n;
}

const ActPointwise *const *
act_pointwise_all (void)
{
  static const ActPointwise *tables[MAX_TABLES + 1];
  static gsize done = 0;

  if (g_once_init_enter (&done)) {
    find_supported (tables);
    g_once_init_leave (&done, 1);
  }
  return tables;
}

static const ActPointwise *
choose (void)
{
  const ActPointwise *const *all = act_pointwise_all ();
  const char *forced = g_getenv ("GST_ACTIVATIONS_CPU");

  if (forced == NULL || *forced == '\0')
    return all[0];
  for (guint i = 0; all[i] != NULL; i++)
    if (g_str_equal (all[i]->name, forced))
      return all[i];
  act_cpu_report_unknown (forced, all[0]->name);
  return all[0];
}

const ActPointwise *
act_pointwise (void)
{
  static gsize table = 0;

  if (g_once_init_enter (&table))
    g_once_init_leave (&table, (gsize) choose ());
  return (const ActPointwise *) table;
}
