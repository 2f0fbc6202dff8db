#include "agent/processes/blind_spots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

TEST(BlindSpots, AreCountedByServiceAndReason) {
    Services services;
    const ServiceId web = services.intern("web");
    const ServiceId shop = services.intern("shop");
    BlindSpots spots;
    for (int i = 0; i < 3; ++i) spots.add(web, BlindReason::kTls);
    spots.add(shop, BlindReason::kTls);
    spots.add(web, BlindReason::kIoUring);

    Snapshot snapshot;
    spots.fill(services, snapshot);
    ASSERT_EQ(snapshot.blind_spots_size(), 3);
    EXPECT_EQ(snapshot.blind_spots(0).service(), "web");
    EXPECT_EQ(snapshot.blind_spots(0).reason(), "TLS");
    EXPECT_EQ(snapshot.blind_spots(0).connections(), 3U);
    EXPECT_EQ(snapshot.blind_spots(1).reason(), "io_uring");
    EXPECT_EQ(snapshot.blind_spots(2).service(), "shop");
}

TEST(BlindSpots, EveryReasonSaysWhyAndWhatHelps) {
    for (const BlindReason reason :
         {BlindReason::kTls, BlindReason::kIoUring, BlindReason::kCompressed, BlindReason::kUnknown}) {
        EXPECT_FALSE(text_of(reason).reason.empty());
        EXPECT_THAT(std::string(text_of(reason).hint), testing::EndsWith("."));
    }
}

TEST(BlindSpots, OfNothingAreNone) {
    Snapshot snapshot;
    BlindSpots().fill(Services(), snapshot);
    EXPECT_EQ(snapshot.blind_spots_size(), 0);
}

}  // namespace
}  // namespace footfall
