/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* YAML as JSON, and what of it is refused; names of a run's tensors. */

#include "formats/yaml.h"

#include "formats/json.h"
#include "model/statenames.h"
#include "testfile.h"

#define MAX_SIZE 4096

static char *
to_json (const char *yaml)
{
  g_autofree char *path = test_write ("t.yaml", yaml, strlen (yaml));
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = act_yaml_read_file (path, MAX_SIZE, &error);

  g_assert_no_error (error);
  return json_to_string (root, FALSE);
}

static void
assert_json (const char *yaml, const char *expected)
{
  g_autofree char *found = to_json (yaml);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_scalars (void)
{
  assert_json ("a: 1\nb: -7\nc: 1.5\nd: 2.5e-1\ne: x\n",
      "{\"a\":1,\"b\":-7,\"c\":1.5,\"d\":0.25,\"e\":\"x\"}");
  assert_json ("[true, False, null, ~, '', \"1\", '1.5', 'true']",
      "[true,false,null,null,\"\",\"1\",\"1.5\",\"true\"]");
  /* what only looks like a number */
  assert_json ("[1.2.3, -, 12ab, 1e-3, 0o17, 08, nan, -.5]",
      "[\"1.2.3\",\"-\",\"12ab\",\"1e-3\",\"0o17\",\"08\",\"nan\",\"-.5\"]");
  /* YAML 1.1's, more of them against PyYAML in tests/peers/yamlscalars.py */
  assert_json ("[1_000, 0x1F, 010, 0b11, 1:30, .5, -1.5e+3, yes, Off]",
      "[1000,31,8,3,90,0.5,-1500.0,true,false]");
  assert_json (
      "[9223372036854775807, -9223372036854775808, 18446744073709551616]",
      "[9223372036854775807,-9223372036854775808,1.8446744073709552e+19]");
  assert_json ("\357\273\277a: 5%\nb: 1\n", "{\"a\":\"5%\",\"b\":1}");
  assert_json ("a: h.*.attn.q_proj\nb: \"\\u00fc\"\nc: >-\n  two\n  lines\n",
      "{\"a\":\"h.*.attn.q_proj\",\"b\":\"\303\274\",\"c\":\"two lines\"}");
}

static void
test_nesting (void)
{
  assert_json ("a:\n- b: 1\n  c: [2, {d: 3}]\n- {}\n- []\n",
      "{\"a\":[{\"b\":1,\"c\":[2,{\"d\":3}]},{},[]]}");
}

static void
assert_refused (const char *yaml, gsize size, const char *what)
{
  g_autofree char *path = test_write ("t.yaml", yaml, size);
  g_autoptr (GError) error = NULL;

  g_assert_null (act_yaml_read_file (path, MAX_SIZE, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, what, path);
}

static void
test_refused (void)
{
  static const struct {
    const char *yaml, *what;
  } cases[] = {
    { "", "expected one document" },
    { "a: 1\n---\nb: 2\n", "line 2: expected one document" },
    { "a: 1\nb: 2\na: 3\n", "line 3: a key comes a second time" },
    { "a: &x 1\nb: *x\n", "line 2: an alias" },
    { "a: !!python/object/apply:os.system [x]\n", "line 1: a tag" },
    { "a: !!str 1\n", "a tag" },
    { "!!map {a: 1}\n", "a tag" },
    { "? [1, 2]\n: 3\n", "a string as a key" },
    { "a: \"x\\0y\"\n", "U+0000" },
    { "a: 1\nb: =\n", "line 2: a merge (<<) or a default value" },
    { "a: 1\n<<: {b: 1}\n", "line 2: a merge" },
    { "a: 0x_\n", "line 1: a number has no digits" },
    { "a: [1, 2\n", "line" },
    { "\ta: 1\n", "line 1" },
    { "a: \377\n", "line 1" },
    { "%TAG !a! x\n--- {}\n", "line 1: a directive" },
    { "# x\n%YAML 1.1\n--- {}\n", "line 2: a directive" },
    { "#\r%TAG !a! x\n--- {}\n", "a directive" },
    { "#\302\205%TAG !a! x\n--- {}\n", "a directive" },
    { "\357\273\277%TAG !a! x\n--- {}\n", "a directive" },
    { "\377\376{", "line 1" },
  };
  g_autofree char *deep = g_strnfill (400, '[');

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].yaml, strlen (cases[i].yaml), cases[i].what);
  assert_refused (deep, 400, "nested too deep");
  assert_refused (deep, 60, "line");
}

