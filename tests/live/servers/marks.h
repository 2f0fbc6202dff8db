// The part of marks that asks whether anybody watches its probes.
#pragma once

// Hits marks:guarded and marks:guarded_too if anybody watches the former, and then only.
void guard(void);
unsigned long guarded_hits(void);
unsigned watchers(void);
