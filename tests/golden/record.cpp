// SPDX-License-Identifier: Apache-2.0
/// Writes what the golden plug-ins of a folder are given and return: golden_record PLUGINS OUTPUT.
/// sdk/abi/snapshot.py runs it once for each snapshot.

#include <iostream>

#include "host/base/error.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "tests/golden/numbers.hpp"
#include "tests/support/recipes.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: golden_record PLUGINS OUTPUT\n";
    return 2;
  }
  try {
    const auto parts = weft::test::parts_in({argv[1]});
    for (const auto& golden : weft::test::golden_cases()) {
      weft::host::TensorFile file;
      file.tensors = weft::test::given_to(golden, parts);
      file.tensors.merge(weft::test::returned_for(golden, parts, file.tensors));
      weft::host::write_safetensors(std::string(argv[2]) + "/" + golden.kind + ".safetensors",
                                    file);
    }
  } catch (const weft::host::Error& error) {
    std::cerr << "golden_record: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
