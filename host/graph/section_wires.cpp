// SPDX-License-Identifier: Apache-2.0
#include "host/graph/section_wires.hpp"

#include <algorithm>

#include "host/base/text.hpp"
#include "host/graph/presence_ports.hpp"

namespace weft::host {
namespace {

using From = InputSource::From;
/// Fields of which one must be true for a sample to be there; none: it always is.
using AnyOf = std::vector<std::string>;

bool is_wired(const std::vector<InputSource>& wires) {
  return std::ranges::any_of(
      wires, [](const InputSource& source) { return source.from != From::nothing; });
}

class Connector {
 public:
  Connector(const std::vector<Node>& nodes, const std::string& section,
            const std::vector<FieldSpec>& fields)
      : nodes_(nodes), section_(section), fields_(fields) {}

  SectionWires connect() {
    for (index_ = 0; index_ < nodes_.size(); ++index_) {
      wires_ = nodes_[index_].inputs;
      leave_out_missing();
      for (std::size_t p = 0; p < wires_.size(); ++p)
        if (wires_[p].empty()) follow(p);
      require_presence();
      result_.inputs.push_back(wires_);
      made_of_.push_back(made_of());
    }
    return std::move(result_);
  }

 private:
  const std::vector<Port>& ports() const { return nodes_[index_].instance.inputs(); }

  const FieldSpec* field(const std::string& name) const {
    const auto found = std::ranges::find(fields_, name, &FieldSpec::name);
    return found == fields_.end() ? nullptr : &*found;
  }

  bool is_missing(const InputSource& source) const {
    return source.from == From::batch && field(source.field) == nullptr;
  }

  void remark(const std::string& pointer, const std::string& text) {
    result_.remarks.push_back({index_, pointer, text});
  }

  /// Takes wires of fields that the section lacks off optional ports, and with a stream its mask.
  void leave_out_missing() {
    for (std::size_t p = 0; p < wires_.size(); ++p) {
      if (!ports()[p].optional || followed_by(ports(), ports()[p])) continue;
      for (std::size_t i = wires_[p].size(); i-- > 0;)
        if (is_missing(wires_[p][i])) leave_out(p, i);
    }
    for (std::size_t p = 0; p < wires_.size(); ++p) {
      if (!ports()[p].optional || !followed_by(ports(), ports()[p])) continue;
      for (InputSource& source : wires_[p])
        if (is_missing(source)) {
          tell_missing(ports()[p], source);
          source.from = From::nothing;
        }
      if (!is_wired(wires_[p])) wires_[p].clear();
    }
  }

  void leave_out(std::size_t port, std::size_t wire) {
    tell_missing(ports()[port], wires_[port][wire]);
    for (std::size_t p = 0; p < wires_.size(); ++p)
      if (followed_by(ports(), ports()[p]) == port && wire < wires_[p].size())
        wires_[p].erase(wires_[p].begin() + static_cast<std::ptrdiff_t>(wire));
    wires_[port].erase(wires_[port].begin() + static_cast<std::ptrdiff_t>(wire));
  }

  void tell_missing(const Port& port, const InputSource& source) {
    remark(source.pointer,
           concat("data \"", section_, "\" has no field \"", source.field,
                  "\", so the optional port \"", port.name, "\" is not wired there."));
  }

  /// Wires a mask or presence port that the recipe leaves out.
  void follow(std::size_t p) {
    const Port& port = ports()[p];
    const auto stream = followed_by(ports(), port);
    if (!stream && !is_for_all(port)) return;
    std::vector<InputSource> wires;
    if (!stream) {
      wires = {present(clauses_of_all())};
    } else if (port.list || !port.mask_of.empty()) {
      for (const InputSource& source : wires_[*stream])
        wires.push_back(port.mask_of.empty() ? present({presence_of(source)})
                                             : mask_of(source, has_one_axis(port)));
    } else {
      wires = {present(clauses_of(*stream))};
    }
    if (is_wired(wires)) wires_[p] = std::move(wires);
  }

  InputSource mask_of(const InputSource& stream, bool one_axis) const {
    if (stream.from == From::batch) {
      if (one_axis) return present({presence_of(stream)}, stream.pointer);
      const FieldSpec* spec = field(stream.field);
      if (spec != nullptr && !spec->mask.empty())
        return {From::batch, spec->mask, 0, 0, stream.pointer};
    } else if (stream.from == From::generated && stream.field == "text") {
      return {From::generated, "mask", stream.node, 0, stream.pointer};
    } else if (stream.from == From::node) {
      const std::vector<Port>& outputs = nodes_[stream.node].instance.outputs();
      for (std::size_t i = 0; i < outputs.size(); ++i)
        if (outputs[i].mask_of == outputs[stream.port].name)
          return {From::node, "", stream.node, i, stream.pointer, {}, "", stream.shuffles};
      if (one_axis) return present({presence_of(stream)}, stream.pointer);
    }
    return {From::nothing, "", 0, 0, stream.pointer};
  }

