// The last bytes of a stream whose packets can't be told apart any more, and whether a result ends with them.
//
// Of a long result footfall sees the ends of what each system call moved. The end of the last one is the end of the result:
// an EOF, OK or ERR packet. Bytes of a row may look the same, so whoever asks must know from something else that no more
// came.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/base/clock.h"

namespace footfall::mysql {

class StreamTail {
public:
    void append(std::string_view bytes, MonotonicTime time);
    // Bytes passed unseen.
    void cut(MonotonicTime time);
    void clear() { length_ = 0; }
    [[nodiscard]] bool empty() const { return length_ == 0; }

    // The packet that ends the result, if the last bytes are one.
    [[nodiscard]] std::optional<std::string_view> end_of_result() const;
    [[nodiscard]] MonotonicTime last() const { return last_; }

private:
    static constexpr std::size_t kKept = 64;

    std::array<char, kKept> bytes_{};
    std::size_t length_ = 0;
    MonotonicTime last_;
};

}  // namespace footfall::mysql
