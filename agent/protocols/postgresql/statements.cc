#include "agent/protocols/postgresql/statements.h"

#include <algorithm>
#include <functional>

namespace footfall::postgresql {
namespace {

std::uint64_t key_of(std::string_view name) { return std::hash<std::string_view>()(name); }

template <typename Map>
void make_room(Map& map, std::size_t limit) {
    if (map.size() < limit) return;
    map.erase(std::min_element(map.begin(), map.end(),
                               [](const auto& left, const auto& right) { return left.second.used < right.second.used; }));
}

}  // namespace

void ShortName::set(std::string_view operation, std::string_view collection) {
    operation_length = static_cast<std::uint8_t>(operation.size());
    text.assign(operation);
    text.append(collection);
}

void Statements::prepare(std::string_view statement, std::string_view operation, std::string_view collection) {
    if (statement.empty()) {
        has_unnamed_ = true;
        return unnamed_.name.set(operation, collection);
    }
    const Key key = key_of(statement);
    if (!prepared_.contains(key)) make_room(prepared_, kStatementLimit);
    Prepared& prepared = prepared_[key];
    prepared.name.set(operation, collection);
    prepared.used = ++clock_;
}

const ShortName& Statements::statement(std::string_view name) {
    if (name.empty()) return has_unnamed_ ? unnamed_.name : unknown_;
    const auto found = prepared_.find(key_of(name));
    if (found == prepared_.end()) return unknown_;
    found.value().used = ++clock_;
    return found->second.name;
}

void Statements::bind(std::string_view portal, std::string_view statement) {
    const ShortName& name = this->statement(statement);
    Portal* bound = &unnamed_portal_;
    if (portal.empty()) {
        has_unnamed_portal_ = true;
    } else {
        const Key key = key_of(portal);
        if (!portals_.contains(key)) make_room(portals_, kPortalLimit);
        bound = &portals_[key];
        bound->used = ++clock_;
    }
    bound->name.set(name);
    bound->executed = false;
}

Statements::Portal* Statements::portal(std::string_view name) {
    if (name.empty()) return has_unnamed_portal_ ? &unnamed_portal_ : nullptr;
    const auto found = portals_.find(key_of(name));
    if (found == portals_.end()) return nullptr;
    found.value().used = ++clock_;
    return &found.value();
}

void Statements::close_statement(std::string_view statement) {
    if (statement.empty()) {
        has_unnamed_ = false;
    } else {
        prepared_.erase(key_of(statement));
    }
}

void Statements::close_portal(std::string_view portal) {
    if (portal.empty()) {
        has_unnamed_portal_ = false;
    } else {
        portals_.erase(key_of(portal));
    }
}

void Statements::clear() {
    has_unnamed_ = has_unnamed_portal_ = false;
    prepared_.clear();
    portals_.clear();
}

}  // namespace footfall::postgresql
