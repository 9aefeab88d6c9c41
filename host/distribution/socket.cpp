// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr int k_waiting = 4096;  // connections that are not yet taken

[[noreturn]] void refuse(const std::string& address, int port, const char* why) {
  throw Error(Exit::io, concat("rank 0 cannot listen at ", address, ", port ", port, ": ", why,
                               ". Give another MASTER_ADDR or MASTER_PORT."));
}

int port_of(int descriptor) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  const in_port_t port = name.ss_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&name)->sin_port;
  return ntohs(port);
}

}  // namespace

Listening listen_at(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed =
          ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
      failed != 0)
    refuse(address, port, gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int descriptor = ::socket(one->ai_family, one->ai_socktype, one->ai_protocol);
    if (descriptor < 0) continue;
    const int yes = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(descriptor, one->ai_addr, one->ai_addrlen) == 0 &&
        ::listen(descriptor, k_waiting) == 0)
      return {descriptor, port_of(descriptor)};
    error = errno;
    ::close(descriptor);
  }
  refuse(address, port, std::strerror(error));
}

}  // namespace weft::host
