// loads_late PLUGIN CALLS AGAIN [MS]: after 200 ms, or MS, loads the plugin, and after 100 ms more calls called_late() CALLS
// times. Then unloads it, loads it once more and calls it AGAIN times at once.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*Called)(int);

static void call(void* plugin, long times) {
    // POSIX promises that this conversion works; C does not.
    Called called;
    *(void**)&called = dlsym(plugin, "called_late");
    for (long i = 0; i < times; ++i) called((int)i);
}

static void* load(const char* path) {
    void* plugin = dlopen(path, RTLD_NOW);
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return plugin;
}

int main(int count, char** words) {
    if (count < 4) return 2;
    usleep((count > 4 ? atoi(words[4]) : 200) * 1000);
    void* plugin = load(words[1]);
    usleep(100 * 1000);
    call(plugin, atol(words[2]));
    dlclose(plugin);
    plugin = load(words[1]);
    call(plugin, atol(words[3]));
    usleep(300 * 1000);
    return 0;
}
