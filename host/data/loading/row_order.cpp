// SPDX-License-Identifier: Apache-2.0
#include "host/data/loading/row_order.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

RowOrder::RowOrder(const Dataset::Content& content, std::uint64_t seed,
                   std::shared_ptr<const EasyFirst> curriculum)
    : content_(content) {
  const bool is_listed = content.part(Split::train).entries.empty();
  if (curriculum != nullptr && (!is_listed || content.options.packed() != nullptr))
    throw Error(Exit::bad_recipe,
                concat("data/", content.name, ": a curriculum orders examples, and these are ",
                       is_listed ? "packed, several in a row. Leave \"pack\" or the curriculum out."
                                 : "streamed, so that nobody knows which there are. Leave "
                                   "\"stream\" or the curriculum out."));
  if (is_listed) {
    order_.emplace(content, seed, std::move(curriculum));
  } else {
    streamed_ = std::make_unique<StreamedOrder>(content, Split::train, seed);
  }
}

const Draw& RowOrder::peek() {
  // Training has no end: there always is a next one.
  if (!next_)
    next_ = order_ ? order_->at(static_cast<std::uint64_t>(position_.taken)) : *streamed_->next();
  return *next_;
}

void RowOrder::pop() {
  next_.reset();
  next_size_.reset();
  if (order_) {
    ++position_.taken;
  } else {
    position_ = streamed_->position();
  }
}

Draw RowOrder::next() {
  Draw row = peek();
  const std::optional<DocumentSize> size = next_size_;
  pop();
  if (const FieldOptions* field = content_.options.packed()) pack(row, *field, size);
  return row;
}

DocumentSize RowOrder::size_of(const Draw& draw, const FieldOptions& field) const {
  try {
    DocumentSize size =
        document_size(content_, field, part_of(content_, Split::train, draw), draw.example);
    size.places = std::max<std::int64_t>(size.places, 1);  // a row never holds without end
    return size;
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_data) throw;
    return {std::get<DocumentOptions>(field.kind).length, 0, 0};  // its row will say so
  }
}

void RowOrder::pack(Draw& row, const FieldOptions& field, std::optional<DocumentSize> first) {
  const auto& documents = std::get<DocumentOptions>(field.kind);
  DocumentSize size = first ? *first : size_of(row, field);
  while (true) {
    const DocumentSize next = size_of(peek(), field);
    if (!(size + next).fits(documents)) {
      next_size_ = next;
      return;
    }
    size = size + next;
    row.packed.push_back(peek());
    pop();
  }
}

void RowOrder::skip(std::int64_t rows) {
  if (order_ && content_.options.packed() == nullptr) {
    next_.reset();
    position_.taken += rows;
    return;
  }
  for (std::int64_t i = 0; i < rows; ++i) next();
}

Position RowOrder::position() const {
  return position_;
}

void RowOrder::seek(const Position& position) {
  if (streamed_) streamed_->seek(position);
  next_.reset();
  next_size_.reset();
  position_ = position;
}

void RowOrder::cancel() {
  if (streamed_) streamed_->cancel();
}

}  // namespace weft::host
