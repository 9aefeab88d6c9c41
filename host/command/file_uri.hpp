// SPDX-License-Identifier: Apache-2.0
/// Paths as URIs of the scheme `file` (RFC 8089), in which editors name documents.

#pragma once

#include <optional>
#include <string>

namespace weft::host {

/// "file:///a%20b.json" as "/a b.json"; nothing for another scheme, another machine or an
/// ill-formed percent sign.
std::optional<std::string> path_of_uri(const std::string& uri);

/// An absolute path as such a URI: what is no letter, digit or one of -._~/ is a percent sign and
/// two digits.
std::string uri_of_path(const std::string& path);

}  // namespace weft::host
