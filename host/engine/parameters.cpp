// SPDX-License-Identifier: Apache-2.0
#include "host/engine/parameters.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_qr.h>
#include <c10/core/GradMode.h>

#include <weft/drafts.h>

#include <cmath>

#include "host/base/text.hpp"
#include "host/engine/device/device.hpp"
#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

/// Spreads all bits of a seed over all others (the last step of splitmix64): LibTorch's generator
/// reads the lower 32 only.
std::uint64_t mixed(std::uint64_t seed) {
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  return seed ^ (seed >> 31);
}

/// Normal numbers cut at two deviations: uniform numbers between Φ(-2) and Φ(2), put through Φ⁻¹.
void fill_truncated_normal(at::Tensor& tensor, double mean, double deviation,
                           const at::Generator& generator) {
  const double edge = std::erf(2.0 / std::sqrt(2.0));
  tensor.uniform_(-edge, edge, generator);
  tensor.erfinv_().mul_(deviation * std::sqrt(2.0)).add_(mean);
  tensor.clamp_(mean - 2.0 * deviation, mean + 2.0 * deviation);
}

double xavier_bound(const at::Tensor& tensor, double gain) {
  const auto receptive =
      static_cast<double>(tensor.numel()) /
      static_cast<double>(std::max<std::int64_t>(1, tensor.size(0) * tensor.size(1)));
  const double fans = static_cast<double>(tensor.size(0) + tensor.size(1)) * receptive;
  return gain * std::sqrt(6.0 / std::max(1.0, fans));
}

/// Rows, or columns where there are fewer of them, that are orthonormal: Q of the QR decomposition
/// of normal numbers, its columns turned so that R's diagonal is positive, which makes it uniform
/// over all such matrices (Mezzadri 2007, arXiv:math-ph/0609050).
void fill_orthogonal(at::Tensor& tensor, double gain, const at::Generator& generator) {
  if (tensor.numel() == 0) return;
  tensor.normal_(0.0, 1.0, generator);
  at::Tensor matrix = tensor.reshape({tensor.size(0), -1}).to(at::kDouble);
  const bool wide = matrix.size(0) < matrix.size(1);
  const auto [q, r] = at::linalg_qr(wide ? matrix.t() : matrix);
  const at::Tensor columns = q.mul(r.diagonal().sign());
  tensor.copy_((wide ? columns.t() : columns).mul(gain).reshape(tensor.sizes()));
}

void fill(at::Tensor& tensor, const weft_parameter& declaration, const at::Generator& generator) {
  const double a = declaration.a;
  const double b = declaration.b;
  switch (declaration.init) {
    case WEFT_INIT_ZEROS: tensor.zero_(); return;
    case WEFT_INIT_CONSTANT: tensor.fill_(a); return;
    case WEFT_INIT_NORMAL: tensor.normal_(a, b, generator); return;
    case WEFT_INIT_TRUNCATED_NORMAL: fill_truncated_normal(tensor, a, b, generator); return;
    case WEFT_INIT_UNIFORM: tensor.uniform_(a, b, generator); return;
    case WEFT_INIT_ORTHOGONAL: fill_orthogonal(tensor, a, generator); return;
    case WEFT_INIT_XAVIER_UNIFORM: {
      const double bound = xavier_bound(tensor, a);
      tensor.uniform_(-bound, bound, generator);
      return;
    }
  }
}

bool is_random(std::uint32_t init) {
  return init != WEFT_INIT_ZEROS && init != WEFT_INIT_CONSTANT;
}

/// What is wrong with the declaration, or nothing.
std::string fault(const weft_parameter& declaration, at::ScalarType type, bool trainable) {
  if (declaration.ndim > WEFT_MAX_DIMS)
    return concat("it has ", declaration.ndim, " axes; at most ", WEFT_MAX_DIMS, " are allowed");
  if (declaration.sizes == nullptr && declaration.ndim > 0) return "its sizes are missing";
  for (std::uint32_t i = 0; i < declaration.ndim; ++i)
    if (declaration.sizes[i] < 0)
      return concat("size ", i, " is ", declaration.sizes[i], "; it must not be negative");
  if (declaration.init > WEFT_INIT_ORTHOGONAL)
    return concat("this host does not know initialisation ", declaration.init);
  if (declaration.init >= WEFT_INIT_XAVIER_UNIFORM && declaration.ndim < 2)
    return concat(declaration.init == WEFT_INIT_ORTHOGONAL ? "orthogonal" : "Xavier",
                  " initialisation needs two axes or more, it has ", declaration.ndim);
  if (!at::isFloatingType(type) && is_random(declaration.init))
    return "only floating-point elements can be initialised at random";
  if (!at::isFloatingType(type) && trainable) return "only floating-point elements can be trained";
  return "";
}

at::Generator generator_on(const c10::Device& device, std::uint64_t seed) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>(seed);
  at::Generator generator = at::globalContext()
                                .getAcceleratorHooksInterface(device.type())
                                .getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

}  // namespace

Generator::Generator(std::uint64_t seed)
    : handle_(reinterpret_cast<weft_generator>(
          new at::Generator(generator_on(current_device(), mixed(seed))))) {}

Generator::~Generator() {
  delete reinterpret_cast<at::Generator*>(handle_);
}

namespace {

/// On the CPU, whatever the device: the same numbers on all.
at::Tensor drawn(const weft_parameter& declaration, at::ScalarType type, std::uint64_t seed) {
  const CpuScope here;
  const Generator generator(seed);
  at::Tensor tensor =
      at::empty(at::IntArrayRef(declaration.sizes, declaration.ndim),
                at::TensorOptions().dtype(is_random(declaration.init) ? at::kFloat : type));
  fill(tensor, declaration, generator_of(generator.get()));
  return tensor.to(type);
}

}  // namespace

Tensor make_parameter(const weft_parameter& declaration, const std::string& path,
                      std::uint64_t seed, DType model_dtype, bool trainable) {
  const auto refuse = [&](const std::string& text) {
    throw Error(Exit::plugin,
                concat("parameter \"", path, "\": ", text, ". This is a fault of the plug-in."));
  };
  const std::string place = "parameter \"" + path + "\"";
  return checked(place.c_str(), [&] {
    if (!WEFT_HAS(&declaration, b)) refuse("its declaration is incomplete");
    const std::uint32_t dtype =
        declaration.dtype != 0 ? declaration.dtype : static_cast<std::uint32_t>(model_dtype);
    if (dtype > WEFT_DTYPE_FLOAT64) refuse(concat("there is no element type ", dtype));
    const at::ScalarType type = scalar_type(dtype);
    if (const std::string text = fault(declaration, type, trainable); !text.empty()) refuse(text);

    const c10::NoGradGuard no_grad;
    at::Tensor tensor = sent_to_device(drawn(declaration, type, stable_hash(path, seed)));
    tensor.requires_grad_(trainable);
    return wrap(tensor);
  });
}

void set_trainable(const Tensor& parameter, bool trainable) {
  checked("choosing what is trained", [&] { tensor_of(parameter).requires_grad_(trainable); });
}

}  // namespace weft::host
