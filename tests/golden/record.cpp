// SPDX-License-Identifier: Apache-2.0
/// Writes what golden plug-ins are given and return: golden_record OUTPUT PLUGINS…
/// The folders PLUGINS hold the same parts by several toolchains, which must agree; the numbers are
/// the first one's. sdk/abi/snapshot.py runs it once for each snapshot.

#include <iostream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "tests/golden/numbers.hpp"
#include "tests/support/recipes.hpp"

namespace {

using weft::host::concat;
using weft::host::Error;
using weft::host::Exit;

void record(const std::string& output, const std::vector<std::string>& folders) {
  const auto first = weft::test::parts_in({folders.front()});
  for (const weft::test::GoldenCase& golden : weft::test::golden_cases()) {
    const weft::test::Numbers given = weft::test::given_to(golden, first);
    const weft::test::Numbers returned = weft::test::returned_for(golden, first, given);
    for (const std::string& folder : folders) {
      const auto parts = weft::test::parts_in({folder});
      const double apart =
          weft::test::difference(weft::test::returned_for(golden, parts, given), returned);
      if (!(apart <= weft::test::agreement))
        throw Error(Exit::failed,
                    concat(golden.id, " of ", folder, " and of ", folders.front(), " differ by ",
                           apart, "; at most ", weft::test::agreement, " is allowed."));
    }
    weft::host::TensorFile file;
    file.tensors = given;
    file.tensors.insert(returned.begin(), returned.end());
    weft::host::write_safetensors(output + "/" + golden.kind + ".safetensors", file);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: golden_record OUTPUT PLUGINS...\n";
    return 2;
  }
  try {
    record(argv[1], {argv + 2, argv + argc});
  } catch (const Error& error) {
    std::cerr << "golden_record: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
