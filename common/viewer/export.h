/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Makes one file of a dashboard's page that needs no other: index.html with its
 * scripts and styles in it, and before these, behind the tag that begins the
 * body, each file of data/ as
 *
 *   <script type="text/plain" data-name="NAME">BASE64</script>
 *
 * Of index.html these two forms of a tag are understood, for files below the
 * folder: <script src="FILE"></script>, <link rel="stylesheet" href="FILE">.
 *
 * filename appears whole or not at all; one that exists is refused unless
 * overwrite is set. In memory is one script, or one file of data. */
gboolean act_viewer_export (const char *folder, const char *filename,
    gboolean overwrite, GError **error);
