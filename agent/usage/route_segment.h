// Turns one segment of a path into its readable form.
//
// A segment that is a value becomes a placeholder (segment_kind.h). A value inside a name keeps the name:
// app.9f8a7c6b.js → app.{hash}.js, 17.jpg → {id}.jpg, sha256:9f8a… → sha256:{hash}, sess_9f8a… → sess_{hash}. What is not
// printable ASCII becomes _, and path parameters (from the first ;) are left out, as they are values too: /cart;jsessionid=…
// is /cart. Pure functions over untrusted bytes; time is linear in the segment.
#pragma once

#include <string>
#include <string_view>

namespace footfall {

// True where all of the segment became one placeholder.
bool append_segment(std::string& out, std::string_view segment);

// What stands for further names at a position that has seen too many: {value}, or {file}.css for the usual kinds of files.
void append_collapsed(std::string& out, std::string_view segment);

}  // namespace footfall
