// A plugin for loads_late: called_late() is called, never_late() is not.
static volatile int sink;

__attribute__((noinline, noclone)) int called_late(int x) {
    sink = x;
    return x > 3 ? x : sink;
}

__attribute__((noinline, noclone)) int never_late(int x) { return x > 5 ? x : sink; }
