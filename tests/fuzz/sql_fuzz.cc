// Statement names of any text. The first byte says the dialect and whether the text is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/protocols/sql/statement_name.h"

namespace {

using footfall::sql::Dialect;

void check_name(std::string_view text, Dialect dialect, bool truncated) {
    constexpr std::size_t kLongest = 3 * 64 * 2 + 2;  // a digit pair becomes three bytes
    static std::string buffer;
    const auto name = footfall::sql::name_statement(text, dialect, buffer, truncated);
    if (name.operation.empty() || name.collection.size() > kLongest) std::abort();
}

void check_split(std::string_view text, Dialect dialect) {
    std::size_t bytes = 0;
    const std::size_t size = text.size();
    while (true) {
        const std::string_view statement = footfall::sql::next_statement(text, dialect);
        if (statement.empty()) break;
        bytes += statement.size();
        check_name(statement, dialect, false);
    }
    if (bytes > size || !text.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Dialect dialect = (data[0] & 1U) != 0 ? Dialect::kMysql : Dialect::kStandard;
    check_name(text, dialect, (data[0] & 2U) != 0);
    check_split(text, dialect);
    return 0;
}
