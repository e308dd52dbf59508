/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/pattern.h"

#include <pcre2.h>
#include <string.h>

#include "acterror.h"
#include "tokenizer/charclass.h"
#include "tokenizer/regexsyntax.h"

/* what a pattern that goes back and forth may use */
#define MAX_JIT_STACK ((gsize) 8 << 20)

struct _ActPattern {
  char *name;      /* of the file */
  GString *string; /* to look for as it is; or NULL */
  pcre2_code *code;
  pcre2_match_data *data;
  pcre2_match_context *context;
  pcre2_jit_stack *stack;
  gboolean jit;
};

void
act_pattern_free (ActPattern *pattern)
{
  if (pattern == NULL)
    return;
  if (pattern->string != NULL)
    g_string_free (pattern->string, TRUE);
  pcre2_match_data_free (pattern->data);
  pcre2_match_context_free (pattern->context);
  pcre2_jit_stack_free (pattern->stack);
  pcre2_code_free (pattern->code);
  g_free (pattern->name);
  g_free (pattern);
}

static gboolean
compile (ActPattern *self, const char *regex, GError **error)
{
  g_autoptr (GString) syntax = NULL;
  pcre2_compile_context *context;
  PCRE2_SIZE offset;
  int code;

  syntax = act_regex_translate (regex, self->name, error);
  if (syntax == NULL)
    return FALSE;
  context = pcre2_compile_context_create (NULL);
  pcre2_set_newline (context, PCRE2_NEWLINE_LF);
  self->code = pcre2_compile ((PCRE2_SPTR) syntax->str, syntax->len,
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code,
      &offset, context);
  pcre2_compile_context_free (context);
  if (self->code == NULL) {
    char reason[256] = "";

    pcre2_get_error_message (code, (PCRE2_UCHAR *) reason, sizeof (reason));
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': the pattern '%s' is not supported: %s", self->name, regex,
        reason);
    return FALSE;
  }
  self->data = pcre2_match_data_create_from_pattern (self->code, NULL);
  self->context = pcre2_match_context_create (NULL);
  self->jit = pcre2_jit_compile (self->code, PCRE2_JIT_COMPLETE) == 0;
  if (self->jit) {
    self->stack = pcre2_jit_stack_create (32 << 10, MAX_JIT_STACK, NULL);
    pcre2_jit_stack_assign (self->context, NULL, self->stack);
  }
  return TRUE;
}

ActPattern *
act_pattern_new (JsonNode *node, const ActStageContext *context, GError **error)
{
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node)
      ? json_node_get_object (node)
      : NULL;
  ActPattern *self;
  gboolean ok;

  if (object == NULL || json_object_get_size (object) != 1
      || (!json_object_has_member (object, "String")
          && !json_object_has_member (object, "Regex"))) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'pattern' is neither {\"String\": ...} nor {\"Regex\": ...}",
        context->name);
    return NULL;
  }
  self = g_new0 (ActPattern, 1);
  self->name = g_strdup (context->name);
  if (json_object_has_member (object, "String")) {
    self->string = act_stage_get_bytes (object, "String", NULL, context, error);
    ok = self->string != NULL;
    if (ok && self->string->len == 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
          "'%s': an empty 'pattern' is not supported", context->name);
      ok = FALSE;
    }
  } else {
    const char *regex =
        act_stage_get_string (object, "Regex", NULL, context, error);

    ok = regex != NULL && compile (self, regex, error);
  }
  if (ok)
    return self;
  act_pattern_free (self);
  return NULL;
}

static int
search (ActPattern *self, const char *text, gsize length, gsize at,
    ActMatch *match, GError **error)
{
  const PCRE2_SIZE *ends;
  char reason[256] = "";
  int found;

  if (self->string != NULL) {
    const char *p =
        memmem (text + at, length - at, self->string->str, self->string->len);

    if (p == NULL)
      return 0;
    match->from = (gsize) (p - text);
    match->to = match->from + self->string->len;
    return 1;
  }
  found = self->jit ? pcre2_jit_match (self->code, (PCRE2_SPTR) text, length,
              at, PCRE2_NO_UTF_CHECK, self->data, self->context)
                    : pcre2_match (self->code, (PCRE2_SPTR) text, length, at,
                        PCRE2_NO_UTF_CHECK, self->data, self->context);
  if (found == PCRE2_ERROR_NOMATCH)
    return 0;
  if (found < 0) {
    pcre2_get_error_message (found, (PCRE2_UCHAR *) reason, sizeof (reason));
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s': the search for a pattern in the text failed: %s", self->name,
        reason);
    return -1;
  }
  ends = pcre2_get_ovector_pointer (self->data);
  match->from = ends[0];
  match->to = ends[1];
  return 1;
}

int
act_pattern_find (ActPattern *self, const char *text, gsize length,
    ActMatch *match, GError **error)
{
  while (length > 0 && match->resume <= length) {
    gsize last = match->to;
    int found = search (self, text, length, match->resume, match, error);

    if (found <= 0)
      return found;
    if (match->from < match->to || !match->any || match->to != last) {
      match->resume = match->to;
      match->any = TRUE;
      return 1;
    }
    /* an empty one where the last one ends: from the next character on */
    if (match->resume < length) {
      const guint8 *next = (const guint8 *) text + match->resume;

      act_utf8_next (&next);
      match->resume = (gsize) ((const char *) next - text);
    } else {
      match->resume++;
    }
    match->to = last;
  }
  return 0;
}
