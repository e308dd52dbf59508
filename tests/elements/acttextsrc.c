/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect.h"

static gchar *folder;

static void
remove_tree (const gchar *path)
{
  g_autoptr (GDir) dir = NULL;
  const gchar *name;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)
      && !g_file_test (path, G_FILE_TEST_IS_SYMLINK)) {
    g_chmod (path, 0700);
    dir = g_dir_open (path, 0, NULL);
    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
      g_autofree gchar *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  }
  g_remove (path);
}

static void
setup (void)
{
  folder = g_dir_make_tmp ("act-text-XXXXXX", NULL);
  g_assert_nonnull (folder);
}

static void
teardown (void)
{
  remove_tree (folder);
  g_clear_pointer (&folder, g_free);
}

/* a file below the folder, which is made; in memory until the test ends */
static void
put_len (const gchar *name, const gchar *text, gssize length)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
}

static void
put (const gchar *name, const gchar *text)
{
  put_len (name, text, -1);
}

static void
put_link (const gchar *name, const gchar *target)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* location is below the folder; properties may be "" */
static Collected *
read_text (const gchar *location, const gchar *properties)
{
  g_autofree gchar *path = g_build_filename (folder, location, NULL);
  g_autofree gchar *escaped = g_strescape (path, NULL);
  g_autofree gchar *line =
      g_strdup_printf ("acttextsrc location=\"%s\" %s ! fakesink name=sink",
          escaped, properties);

  return collect (line, NULL);
}

static void
assert_buffer (GstBuffer *buffer, const gchar *text, gsize length)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmpmem (map.data, map.size, text, length);
  gst_buffer_unmap (buffer, &map);
}

/* a whole run with these documents, separated by | */
static void
assert_documents (Collected *c, const gchar *expected)
{
  g_auto (GStrv) texts = g_strsplit (expected, "|", -1);
  guint n = g_strv_length (texts);

  g_assert_cmpstr (c->error, ==, NULL);
  g_assert_true (c->eos);
  g_assert_cmpuint (c->buffers->len, ==, n);
  g_assert_cmpint (c->complete, ==, n);
  /* the announcement is before the last buffer */
  g_assert_cmpuint (c->buffers_before, ==, n > 0 ? n - 1 : 0);
  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = g_ptr_array_index (c->buffers, i);

    assert_buffer (buffer, texts[i], strlen (texts[i]));
    g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, i);
    g_assert_cmpuint (GST_BUFFER_OFFSET_END (buffer), ==, i + 1);
  }
  if (n > 0) {
    g_assert_cmpuint (c->progress_done, ==, c->progress_total);
    g_assert_true (c->segment_format_is_default);
  }
}

static void
assert_reads (
    const gchar *location, const gchar *properties, const gchar *expected)
{
  g_autoptr (Collected) c = read_text (location, properties);

  assert_documents (c, expected);
}

/* one error whose text holds all of says, separated by |; nothing announced */
static void
assert_fails (const gchar *location, const gchar *properties, const gchar *says)
{
  g_autoptr (Collected) c = read_text (location, properties);
  g_auto (GStrv) parts = g_strsplit (says, "|", -1);

  g_assert_nonnull (c->error);
  g_assert_cmpint (c->complete, ==, -1);
  for (guint i = 0; parts[i] != NULL; i++)
    fail_unless (strstr (c->error, parts[i]) != NULL, "'%s' is not in: %s",
        parts[i], c->error);
  g_assert_null (strchr (c->error, '\n'));
}

GST_START_TEST (test_plain)
{
  put ("one.txt", "First.\n\nStill first.\n");
  assert_reads ("one.txt", "", "First.\n\nStill first.\n");
  /* whatever the suffix says */
  put ("two.jsonl", "no JSON");
  assert_reads ("two.jsonl", "format=plain", "no JSON");
  put_len ("nul.txt", "a\0b", 3);
  {
    g_autoptr (Collected) c = read_text ("nul.txt", "");

    g_assert_cmpuint (c->buffers->len, ==, 1);
    assert_buffer (g_ptr_array_index (c->buffers, 0), "a\0b", 3);
  }
}
GST_END_TEST;

