/* Calls functions with known arguments. */
#include <stddef.h>
#include <string.h>

#define NOT_INLINE __attribute__((noinline, noclone, externally_visible))

NOT_INLINE int looks_up(const char* name, int count) {
    __asm__ volatile("" ::: "memory");
    return name ? name[0] + count : 0;
}

NOT_INLINE long takes_six(int a, int b, int c, int d, int e, unsigned long size) {
    __asm__ volatile("" ::: "memory");
    return a + b + c + d + e + (long)size;
}

int main(void) {
    static char long_name[100];
    long sum = 0;
    int i;

    memset(long_name, 'x', sizeof(long_name) - 1);
    for (i = 0; i < 1000; i++) {
        sum += looks_up(i % 10 == 0 ? "cart" : i % 2 ? "order" : "", i % 3 - 1);
        sum += takes_six(0, 0, 0, 0, 0, 1UL << (i % 4 * 10));
    }
    sum += looks_up(NULL, -5) + looks_up(long_name, 7);
    return sum == 42;
}
