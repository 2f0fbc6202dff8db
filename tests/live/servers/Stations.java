// Stations.java SECONDS [STATION...]: stays in places whose stacks it knows, each on a thread of that name, and says of each
// what the virtual machine itself makes of that stack: a line of JSON, {"thread": …, "frames": ["Class.method File:line", …]},
// innermost first. For check_java.py.
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

public class Stations {
    static volatile long sink;
    static long until;
    static boolean shown;

    // The innermost place. What is above its first line in the truth is not of interest, nor is which of its lines runs.
    static long stay(int depth) {
        if (!shown) show();
        long sum = depth;
        while (System.nanoTime() < until) {
            for (int i = 0; i < 20000; i++) sum = sum * 31 + (sum >>> 7) + i;
            sink = sum;
        }
        return sum;
    }

    static void show() {
        shown = true;
        StringBuilder line = new StringBuilder("{\"thread\": \"" + threadName() + "\", \"frames\": [");
        StackTraceElement[] trace = new Throwable().getStackTrace();
        for (int i = 1; i < trace.length; i++) {
            line.append(i > 1 ? ", \"" : "\"").append(trace[i].getClassName()).append('.').append(trace[i].getMethodName())
                .append(' ').append(trace[i].getFileName()).append(':').append(Math.max(trace[i].getLineNumber(), 0)).append('"');
        }
        System.out.println(line.append("]}"));
        System.out.flush();
    }

    // What the kernel sees of a virtual thread is its carrier.
    static String threadName() {
        String name = Thread.currentThread().getName();
        return name.isEmpty() ? "ForkJoinPool-1-worker-1" : name;
    }

    static long recursion(int n) {
        if (n == 0) return stay(n);
        long before = n * 2L;
        return recursion(n - 1) + before;
    }

    // Small enough to be inlined, one into the other.
    static int third(int n) { return (int) stay(n) + 1; }
    static int second(int n) {
        return third(n + 1) * 2;
    }
    static int first(int n) {
        int more = n + 3;
        return second(more) - 1;
    }

    // Sleeps in between, so that it is taken off its carrier, and its frames off the stack.
    static long unmounted(int n) throws Exception {
        if (until != 0) Thread.sleep(20);
        return stay(n);
    }

    static long lambda(int n) {
        IntUnaryOperator stays = m -> (int) stay(m);
        return stays.applyAsInt(n);
    }

    static long stream(int n) {
        return IntStream.range(0, 1).map(m -> (int) stay(m + n)).sum();
    }

    // A comparator, which the library calls back.
    static long callback(int n) {
        Integer[] numbers = {2, 1};
        Arrays.sort(numbers, (a, b) -> (int) stay(a) & 1);
        return numbers[0];
    }

    static synchronized long locked(int n) {
        synchronized (Stations.class) {
            return stay(n);
        }
    }

    static long caught(int n) {
        try {
            throw new IllegalStateException("expected");
        } catch (IllegalStateException expected) {
            return stay(n);
        } finally {
            sink++;
        }
    }

    public static long reflected(int n) { return stay(n); }

    static long reflection(int n) throws Exception {
        Method method = Stations.class.getMethod("reflected", int.class);
        return (Long) method.invoke(null, n);
    }

    interface Shape { long area(int n); }
    static class Square implements Shape {
        public long area(int n) { return stay(n) * n; }
    }
    static class Circle implements Shape {
        public long area(int n) { return 3L * n * n; }
    }
    static class Line implements Shape {
        public long area(int n) { return 0; }
    }
    static final Shape[] SHAPES = {new Circle(), new Line(), new Square()};

    // Through a table of methods, whose stubs have no frame.
    static long dispatch(int n) {
        long sum = 0;
        for (Shape shape : SHAPES) sum += shape.area(n);
        return sum;
    }

    // A loop that is compiled while it runs.
    static long replaced(int n) {
        long sum = 0;
        for (int i = 0; i < 300; i++) sum += step(i);
        return sum + stay(n);
    }
    static int step(int n) { return n * 3 + 1; }

    interface Station { long enter(int n) throws Exception; }

    static final Map<String, Station> STATIONS = new LinkedHashMap<>();
    static {
        STATIONS.put("recursion", n -> recursion(n));
        STATIONS.put("inlined", n -> first(n));
        STATIONS.put("lambda", n -> lambda(n));
        STATIONS.put("stream", n -> stream(n));
        STATIONS.put("callback", n -> callback(n));
        STATIONS.put("locked", n -> locked(n));
        STATIONS.put("caught", n -> caught(n));
        STATIONS.put("reflection", n -> reflection(n));
        STATIONS.put("dispatch", n -> dispatch(n));
        STATIONS.put("replaced", n -> replaced(n));
    }

    // So often that it is compiled as far as the virtual machine will, then for as long as told.
    static void visit(Station station, long nanoseconds) {
        try {
            until = 0;
            shown = true;
            for (int i = 0; i < 12000; i++) station.enter(20);
            until = System.nanoTime() + nanoseconds;
            shown = false;
            station.enter(20);
        } catch (Exception problem) {
            problem.printStackTrace();
            System.exit(1);
        }
    }

    public static void main(String[] arguments) throws Exception {
        long nanoseconds = (long) (Double.parseDouble(arguments[0]) * 1e9);
        for (Map.Entry<String, Station> station : STATIONS.entrySet()) {
            boolean wanted = arguments.length < 2 || Arrays.asList(arguments).indexOf(station.getKey()) > 0;
            if (!wanted) continue;
            Thread thread = new Thread(() -> visit(station.getValue(), nanoseconds), station.getKey());
            thread.start();
            thread.join();
        }
        if (Runtime.version().feature() < 21) return;
        for (Station station : new Station[] {n -> recursion(n), n -> unmounted(n)}) {
            Runnable visits = () -> visit(station, nanoseconds);
            ((Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, visits)).join();
        }
    }
}
