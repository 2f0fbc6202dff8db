// Joins the functions that are counted with the stacks that were sampled meanwhile: what calls of each cost, and that those
// were used whose calls nobody counted.
#pragma once

#include "output/session/snapshot.pb.h"

namespace footfall {

// Fills in FunctionUse.self_nanos and total_nanos. Under coverage a function that stacks show was called at least once,
// though its probe saw none of its calls: they had begun before.
void join_with_stacks(Snapshot& snapshot);

}  // namespace footfall
