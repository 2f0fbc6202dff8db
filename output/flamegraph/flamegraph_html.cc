#include "output/flamegraph/flamegraph_html.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include <array>
#include <utility>

#include "output/flamegraph/flame_data.h"
#include "output/flamegraph/page_parts.h"

namespace footfall {
namespace {

// 'sha256-…' of an inline script or style, as Content-Security-Policy names it.
std::string policy_hash(std::string_view text) {
    sha256_ctx context{};
    sha256_init(&context);
    sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&context, digest.size(), digest.data());
    std::array<char, BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)> base64{};
    base64_encode_raw(base64.data(), digest.size(), digest.data());
    return "'sha256-" + std::string(base64.data(), base64.size()) + "'";
}

struct Replacement {
    std::string_view mark;
    std::string_view text;
};

// Each mark once and in this order, so nothing inside of a replacement is ever taken for a mark.
std::string filled(std::string_view page, std::initializer_list<Replacement> replacements) {
    std::string out;
    for (const Replacement& replacement : replacements) {
        const std::size_t at = page.find(replacement.mark);
        out += page.substr(0, at);
        out += replacement.text;
        page.remove_prefix(at + replacement.mark.size());
    }
    out += page;
    return out;
}

}  // namespace

Result<std::string> flamegraph_html(const Snapshot& after, const Snapshot* before) {
    const auto data = flame_data_json(after, before);
    if (!data) return tl::unexpected(data.error());
    std::string script;
    for (const std::string_view part : {kFlameTreeJs, kFlameDrawJs, kFlamePageJs}) script += part;
    const std::string policy = "default-src 'none'; script-src " + policy_hash(script) + "; style-src " +
                               policy_hash(kFlameStyleCss) + "; base-uri 'none'; form-action 'none'";
    return filled(kPageHtml,
                  {{"{{csp}}", policy}, {"{{style}}", kFlameStyleCss}, {"{{data}}", *data}, {"{{script}}", script}});
}

}  // namespace footfall
