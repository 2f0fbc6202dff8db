// Deep.java FRAMES: burns in the innermost of so many calls, for ever.
public class Deep {
    static volatile long sink;

    static void burn() {
        long sum = 0;
        for (int i = 0; i < 5_000_000; i++) sum = sum * 31 + (sum >>> 7) + i;
        sink = sum;
    }

    static long down(int n) {
        if (n > 0) return down(n - 1) + 1;
        burn();
        return 0;
    }

    public static void main(String[] arguments) {
        int frames = Integer.parseInt(arguments[0]) - 3;  // main, the innermost down, burn
        while (true) down(frames);
    }
}