GST_START_TEST (test_lines)
{
  g_autoptr (GString) large = g_string_new (NULL);
  g_autoptr (GString) expected = g_string_new (NULL);

  put ("a.txt", "one\r\n\n two \nthree");
  assert_reads ("a.txt", "format=lines", "one| two |three");
  put ("b.txt", "one\rstill one\n\n\n");
  assert_reads ("b.txt", "format=lines", "one\rstill one");
  /* lines that go over the reader's buffer */
  for (guint i = 0; i < 30000; i++) {
    g_string_append_printf (large, "line %u of many\r\n", i);
    g_string_append_printf (
        expected, "%sline %u of many", i == 0 ? "" : "|", i);
  }
  put ("c.txt", large->str);
  assert_reads ("c.txt", "format=lines", expected->str);
}
GST_END_TEST;

GST_START_TEST (test_jsonl)
{
  put ("a.jsonl",
      "{\"text\": \"one\"}\n\n{\"n\":[1,{\"text\":2}],"
      "\"text\":\"tw\\u00f6\\n\\ud83d\\ude00\"}\r\n"
      "{\"text\":\"\"}\n{\"text\": \"a\", \"text\": \"b\"}");
  assert_reads ("a.jsonl", "", "one|twö\n😀|b");
  put ("b.ndjson", "{\"body\":\"x\",\"text\":1}");
  assert_reads ("b.ndjson", "text-field=body", "x");
  put ("c.jsonl", "{\"text\":\"a\\u0000b\"}");
  {
    g_autoptr (Collected) c = read_text ("c.jsonl", "");

    assert_buffer (g_ptr_array_index (c->buffers, 0), "a\0b", 3);
  }
}
GST_END_TEST;

GST_START_TEST (test_bad_jsonl)
{
  static const gchar *const lines[] = { "{\"text\":3}", "{\"tex\":\"a\"}",
    "[\"text\"]", "{\"text\":\"a\"", "{\"text\":\"a\"} x", "{\"text\":\"a\",}",
    "{\"text\":\"\\ud800\"}", "{\"text\":\"\\x\"}", "{\"text\":\"a\tb\"}",
    "{\"text\":\"a\",\"n\":01}", "{\"text\":\"a\",\"n\":nul}",
    "{\"text\":", "{\"text\"}", "{text:1}", "\"text\"",
    "{\"text\":\"a\",\"n\":-}", "{\"text\":\"a\",\"n\":[1,]}",
    "{\"text\":\"\\u12\"}" };
  g_autofree gchar *deep = g_strnfill (5000, '[');
  g_autofree gchar *deep_line = g_strconcat ("{\"a\":", deep, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree gchar *text =
        g_strconcat ("{\"text\":\"good\"}\n", lines[i], "\n", NULL);

    put ("bad.jsonl", text);
    assert_fails ("bad.jsonl", "",
        i < 3 ? "bad.jsonl' line 2:|'text'" : "bad.jsonl' line 2:");
  }
  put ("bad.jsonl", deep_line);
  assert_fails ("bad.jsonl", "", "line 1|nested");
  put ("half.jsonl", "{\"text\":\"a\\ud800b\\udc00\"}");
  assert_reads (
      "half.jsonl", "invalid-utf8=replace", "a\357\277\275b\357\277\275");
}
GST_END_TEST;

GST_START_TEST (test_utf8)
{
  put ("bad.txt", "good \xc3\x28 bad");
  assert_fails ("bad.txt", "", "bad.txt'|byte 5|0xc3");
  assert_reads ("bad.txt", "invalid-utf8=replace", "good \357\277\275( bad");
  put ("lines.txt",
      "\xef\xbb\xbfok\nb\xff"
      "d\n");
  assert_fails ("lines.txt", "format=lines", "lines.txt' line 2|byte 7|0xff");
  put ("end.txt", "cut \xe2\x82");
  assert_fails ("end.txt", "", "byte 4");
  put_len ("utf16.txt",
      "\xff\xfe"
      "a\0",
      4);
  assert_fails ("utf16.txt", "invalid-utf8=replace", "UTF-16");
  put ("bom.txt", "\xef\xbb\xbftext");
  assert_reads ("bom.txt", "", "text");
  put ("bom.jsonl", "\xef\xbb\xbf{\"text\":\"x\"}");
  assert_reads ("bom.jsonl", "", "x");
}
GST_END_TEST;

