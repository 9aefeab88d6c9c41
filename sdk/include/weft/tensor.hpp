// SPDX-License-Identifier: Apache-2.0
/// Tensors as a plug-in sees them: handles into the host. Nothing here computes.

#pragma once

#include <weft/abi.h>

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Everything of the C++ layer is hidden: two plug-ins built with different versions of it coexist,
/// and none of it keeps a library from being unloaded.
namespace weft __attribute__((visibility("hidden"))) {

  using Sizes = std::vector<std::int64_t>;

  /// Thrown inside a plug-in; the entry points turn it into a status and a message for the host.
  class Error : public std::runtime_error {
   public:
    Error(weft_status code, const std::string& text) : std::runtime_error(text), code_(code) {}
    weft_status code() const noexcept { return code_; }

   private:
    weft_status code_;
  };

  /// Rejects a configuration: `reject("heads", "must divide dim 64")` becomes "heads: must divide
  /// dim 64".
  [[noreturn]] inline void reject(std::string_view field, const std::string& why) {
    throw Error(WEFT_INVALID, std::string(field) + ": " + why);
  }

  namespace detail {

  /// The host's tables, set once by the entry point before any component exists.
  inline const weft_host* host = nullptr;

  /// The call in progress on this thread; blocks read parameters and random numbers from it. A
  /// plain pointer, because a thread_local with a destructor would pin the library.
  inline thread_local const weft_call* current_call = nullptr;

  /// Turns a failed host call into an exception that carries the host's message.
  inline void check(weft_status status) {
    if (status != WEFT_OK) throw Error(status, host->core->error_text());
  }

  /// Runs `body`; whatever it throws becomes a status and the thread's error record.
  template <class Body>
  weft_status guard(Body&& body) noexcept {
    if (host == nullptr) return WEFT_INVALID;  // no entry, no host to tell the reason
    weft_status code = WEFT_FAILED;
    std::string text;
    try {
      body();
      return WEFT_OK;
    } catch (const Error& error) {
      code = error.code();
      text = error.what();
    } catch (const std::bad_alloc&) {
      code = WEFT_NO_MEMORY;
      text = "out of memory";
    } catch (const std::exception& error) {
      text = error.what();
    } catch (...) {
      text = "an exception that is no std::exception";
    }
    host->core->error_set(code, text.data(), text.size());
    return code;
  }

  }  // namespace detail

  /// A reference to a tensor of the host. Copies refer to the same tensor. A component must not
  /// keep one after its call returns. A default Tensor is absent: an optional input that is not
  /// wired.
  class Tensor {
   public:
    Tensor() = default;
    /// Takes over a new reference.
    static Tensor own(weft_tensor handle) { return Tensor(handle, true); }
    /// Refers to a tensor that the caller keeps alive: an input, a parameter.
    static Tensor borrow(weft_tensor handle) { return Tensor(handle, false); }

    Tensor(const Tensor& other) : handle_(other.handle_), owned_(other.owned_) {
      if (owned_) detail::check(detail::host->tensor->retain(other.handle_, &handle_));
    }
    Tensor(Tensor&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)),
          owned_(std::exchange(other.owned_, false)) {}
    Tensor& operator=(Tensor other) noexcept {
      std::swap(handle_, other.handle_);
      std::swap(owned_, other.owned_);
      return *this;
    }
    ~Tensor() {
      if (owned_) detail::host->tensor->release(handle_);
    }

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    weft_tensor handle() const noexcept { return handle_; }
    /// A new reference for the host; this Tensor is absent afterwards.
    weft_tensor give() {
      weft_tensor given = handle_;
      if (handle_ != nullptr && !owned_)
        detail::check(detail::host->tensor->retain(handle_, &given));
      handle_ = nullptr;
      owned_ = false;
      return given;
    }

    weft_tensor_meta meta() const {
      weft_tensor_meta meta{};
      meta.size = sizeof meta;
      detail::check(detail::host->tensor->meta(handle_, &meta));
      return meta;
    }
    std::int64_t dim() const { return meta().ndim; }
    std::uint32_t dtype() const { return meta().dtype; }
    std::int64_t count() const { return meta().count; }
    Sizes sizes() const {
      const weft_tensor_meta m = meta();
      return Sizes(m.sizes, m.sizes + m.ndim);
    }
    /// Size of one axis; negative axes count from the last.
    std::int64_t size(std::int64_t axis) const {
      const weft_tensor_meta m = meta();
      const std::int64_t at = axis < 0 ? axis + static_cast<std::int64_t>(m.ndim) : axis;
      if (at < 0 || at >= static_cast<std::int64_t>(m.ndim))
        throw Error(WEFT_INDEX, "axis " + std::to_string(axis) + " of a tensor with " +
                                    std::to_string(m.ndim) + " axes");
      return m.sizes[at];
    }

    /// The first element, for own kernels. Contiguous only if the producer promises it; T must
    /// match dtype().
    template <class T>
    T* data() const {
      void* data = nullptr;
      detail::check(detail::host->tensor->data(handle_, &data));
      return static_cast<T*>(data);
    }

    // Shorthands for the operations of <weft/ops.hpp>.
    template <class...>
    Tensor reshape(const Sizes& sizes) const;
    template <class...>
    Tensor transpose(std::int64_t axis_a, std::int64_t axis_b) const;
    template <class...>
    Tensor select(std::int64_t axis, std::int64_t index) const;
    /// Every step-th element of [start, end) of an axis; a negative end counts from the last.
    template <class...>
    Tensor slice(std::int64_t axis, std::int64_t start, std::int64_t end,
                 std::int64_t step = 1) const;
    template <class...>
    Tensor unsqueeze(std::int64_t axis) const;
    template <class...>
    Tensor to(std::uint32_t dtype) const;

   private:
    Tensor(weft_tensor handle, bool owned) : handle_(handle), owned_(owned) {}

    weft_tensor handle_ = nullptr;
    bool owned_ = false;
  };

  /// A new uninitialised contiguous tensor on the device of `like`.
  inline Tensor empty(const Sizes& sizes, std::uint32_t dtype, const Tensor& like) {
    weft_tensor out = nullptr;
    detail::check(detail::host->tensor->empty(
        sizes.data(), static_cast<std::uint32_t>(sizes.size()), dtype, like.handle(), &out));
    return Tensor::own(out);
  }

}  // namespace weft