  AnyOf presence_of(const InputSource& source) const {
    if (source.from == From::node || source.from == From::generated) {
      AnyOf fields = made_of_[source.node];
      for (std::uint32_t i = 0; i < source.shuffles; ++i)
        for (std::string& field : fields) field = concat(k_shuffled_field, field);
      return fields;
    }
    const FieldSpec* spec = source.from == From::batch ? field(source.field) : nullptr;
    return spec == nullptr || spec->present.empty() ? AnyOf{} : AnyOf{spec->present};
  }

  std::vector<AnyOf> clauses_of(std::size_t port) const {
    std::vector<AnyOf> clauses;
    for (const InputSource& source : wires_[port]) clauses.push_back(presence_of(source));
    return clauses;
  }

  /// Of all streams but those that have a port NAME_present of their own.
  std::vector<AnyOf> clauses_of_all() const {
    std::vector<AnyOf> clauses;
    for (const std::size_t p : streams_of_all(ports()))
      for (AnyOf& clause : clauses_of(p)) clauses.push_back(std::move(clause));
    return clauses;
  }

  InputSource present(std::vector<AnyOf> clauses, const std::string& pointer = "") const {
    std::erase_if(clauses, [](const AnyOf& clause) { return clause.empty(); });
    std::ranges::sort(clauses);
    clauses.erase(std::unique(clauses.begin(), clauses.end()), clauses.end());
    const std::string place = pointer.empty() ? nodes_[index_].wires_pointer() : pointer;
    if (clauses.empty()) return {From::nothing, "", 0, 0, place};
    if (clauses.size() == 1 && clauses.front().size() == 1)
      return {From::batch, clauses.front().front(), 0, 0, place};
    return {From::present, "", 0, 0, place, std::move(clauses)};
  }

  /// What the node at hand makes is there if any of what it reads is.
  AnyOf made_of() const {
    AnyOf fields;
    for (std::size_t p = 0; p < wires_.size(); ++p) {
      if (!is_stream(ports(), ports()[p])) continue;
      for (const AnyOf& clause : clauses_of(p)) {
        if (clause.empty()) return {};
        fields.insert(fields.end(), clause.begin(), clause.end());
      }
    }
    std::ranges::sort(fields);
    fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
    return fields;
  }

  /// A loss or metric that cannot know which samples lack what it reads would count them.
  void require_presence() {
    const std::uint32_t kind = nodes_[index_].instance.part().kind;
    if (kind != WEFT_KIND_LOSS && kind != WEFT_KIND_METRIC) return;
    for (std::size_t p = 0; p < wires_.size(); ++p) {
      if (!is_stream(ports(), ports()[p])) continue;
      for (const InputSource& source : wires_[p]) {
        const AnyOf fields = presence_of(source);
        if (!fields.empty() && !is_told(p, fields)) tell_unknown(ports()[p], source, fields);
      }
    }
  }

  /// Whether any wire tells the part which samples have one of these fields.
  bool is_told(std::size_t stream, const AnyOf& fields) const {
    for (std::size_t p = 0; p < wires_.size(); ++p) {
      const bool speaks_of_it = is_for_all(ports()[p]) || subject_of(ports(), ports()[p]) == stream;
      if (speaks_of_it && is_wired(wires_[p])) return true;
      for (const InputSource& source : wires_[p]) {
        const FieldSpec* spec = source.from == From::batch ? field(source.field) : nullptr;
        if (spec != nullptr && spec->dtype == DType::boolean &&
            std::ranges::find(fields, spec->present) != fields.end())
          return true;
      }
    }
    return false;
  }

  void tell_unknown(const Port& port, const InputSource& source, const AnyOf& fields) {
    const std::string& id = nodes_[index_].instance.part().id;
    const std::string lacks =
        source.from == From::batch
            ? concat("the field \"", source.field, "\" is optional in data \"", section_,
                     "\", and ", id, " counts samples that lack it.")
            : concat("in data \"", section_, "\" a sample may lack all of which this is made, and ",
                     id, " counts it all the same.");
    remark(source.pointer,
           concat(lacks, " The part has no port \"", k_present_port, "\" or \"", port.name,
                  k_present_suffix, "\" for it: use one that has, wire batch.", fields.front(),
                  " to a port that stands for it, or leave such samples out with \"filter\"."));
  }

  const std::vector<Node>& nodes_;
  const std::string& section_;
  const std::vector<FieldSpec>& fields_;
  SectionWires result_;
  std::vector<AnyOf> made_of_;  // by node
  std::size_t index_ = 0;       // the node at hand
  PortWires wires_;             // its
};

}  // namespace

SectionWires section_wires(const std::vector<Node>& nodes, const std::string& section,
                           const std::vector<FieldSpec>& fields) {
  return Connector(nodes, section, fields).connect();
}

}  // namespace weft::host