GST_START_TEST (test_folders)
{
  put ("t/b.txt", "b");
  put ("t/a/2.txt", "a2");
  put ("t/a/1.jsonl", "{\"text\":\"a1\"}");
  put ("t/.hidden", "hidden");
  put ("t/.git/x", "hidden");
  put ("t/c/d/e/f.txt", "f");
  assert_reads ("t", "", "a1|a2|b|f");
  /* links: a loop, a folder again, a file again under another name */
  put_link ("t/a/loop", "..");
  put_link ("t/again", "a");
  put_link ("t/a.txt", "b.txt");
  assert_reads ("t", "", "a1|a2|b|f");
  assert_reads ("t/*.txt", "", "b");
  put_link ("t/z", "nowhere");
  assert_fails ("t", "", "t/z'");
}
GST_END_TEST;

GST_START_TEST (test_locations)
{
  g_autofree gchar *listed = NULL;

  put ("x/b.txt", "b");
  put ("x/a.txt", "a");
  put ("x/a,b.txt", "comma");
  put ("x/a[1].txt", "brackets");
  put ("x/1.md", "md");
  put ("x/a1.txt", "a1");
  put ("x/q \"'\\ !.txt", "quotes");
  assert_reads ("x/*.txt", "", "comma|a|a1|brackets|b|quotes");
  assert_reads ("x/a[1].txt", "", "brackets");
  assert_reads ("x/a[12].txt", "", "a1");
  assert_reads ("x/?.txt", "", "a|b");
  assert_reads ("x/a,b.txt", "", "comma");
  assert_reads ("x/q \"'\\ !.txt", "", "quotes");
  listed = g_strdup_printf (
      "locations=\"<\\\"%s/x/a,b.txt\\\",\\\"%s/x/?.txt\\\">\"", folder,
      folder);
  assert_reads ("x/b.txt", listed, "b|comma|a");
  g_free (listed);
  listed = g_strdup_printf ("x/b.txt,%s/x/a\\,b.txt,%s/x", folder, folder);
  assert_reads (listed, "", "b|comma|md|a|a1|brackets|quotes");
}
GST_END_TEST;

GST_START_TEST (test_bad_locations)
{
  g_autoptr (Collected) c = NULL;
  g_autofree gchar *path = g_build_filename (folder, "pipe", NULL);

  put ("t/a.txt", "a");
  put ("e/.hidden", "a");
  assert_fails ("t/*.md", "", "no file matches|t/*.md'");
  assert_fails ("no", "", "no'|No such file");
  assert_fails ("no/*.txt", "", "no file matches");
  assert_fails ("e", "", "no file in the folder|e'");
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_fails ("pipe", "", "pipe'");
  c = collect ("acttextsrc ! fakesink name=sink", NULL);
  g_assert_nonnull (strstr (c->error, "'location' is not set"));
}
GST_END_TEST;

GST_START_TEST (test_unreadable)
{
  g_autofree gchar *path = g_build_filename (folder, "t", "b.txt", NULL);

  put ("t/a.txt", "a");
  put ("t/b.txt", "b");
  g_chmod (path, 0);
  if (g_access (path, R_OK) != 0) /* root may read it all the same */
    assert_fails ("t", "", "b.txt'|denied");
}
GST_END_TEST;

GST_START_TEST (test_empty)
{
  put ("empty.txt", "");
  put ("bom.txt", "\xef\xbb\xbf");
  put ("blank.txt", "\n\r\n\n");
  {
    g_autoptr (Collected) c = read_text ("*.txt", "format=lines");

    g_assert_cmpstr (c->error, ==, NULL);
    g_assert_cmpint (c->complete, ==, 0);
    g_assert_cmpuint (c->buffers->len, ==, 0);
    g_assert_true (c->eos);
  }
  put ("text.txt", "text");
  assert_reads ("*.txt", "format=lines", "text");
}
GST_END_TEST;

GST_START_TEST (test_max_size)
{
  put ("a.txt", "123456789\r\n12345678\r\n");
  assert_reads (
      "a.txt", "format=lines max-document-size=9", "123456789|12345678");
  assert_fails ("a.txt", "format=lines max-document-size=8",
      "a.txt' line 1|more than 8 bytes|max-document-size");
  assert_fails ("a.txt", "max-document-size=20", "a.txt'|more than 20 bytes");
  assert_reads ("a.txt", "max-document-size=21", "123456789\r\n12345678\r\n");
}
GST_END_TEST;

