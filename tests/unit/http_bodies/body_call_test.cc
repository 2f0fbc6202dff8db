// What a body calls: names, and never a value.
#include "agent/protocols/http_bodies/body_call.h"

#include <gtest/gtest.h>

#include <string>

namespace footfall {
namespace {

std::string call(std::string_view body) {
    std::string found;
    append_body_call(body, found);
    return found;
}

TEST(GraphqlCall, IsTheKindAndNameOfTheOperation) {
    EXPECT_EQ(call(R"({"query":"query GetOrders($n: Int) { orders(first: $n) { id } }","variables":{"n":7}})"),
              "query GetOrders");
    EXPECT_EQ(call(R"({"variables":{"query":"no"},"query":"mutation Place { placeOrder(id: 1) }"})"), "mutation Place");
    EXPECT_EQ(call(R"({"query":"\n  # all of them\n  subscription OnOrder{ order { id } }"})"), "subscription OnOrder");
}

TEST(GraphqlCall, WithoutANameIsItsFirstField) {
    EXPECT_EQ(call(R"({"query":"{ orders { id } }"})"), "query {orders}");
    EXPECT_EQ(call(R"({"query":"mutation { placeOrder(card: \"4111\") { id } }"})"), "mutation {placeOrder}");
    EXPECT_EQ(call(R"({"query":"query($id: ID!) { user(id: $id) { name } }"})"), "query {user}");
}

TEST(GraphqlCall, IsTheOperationThatIsAskedForAmongSeveral) {
    EXPECT_EQ(call(R"({"operationName":"B","query":"query A { a } query B { b }"})"), "query B");
    EXPECT_EQ(call(R"({"operationName":"Stored","extensions":{"persistedQuery":{"sha256Hash":"00"}}})"), "Stored");
    EXPECT_EQ(call(R"({"operationName":"F","query":"fragment X on Y { z } query F { ...X }"})"), "F");
}

TEST(GraphqlCall, OfASearchBoxIsNone) {
    EXPECT_EQ(call(R"({"query":"red shoes"})"), "");
    EXPECT_EQ(call(R"({"query":"query shoes"})"), "");
    EXPECT_EQ(call(R"({"query":{"match":{"name":"x"}}})"), "");
    EXPECT_EQ(call(R"({"query":"mutation of the liver"})"), "");
}

TEST(JsonRpcCall, IsTheMethod) {
    EXPECT_EQ(call(R"({"jsonrpc":"2.0","method":"eth_getBalance","params":["0xabc","latest"],"id":1})"), "eth_getBalance");
    EXPECT_EQ(call(R"({"id":1,"params":{"method":"inner","deep":[{"method":"x"}]},"method":"tools/call","jsonrpc":"2.0"})"),
              "tools/call");
    EXPECT_EQ(call(R"({"method":"not.rpc"})"), "");
}

TEST(JsonRpcCall, OfABatchIsTheFirstWithAMark) {
    EXPECT_EQ(call(R"([{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b","id":2}])"), "a …");
    EXPECT_EQ(call(R"( [ {"jsonrpc":"2.0","method":"a","id":1} ] )"), "a");
}

TEST(BodyCall, NeverShowsWhatIsNoName) {
    EXPECT_EQ(call(R"({"jsonrpc":"2.0","method":"mail bob@example.org","id":1})"), "");
    EXPECT_EQ(call(R"({"operationName":"not a name","query":"{ a }"})"), "query {a}");
    EXPECT_EQ(call(R"({"jsonrpc":"2.0","method":")" + std::string(200, 'x') + R"("})"), "");
}

TEST(BodyCall, CutAnywhereIsTheSameOrNothing) {
    for (const std::string whole : {R"({"jsonrpc":"2.0","method":"eth_call","params":["0xabc"],"id":1})",
                                    R"({"query":"query GetOrders($n: Int) { orders(first: $n) { id } }"})"}) {
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const std::string found = call(whole.substr(0, length));
            EXPECT_TRUE(found.empty() || found == call(whole)) << whole.substr(0, length) << " gave " << found;
        }
    }
}

TEST(BodyCall, MostBodiesAreDismissedAtAGlance) {
    EXPECT_FALSE(may_name_call("name=value&query=x"));
    EXPECT_FALSE(may_name_call(R"({"name":"x","items":[1,2,3]})"));
    EXPECT_FALSE(may_name_call(""));
    EXPECT_TRUE(may_name_call(R"(  [{"jsonrpc":"2.0")"));
    EXPECT_TRUE(may_name_call(R"({"query":"{a}"})"));
}

}  // namespace
}  // namespace footfall
