/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/head.h"

/* Heads with a small MLP of its own for each component: W [C, d_in, h1],
 * [C, h1, h2], .., [C, hk, 1]. They work on transposed arrays, a line of
 * n_rows floats for each unit, so that vector instructions are full however
 * few units a layer has. */

/* from the width of what each component's MLP is given */
gboolean act_component_mlp_load (
    ActHead *head, guint d_in, ActWeights *weights, GError **error);

/* floats of scratch that finish needs: lines for two hidden layers */
gsize act_component_mlp_scratch (const ActHead *head, gsize n_rows);

/* A component's first hidden layer, after its GELU, [h1, n_rows] (lost) to
 * its line of the last layer, without bias; scratch as above. */
void act_component_mlp_finish (const ActHead *head, guint component,
    gsize n_rows, float *hidden, float *scratch, float *out);

/* in [n_cols, n_rows] to out [n_rows, n_cols] */
void act_component_mlp_transpose (
    gsize n_rows, gsize n_cols, const float *in, float *out);
