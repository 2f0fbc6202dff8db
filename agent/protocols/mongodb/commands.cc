#include "agent/protocols/mongodb/commands.h"

#include <algorithm>
#include <array>

namespace footfall::mongodb {
namespace {

// By name. {name, its value is a collection}
constexpr auto kCommands = std::to_array<Command>({
    // clang-format off
    {"abortMovePrimary", false}, {"abortReshardCollection", false}, {"abortTransaction", false},
    {"abortUnshardCollection", false}, {"addShard", false}, {"addShardToZone", false}, {"aggregate", true},
    {"analyze", false}, {"analyzeShardKey", false}, {"appendOplogNote", false}, {"applyOps", false},
    {"authSchemaUpgrade", false}, {"authenticate", false}, {"autoCompact", false}, {"availableQueryOptions", false},
    {"balancerCollectionStatus", false}, {"balancerStart", false}, {"balancerStatus", false}, {"balancerStop", false},
    {"buildInfo", false}, {"buildinfo", false}, {"bulkWrite", false}, {"checkShardingIndex", false},
    {"cleanupOrphaned", false}, {"cleanupReshardCollection", false}, {"clearJumboFlag", false}, {"clone", false},
    {"cloneCollection", false}, {"cloneCollectionAsCapped", true}, {"cloneLocal", false}, {"clusterCount", false},
    {"collMod", true}, {"collStats", true}, {"commitReshardCollection", false}, {"commitTransaction", false},
    {"compact", true}, {"configureFailPoint", false}, {"configureQueryAnalyzer", false}, {"connPoolStats", false},
    {"connPoolSync", false}, {"connectionStatus", false}, {"convertToCapped", true}, {"copydb", false},
    {"copydbgetnonce", false}, {"count", true}, {"create", true}, {"createIndexes", true}, {"createRole", false},
    {"createSearchIndexes", true}, {"createUser", false}, {"currentOp", false}, {"cursorInfo", false},
    {"dataSize", false}, {"datasize", false}, {"dbHash", false}, {"dbStats", false}, {"dbhash", false},
    {"dbstats", false}, {"delete", true}, {"deleteIndexes", true}, {"diagLogging", false}, {"distinct", true},
    {"driverOIDTest", false}, {"drop", true}, {"dropAllRolesFromDatabase", false},
    {"dropAllUsersFromDatabase", false}, {"dropConnections", false}, {"dropDatabase", false}, {"dropIndexes", true},
    {"dropRole", false}, {"dropSearchIndex", true}, {"dropUser", false}, {"echo", false}, {"enableSharding", false},
    {"endSessions", false}, {"eval", false}, {"explain", false}, {"features", false}, {"filemd5", false},
    {"find", true}, {"findAndModify", true}, {"findandmodify", true}, {"flushRouterConfig", false},
    {"forceerror", false}, {"fsync", false}, {"fsyncUnlock", false}, {"geoNear", true}, {"geoSearch", true},
    {"getAuditConfig", false}, {"getChangeStreamState", false}, {"getClusterParameter", false},
    {"getCmdLineOpts", false}, {"getDefaultRWConcern", false}, {"getDiagnosticData", false}, {"getLastError", false},
    {"getLog", false}, {"getMore", false}, {"getParameter", false}, {"getPrevError", false},
    {"getQueryableEncryptionCountInfo", false}, {"getShardMap", false}, {"getShardVersion", false},
    {"getTransitionToDedicatedConfigServerStatus", false}, {"getWriteFeedback", false}, {"getlasterror", false},
    {"getnonce", false}, {"getpreverror", false}, {"grantPrivilegesToRole", false}, {"grantRolesToRole", false},
    {"grantRolesToUser", false}, {"group", false}, {"handshake", false}, {"hello", false}, {"hostInfo", false},
    {"insert", true}, {"invalidateUserCache", false}, {"isMaster", false}, {"isSelf", false}, {"isdbgrid", false},
    {"ismaster", false}, {"killAllSessions", false}, {"killAllSessionsByPattern", false}, {"killCursors", true},
    {"killOp", false}, {"killSessions", false}, {"listCollections", false}, {"listCommands", false},
    {"listDatabases", false}, {"listIndexes", true}, {"listShards", false}, {"lockInfo", false}, {"lockinfo", false},
    {"logApplicationMessage", false}, {"logRotate", false}, {"logout", false}, {"mapReduce", true},
    {"mapreduce", true}, {"medianKey", false}, {"mergeAllChunksOnShard", false}, {"mergeChunks", false},
    {"moveChunk", false}, {"moveCollection", false}, {"movePrimary", false}, {"moveRange", false}, {"netstat", false},
    {"oidcListKeys", false}, {"oidcRefreshKeys", false}, {"parallelCollectionScan", true}, {"ping", false},
    {"planCacheClear", true}, {"planCacheClearFilters", true}, {"planCacheListFilters", true},
    {"planCacheListPlans", true}, {"planCacheListQueryShapes", true}, {"planCacheSetFilter", true},
    {"planCacheStats", false}, {"profile", false}, {"reIndex", true}, {"reapLogicalSessionCacheNow", false},
    {"refineCollectionShardKey", false}, {"refreshSessions", false}, {"removeShard", false},
    {"removeShardFromZone", false}, {"renameCollection", false}, {"repairDatabase", false},
    {"replSetAbortPrimaryCatchUp", false}, {"replSetElect", false}, {"replSetFreeze", false}, {"replSetFresh", false},
    {"replSetGetConfig", false}, {"replSetGetRBID", false}, {"replSetGetStatus", false}, {"replSetHeartbeat", false},
    {"replSetInitiate", false}, {"replSetMaintenance", false}, {"replSetReconfig", false},
    {"replSetRequestVotes", false}, {"replSetResizeOplog", false}, {"replSetStepDown", false},
    {"replSetStepUp", false}, {"replSetSyncFrom", false}, {"replSetTest", false}, {"replSetUpdatePosition", false},
    {"resetError", false}, {"reseterror", false}, {"reshardCollection", false}, {"resync", false},
    {"revokePrivilegesFromRole", false}, {"revokeRolesFromRole", false}, {"revokeRolesFromUser", false},
    {"rolesInfo", false}, {"rotateCertificates", false}, {"saslContinue", false}, {"saslStart", false},
    {"serverStatus", false}, {"setAllowMigrations", false}, {"setAuditConfig", false}, {"setClusterParameter", false},
    {"setDefaultRWConcern", false}, {"setFeatureCompatibilityVersion", false}, {"setIndexCommitQuorum", false},
    {"setParameter", false}, {"setProfilingFilterGlobally", false}, {"setQuerySettings", false},
    {"setShardVersion", false}, {"setUserWriteBlockMode", false}, {"setWriteBlockMode", false},
    {"shardCollection", false}, {"shardConnPoolStats", false}, {"shardingState", false}, {"shutdown", false},
    {"split", false}, {"splitChunk", false}, {"splitVector", false}, {"startRecordingTraffic", false},
    {"startSession", false}, {"startTrafficRecording", false}, {"stopRecordingTraffic", false},
    {"stopTrafficRecording", false}, {"top", false}, {"touch", false}, {"transitionFromDedicatedConfigServer", false},
    {"transitionToDedicatedConfigServer", false}, {"unsetSharding", false}, {"unshardCollection", false},
    {"untrackUnshardedCollection", false}, {"update", true}, {"updateRole", false}, {"updateSearchIndex", true},
    {"updateUser", false}, {"updateZoneKeyRange", false}, {"usersInfo", false}, {"validate", true},
    {"validateDBMetadata", false}, {"waitForFailPoint", false}, {"whatsmyuri", false},
    // clang-format on
});

constexpr bool before(const Command& a, const Command& b) { return a.name < b.name; }

static_assert(std::is_sorted(kCommands.begin(), kCommands.end(), before));

}  // namespace

const Command* find_command(std::string_view name) {
    const auto found = std::lower_bound(kCommands.begin(), kCommands.end(), Command{name, false}, before);
    return found != kCommands.end() && found->name == name ? &*found : nullptr;
}

}  // namespace footfall::mongodb
