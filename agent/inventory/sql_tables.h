// Tables and views from a file of SQL: a schema as it was written, or what pg_dump and mysqldump make, with data or without.
//
// Items are called as the naming of statements (agent/protocols/sql) calls a table, so the partitions of one are one:
// "table public.events_{n}_{n}". Temporary tables are none of the schema's. Passed over are the data behind COPY … FROM
// stdin, the commands of psql (\connect), and bodies between mysql's DELIMITER lines. Backquotes, and the first words of
// mysqldump, say that it is MySQL's SQL.
//
// Errors have the form FILE:LINE: what is wrong, and exit code kBadConfig.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "output/session/inventory.h"

namespace footfall {

// Whether a line begins with CREATE TABLE name (.
[[nodiscard]] bool has_create_table(std::string_view text);

[[nodiscard]] Result<Inventory> read_sql_tables(const std::string& file, std::string_view text);

}  // namespace footfall