static void
test_many_keys (void)
{
  g_autoptr (GString) yaml = g_string_new (NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i <= 4096; i++)
    g_string_append_printf (yaml, "k%u: 1\n", i);
  path = test_write ("t.yaml", yaml->str, yaml->len);
  g_assert_null (act_yaml_read_file (path, yaml->len, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "more than 4096 keys", path);
}

/* whatever the caller allows */
static void
test_mebibyte (void)
{
  gsize size = (1 << 20) + 1;
  g_autofree char *text = g_strnfill (size, '#');
  g_autofree char *path = test_write ("t.yaml", text, size);
  g_autoptr (GError) error = NULL;

  g_assert_null (act_yaml_read_file (path, 10 * size, &error));
  test_assert_error (error, ACT_ERROR_FORMAT, "at most 1048576", path);
}

static void
test_too_large (void)
{
  g_autofree char *text = g_strnfill (MAX_SIZE + 1, '#');

  assert_refused (text, MAX_SIZE + 1, "at most 4096");
}

static void
assert_name (const char *name, const char *expected)
{
  g_autofree char *found = act_state_name_new (name);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_names (void)
{
  assert_name (
      "target_model.h.0.mlp.c_fc.weight", "target_model.h.0.mlp.c_fc.weight");
  assert_name ("patched_model.h.0.mlp.c_fc.original.weight",
      "target_model.h.0.mlp.c_fc.weight");
  assert_name ("target_model.h.0.mlp.c_fc.original.bias",
      "target_model.h.0.mlp.c_fc.bias");
  assert_name (
      "patched_model.h.0.mlp.c_fc.components.V", "_components.h-0-mlp-c_fc.V");
  assert_name ("target_model.wte.components.U", "_components.wte.U");
  assert_name ("_components.h-0-mlp-c_fc.V", "_components.h-0-mlp-c_fc.V");
  assert_name ("module.target_model.wte.weight", "target_model.wte.weight");
  assert_name (
      "_orig_mod.module._gates.wte.layers.0.b", "_ci_fns.wte.layers.0.b");
  assert_name ("target_model._orig_mod.h.0.mlp.c_fc.weight",
      "target_model.h.0.mlp.c_fc.weight");
  assert_name ("module.h.0.mlp.c_fc.weight", NULL);
  assert_name (
      "_gates.h-0-mlp-c_fc.layers.0.W", "_ci_fns.h-0-mlp-c_fc.layers.0.W");
  assert_name ("ci_fn._ci_fns.wte.layers.2.b", "_ci_fns.wte.layers.2.b");
  assert_name ("h.0.mlp.c_fc.weight", NULL);
  assert_name ("ci_fn._global_ci_fn.x", NULL);
  assert_name ("", NULL);
}

static void
test_modules (void)
{
  static const char *const ordered[] = { "wte", "h.0.attn.q_proj",
    "h.0.attn.k_proj", "h.0.attn.v_proj", "h.0.attn.o_proj",
    "h.0.mlp.gate_proj", "h.0.mlp.up_proj", "h.0.mlp.c_fc", "h.0.mlp.down_proj",
    "h.2.attn.c_attn", "h.2.attn.c_proj", "h.10.attn.q_proj", "lm_head" };
  g_autofree char *module =
      act_state_name_dup_module ("_components.h-10-attn-q_proj.V");

  g_assert_cmpstr (module, ==, "h.10.attn.q_proj");
  g_assert_null (act_state_name_dup_module ("_components.h-10-attn-q_proj.U"));
  g_assert_null (act_state_name_dup_module ("target_model.wte.V"));
  for (gsize i = 0; i < G_N_ELEMENTS (ordered); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (ordered); j++)
      g_assert_cmpint (
          act_state_module_compare (ordered[i], ordered[j]) < 0, ==, i < j);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  test_folder_make ();
  g_test_add_func ("/yaml/scalars", test_scalars);
  g_test_add_func ("/yaml/nesting", test_nesting);
  g_test_add_func ("/yaml/refused", test_refused);
  g_test_add_func ("/yaml/too-large", test_too_large);
  g_test_add_func ("/yaml/many-keys", test_many_keys);
  g_test_add_func ("/yaml/mebibyte", test_mebibyte);
  g_test_add_func ("/run/names", test_names);
  g_test_add_func ("/run/modules", test_modules);
  result = g_test_run ();
  test_folder_remove ();
  return result;
}
