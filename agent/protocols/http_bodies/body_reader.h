// Takes a body as it passes: its own bytes, without the borders of chunks and frames.
#pragma once

#include <string_view>

namespace footfall {

class BodyReader {
public:
    virtual ~BodyReader() = default;
    virtual void read(std::string_view piece) = 0;
    // Bytes of the body passed unseen: what comes behind them does not go on with what came before.
    virtual void lose() = 0;

protected:
    BodyReader() = default;
    BodyReader(const BodyReader&) = default;
    BodyReader& operator=(const BodyReader&) = default;
    BodyReader(BodyReader&&) = default;
    BodyReader& operator=(BodyReader&&) = default;
};

}  // namespace footfall
