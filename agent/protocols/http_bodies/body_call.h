// What the body of an HTTP request calls, where one path serves many operations: GraphQL (the GraphQL over HTTP
// specification) and JSON-RPC 2.0. Only names that programmers give are taken from a body, never a value: of GraphQL the
// kind and name of the operation (or its first field, if it has no name), of JSON-RPC the method.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace footfall {

constexpr std::size_t kLongestCall = 80;   // bytes of what append_body_call() appends
constexpr std::size_t kBodyLooked = 4096;  // bytes of a body that are looked at

// Whether a body that begins with these bytes may name a call: cheap, and no for most bodies.
[[nodiscard]] bool may_name_call(std::string_view front);

// "query GetOrders", "mutation {placeOrder}", "eth_getBalance", of a batch the first with " …" behind it; empty if it names
// none. body: its front is enough.
void append_body_call(std::string_view body, std::string& out);

}  // namespace footfall
