/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* a string property's value as gst-launch reads it back, whatever is in it */
char *act_launch_quote (const char *value);
