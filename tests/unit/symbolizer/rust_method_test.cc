#include "symbolizer/names/rust_method.h"

#include <gtest/gtest.h>

#include <string>

namespace footfall {
namespace {

// As rustc 1.95 names it, in both manglings.
const RustMethod kMethod("rustls::common_state::CommonState::take_received_plaintext");
const std::string kLegacy = "_ZN6rustls12common_state11CommonState23take_received_plaintext17ha035a9133f8e990dE";
const std::string kV0 = "_RNvMNtCscwmbPMg72Ip_6rustls12common_stateNtB2_11CommonState23take_received_plaintext";
const std::string kV0Numbered = "_RNvMs_NtCscwmbPMg72Ip_6rustls12common_stateNtB4_11CommonState23take_received_plaintext";

TEST(RustMethod, IsKnownInBothManglings) {
    EXPECT_TRUE(kMethod.is(kLegacy));
    EXPECT_TRUE(kMethod.is(kV0));
    EXPECT_TRUE(kMethod.is(kV0Numbered)) << "another impl block";
}

TEST(RustMethod, IsKnownByWhatEachOfItsSymbolsHas) {
    for (const std::string& symbol : {kLegacy, kV0, kV0Numbered}) {
        EXPECT_NE(symbol.find(kMethod.needle()), std::string::npos);
    }
}

TEST(RustMethod, MayHaveWhatTheLinkerAppends) {
    EXPECT_TRUE(kMethod.is(kLegacy + ".llvm.14349970212291922262"));
    EXPECT_TRUE(kMethod.is(kV0 + ".llvm.897645155419263266"));
}

TEST(RustMethod, IsNoOtherOne) {
    for (const char* other : {
             "_ZN6rustls6server11server_conn14EarlyDataState23take_received_plaintext17he05fab3109e6bf65E",
             "_RNvMs7_NtNtCscwmbPMg72Ip_6rustls6server11server_connNtB5_14EarlyDataState23take_received_plaintext",
             "_ZN6rustls12common_state11CommonState23take_received_plaintext28_$u7b$$u7b$closure$u7d$$u7d$"
             "17ha035a9133f8e990dE",
             "_RNCNvMNtCscwmbPMg72Ip_6rustls12common_stateNtB2_11CommonState23take_received_plaintext0",
             "_ZN6rustls12common_state11CommonState23take_received_plaintextE",
             "_ZN6rustls12common_state11CommonState23take_received_plaintext17hA035a9133f8e990dE",
             "rustls::common_state::CommonState::take_received_plaintext",
             "",
         }) {
        EXPECT_FALSE(kMethod.is(other)) << other;
    }
}

TEST(RustMethod, IsNoneWithoutAPath) {
    EXPECT_FALSE(RustMethod("").is(kLegacy));
    EXPECT_FALSE(RustMethod("rustls").is(kV0));
}

}  // namespace
}  // namespace footfall
