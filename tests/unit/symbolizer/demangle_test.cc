#include "symbolizer/names/demangle.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

TEST(DemangledNames, OfCxx) {
    EXPECT_EQ(demangled("_ZN4shop11place_orderERKNS_5OrderE"), "shop::place_order(shop::Order const&)");
    EXPECT_EQ(demangled("_ZNSt6vectorIiSaIiEE9push_backERKi"),
              "std::vector<int, std::allocator<int> >::push_back(int const&)");
}

TEST(DemangledNames, SayWhichCloneItIs) {
    EXPECT_EQ(demangled("_ZN4shop5orderEv.cold"), "shop::order() (.cold)");
    EXPECT_EQ(demangled("_ZN4shop5orderEv.isra.0"), "shop::order() (.isra.0)");
}

TEST(DemangledNames, OfRustWithoutTheHash) {
    EXPECT_EQ(demangled("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"), "core::fmt::Formatter::pad");
    EXPECT_EQ(demangled("_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE"),
              "<alloc::string::String as core::fmt::Display>::fmt");
    EXPECT_EQ(demangled("_ZN5tokio7runtime4task7harness11poll_future28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE"),
              "tokio::runtime::task::harness::poll_future::{{closure}}");
    EXPECT_EQ(demangled("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
}

TEST(DemangledNames, OfD) {
    EXPECT_EQ(demangled("_D4shop12place_ordersFAyaiZv"), "shop.place_orders(immutable(char)[], int)");
    EXPECT_EQ(demangled("_D4shop__T6pricedTiZQkFNfiZi"), "shop.priced!(int).priced(int)");  // its own name by reference
    EXPECT_EQ(demangled("_D3std8typecons__T5TupleTmTmZQl6__ctorMFNaNbNcNiNfmmZSQCaQBz__TQBtTmTmZQCb"),
              "std.typecons.Tuple!(ulong, ulong).Tuple.this(ulong, ulong)");
    EXPECT_EQ(demangled("_Dmain"), "D main");
}

TEST(DemangledNames, OfOtherLanguagesStayAsTheyAre) {
    for (const char* name :
         {"malloc", "main.(*Server).ServeHTTP", "_start", "?f@@YAHXZ", "_DYNAMIC", "_Dispatch", "", "_", "_Z", "_R", "_D"})
        EXPECT_EQ(demangled(name), name);
}

TEST(DemangledNames, ThatAreVeryLongStayAsTheyAre) {
    std::string name = "_Z";
    for (int i = 0; i < 70'000; ++i) name += 'P';
    EXPECT_EQ(demangled(name), name);
}

TEST(DemangledNames, OfHostileNamesEnd) {
    const std::string nested = "_Z1f" + std::string(2'000, 'P') + "i";
    EXPECT_FALSE(demangled(nested).empty());
    std::string repeated = "_Z1fI";
    for (int i = 0; i < 2'000; ++i) repeated += "St6vectorI";
    EXPECT_FALSE(demangled(repeated).empty());
    std::string functions = "_D1xF";
    for (int i = 0; i < 32'000; ++i) functions += "DF";
    EXPECT_EQ(demangled(functions), functions);
    functions.resize(4'096);
    EXPECT_FALSE(demangled(functions).empty());
}

}  // namespace
}  // namespace footfall
