/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* (transfer full): what a model's fingerprint becomes where its matrix products
 * have another precision; "fp32": the same. Rounded activations are not those
 * of the model: whoever stores or compares them shall tell them apart. */
char *act_model_fingerprint_rounded (
    const char *fingerprint, const char *precision);
