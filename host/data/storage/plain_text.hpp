// SPDX-License-Identifier: Apache-2.0
/// Texts as the files of different systems hold them: byte order marks before them, line ends
/// behind them.

#pragma once

#include <string_view>

namespace weft::host {

/// Without UTF-8's mark at the beginning, which is a signature and no text (Unicode 15, 23.8).
/// @throws std::invalid_argument on the mark of UTF-16 or UTF-32; `is in UTF-16, as …`
std::string_view without_mark(std::string_view text);

/// Without one line end, LF or CR LF, at the end.
std::string_view without_line_end(std::string_view text);

/// Without the blanks and line ends around it.
std::string_view without_blanks(std::string_view text);

}  // namespace weft::host
