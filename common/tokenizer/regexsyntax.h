/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A regular expression in Oniguruma's Ruby syntax, as a tokenizer.json has it,
 * as one of PCRE2 (for PCRE2_UTF, PCRE2_UCP, PCRE2_MULTILINE) that matches the
 * same: \s, \w, \b and the general categories become sets of the characters
 * that Hugging Face's tokenizers sees in them, whatever Unicode PCRE2 follows.
 * What the two understand differently and what is rare is refused with an
 * error that names it: back references, conditions, subroutines, classes
 * within classes that are negated or intersected, POSIX classes, \R, \X, \G,
 * \K. regex is as act_json_parse_with_nul () has it. */
GString *act_regex_translate (
    const char *regex, const char *name, GError **error);