GST_START_TEST (test_error_is_no_success)
{
  /* the error is in the last of three */
  put ("a.txt", "one\ntwo\n\xff\n");
  assert_fails ("a.txt", "format=lines", "line 3");
  put ("b.txt", "one\ntwo\nthree\n");
  {
    g_autoptr (Collected) c = read_text ("b.txt", "format=lines num-buffers=2");

    g_assert_cmpuint (c->buffers->len, ==, 2);
    g_assert_cmpint (c->complete, ==, -1);
  }
}
GST_END_TEST;

GST_START_TEST (test_reuse)
{
  g_autofree gchar *line = g_strdup_printf (
      "acttextsrc location=%s format=lines ! queue ! tee ! fakesink name=sink",
      folder);
  GstElement *pipeline = gst_parse_launch (line, NULL);

  put ("a.txt", "one\ntwo\nthree\n");
  for (guint i = 0; i < 3; i++) {
    g_autoptr (Collected) c = collect_pipeline (pipeline, NULL);

    g_assert_cmpint (c->complete, ==, 3);
    g_assert_cmpuint (c->buffers->len, ==, 3);
  }
  /* left in the middle of it */
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  {
    g_autoptr (Collected) c = collect_pipeline (pipeline, NULL);

    g_assert_cmpuint (c->buffers->len, ==, 3);
  }
  gst_object_unref (pipeline);
}
GST_END_TEST;

GST_START_TEST (test_queries)
{
  g_autofree gchar *path = g_build_filename (folder, "a.txt", NULL);
  GstHarness *h;
  gint64 value;

  put ("a.txt", "one\ntwo\nthree");
  h = gst_harness_new ("acttextsrc");
  g_object_set (h->element, "location", path, NULL);
  gst_util_set_object_arg (G_OBJECT (h->element), "format", "lines");
  gst_harness_play (h);
  for (guint i = 0; i < 3; i++)
    gst_buffer_unref (gst_harness_pull (h));
  g_assert_true (
      gst_element_query_duration (h->element, GST_FORMAT_BYTES, &value));
  g_assert_cmpint (value, ==, 13);
  g_assert_true (
      gst_element_query_position (h->element, GST_FORMAT_BYTES, &value));
  g_assert_cmpint (value, ==, 13);
  g_assert_true (
      gst_element_query_position (h->element, GST_FORMAT_DEFAULT, &value));
  g_assert_cmpint (value, ==, 3);
  g_assert_true (
      gst_element_query_duration (h->element, GST_FORMAT_DEFAULT, &value));
  g_assert_cmpint (value, ==, 3);
  g_assert_true (
      gst_element_query_position (h->element, GST_FORMAT_PERCENT, &value));
  g_assert_cmpint (value, ==, GST_FORMAT_PERCENT_MAX);
  g_assert_false (
      gst_element_query_position (h->element, GST_FORMAT_TIME, &value));
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_properties)
{
  GstElement *src = gst_element_factory_make ("acttextsrc", NULL);
  GValue array = G_VALUE_INIT;
  g_autofree gchar *field = NULL;
  guint64 size;

  gst_util_set_object_arg (G_OBJECT (src), "locations", "<a,\"b c\">");
  g_value_init (&array, GST_TYPE_ARRAY);
  g_object_get_property (G_OBJECT (src), "locations", &array);
  g_assert_cmpuint (gst_value_array_get_size (&array), ==, 2);
  g_assert_cmpstr (
      g_value_get_string (gst_value_array_get_value (&array, 1)), ==, "b c");
  g_value_unset (&array);
  g_object_get (src, "text-field", &field, "max-document-size", &size, NULL);
  g_assert_cmpstr (field, ==, "text");
  g_assert_cmpuint (size, ==, 256 << 20);
  gst_object_unref (src);
}
GST_END_TEST;

static Suite *
acttextsrc_suite (void)
{
  Suite *s = suite_create ("acttextsrc");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_plain);
  tcase_add_test (tc, test_lines);
  tcase_add_test (tc, test_jsonl);
  tcase_add_test (tc, test_bad_jsonl);
  tcase_add_test (tc, test_utf8);
  tcase_add_test (tc, test_folders);
  tcase_add_test (tc, test_locations);
  tcase_add_test (tc, test_bad_locations);
  tcase_add_test (tc, test_unreadable);
  tcase_add_test (tc, test_empty);
  tcase_add_test (tc, test_max_size);
  tcase_add_test (tc, test_error_is_no_success);
  tcase_add_test (tc, test_reuse);
  tcase_add_test (tc, test_queries);
  tcase_add_test (tc, test_properties);
  return s;
}

GST_CHECK_MAIN (acttextsrc);
