/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <unistd.h>

#include <openssl/evp.h>

#include "acterror.h"
#include "formats/file.h"
#include "model/model.h"
#include "model/modelconfig.h"
#include "model/runfolder.h"

#define CHUNK (1 << 20)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)

static gboolean
hash_file (
    EVP_MD_CTX *hash, const char *folder, const char *name, GError **error)
{
  g_autofree char *filename = g_build_filename (folder, name, NULL);
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  gboolean ok = TRUE;
  guint64 size;
  int fd = act_file_open (filename, &size, error);

  if (fd < 0)
    return FALSE;
  for (guint64 done = 0; ok && done < size;) {
    gsize n = MIN (CHUNK, size - done);

    ok = act_file_pread (fd, filename, done, n, chunk, error);
    if (ok)
      EVP_DigestUpdate (hash, chunk, n);
    done += n;
  }
  close (fd);
  return ok;
}

static gboolean
hash_run (EVP_MD_CTX *hash, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = act_run_folder_list (folder, error);

  for (guint i = 0; names != NULL && i < names->len; i++)
    if (!hash_file (hash, folder, names->pdata[i], error))
      return FALSE;
  return names != NULL;
}

static gboolean
hash_folder (EVP_MD_CTX *hash, const char *folder, GError **error)
{
  g_autoptr (ActModelConfig) config = NULL;

  if (act_run_folder_is (folder))
    return hash_run (hash, folder, error);
  config = act_model_config_read (folder, error);
  return config != NULL && hash_file (hash, folder, "config.json", error)
      && hash_file (hash, folder, "model.safetensors", error)
      && (config->target_weights_file == NULL
          || hash_file (hash, folder, config->target_weights_file, error));
}

char *
act_model_fingerprint (const char *folder, GError **error)
{
  g_autoptr (EVP_MD_CTX) hash = EVP_MD_CTX_new ();
  guint8 digest[EVP_MAX_MD_SIZE];
  guint n = 0;
  GString *hex;

  if (hash == NULL || EVP_DigestInit_ex (hash, EVP_sha256 (), NULL) != 1) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "the cryptographic library has no SHA-256");
    return NULL;
  }
  if (!hash_folder (hash, folder, error))
    return NULL;
  EVP_DigestFinal_ex (hash, digest, &n);
  hex = g_string_sized_new (2 * n);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (hex, "%02x", digest[i]);
  return g_string_free (hex, FALSE);
}
