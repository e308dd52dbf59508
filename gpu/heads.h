/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpuforward.h"

/* The causal-importance heads, for gpuforward.cu: what a module is given to the
 * sums of its components, before bias and sigmoid; then those to activations,
 * dense or as a piece of a batch's CSR. */

ACT_GPU_BEGIN_DECLS

/* Scratch for n_rows rows, floats each; converted (bfloat16) is for products'
 * inputs, with that precision only. */
typedef struct {
  float *hidden[2];
  float *inner;
  void *converted;
} ActGpuHeadScratch;

/* how many elements each of them needs */
size_t act_gpu_head_hidden_size (const ActGpuHead *head, size_t n_rows);
size_t act_gpu_head_inner_size (const ActGpuHead *head, size_t n_rows);

/* input [n_rows, d_in] with row stride input_row, as products take it; tokens
 * instead where the head takes those, checked against vocab_size. sums
 * [n_rows, n_components]. */
ActGpuStatus act_gpu_head_sums (const ActGpuHead *head,
    ActGpuProducts *products, size_t n_rows, const void *input,
    size_t input_row, const int32_t *tokens, uint32_t vocab_size,
    const ActGpuHeadScratch *scratch, float *sums, ActGpuStream stream);

/* the last layer's bias [n_components] */
const float *act_gpu_head_bias (const ActGpuHead *head);

/* activations to columns first_column .. of out [.., out_row] */
ActGpuStatus act_gpu_head_dense (const ActGpuHead *head, size_t n_rows,
    const float *sums, size_t first_row, float *out, size_t out_row,
    ActGpuResult *result, ActGpuStream stream);

/* Where pieces of a batch's CSR gather: values one piece behind another in a
 * pool; for each module and row of the batch where they are. */
typedef struct {
  size_t n_rows;  /* of the batch */
  int64_t *used;  /* of the pool, or what would be */
  int64_t *spare; /* where the next piece says so; then they change places */
  int32_t *indices;
  float *values;
  int64_t capacity;
  int64_t *starts;   /* [n_modules, n_rows] */
  uint32_t *lengths; /* [n_modules, n_rows] */
} ActGpuPieces;

/* bytes of workspace for n_rows rows of n_components at most */
size_t act_gpu_head_pack_size (size_t n_rows, size_t n_components);
ActGpuStatus act_gpu_head_pack (const ActGpuHead *head, size_t n_rows,
    const float *sums, size_t first_row, ActGpuPieces *pieces,
    ActGpuResult *result, void *workspace, size_t workspace_size,
    ActGpuStream stream);

/* the pieces of all modules, row by row, to out */
size_t act_gpu_pieces_merge_size (size_t n_rows);
ActGpuStatus act_gpu_pieces_merge (const ActGpuPieces *pieces, size_t n_modules,
    const ActGpuCsr *out, ActGpuResult *result, void *workspace,
    size_t workspace_size, ActGpuStream stream);

ACT_GPU_END_DECLS
