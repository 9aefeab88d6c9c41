// SPDX-License-Identifier: Apache-2.0
#include "host/data/section/feature_key.hpp"

#include <nlohmann/json.hpp>

namespace weft::host {

std::string feature_key(const Json& field, const Source& source) {
  Json key = {{"source", source.text}};
  for (const char* name :
       {"kind",       "size",      "channels", "mean",   "std", "resize", "fit", "dct_scaling",
        "background", "normalize", "preset",   "rate",   "fft", "window", "hop", "mels",
        "low_hz",     "high_hz",   "frames",   "sample", "fps", "trim_db"}) {
    if (field.contains(name)) key[name] = field.at(name);
  }
  return key.dump();
}

}  // namespace weft::host
