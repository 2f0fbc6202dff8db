#include "output/prometheus/protobuf_encoder.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

namespace footfall {

std::string encode_protobuf(std::span<const MetricFamily> families) {
    std::string out;
    google::protobuf::io::StringOutputStream stream(&out);
    for (const MetricFamily& family : families) {
        google::protobuf::util::SerializeDelimitedToZeroCopyStream(family, &stream);
    }
    return out;
}

}  // namespace footfall
