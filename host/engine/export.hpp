// SPDX-License-Identifier: Apache-2.0
/// What libweft_engine.so shows: everything else in it is hidden.

#pragma once

#define WEFT_ENGINE_API __attribute__((visibility("default")))
