// Spender.java HOW WORKERS BURN WAIT: what spender.cc serves, and prints, in Java: WORKERS threads answer what another one has
// taken.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

public class Spender {
    static class Route {
        final long burn;
        final long wait;
        final AtomicLong uses = new AtomicLong();
        final AtomicLong cpu = new AtomicLong();

        Route(double burn, double wait) {
            this.burn = (long) (burn * 1000);
            this.wait = (long) wait;
        }

        void work() {
            var threads = ManagementFactory.getThreadMXBean();
            long begin = threads.getCurrentThreadCpuTime();
            long spent = 0;
            while (spent < burn) spent = threads.getCurrentThreadCpuTime() - begin;
            cpu.addAndGet(spent);
        }

        void answer(HttpExchange exchange) {
            try {
                work();
                if (wait > 0) Thread.sleep(wait / 1000, (int) (wait % 1000) * 1000);
                uses.incrementAndGet();
                exchange.sendResponseHeaders(200, 2);
                exchange.getResponseBody().write("ok".getBytes());
                exchange.close();
            } catch (Exception problem) {
                problem.printStackTrace();
            }
        }

        void beginAnew() {
            uses.set(0);
            cpu.set(0);
        }

        public String toString() {
            return "{\"uses\": " + uses + ", \"cpu\": " + cpu.get() / 1e9 + "}";
        }
    }

    static double cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    static double before;

    public static void main(String[] arguments) throws Exception {
        int workers = Integer.parseInt(arguments[1]);
        double burn = Double.parseDouble(arguments[2]);
        double wait = Double.parseDouble(arguments[3]);
        Route light = new Route(burn * 0.3, wait * 0.2);
        Route heavy = new Route(burn * 0.7, wait * 0.8);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 512);
        server.createContext("/light", light::answer);
        server.createContext("/heavy", heavy::answer);
        server.setExecutor(Executors.newFixedThreadPool(workers));
        server.start();
        server.createContext("/anew", exchange -> {
            light.beginAnew();
            heavy.beginAnew();
            before = cpu();
            exchange.sendResponseHeaders(204, -1);
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println(
            "{\"process\": " + (cpu() - before) + ", \"waits\": " + (wait > 0) + ", \"routes\": {\"/light\": " + light + ", \"/heavy\": " + heavy + "}}")));
        System.out.println(server.getAddress().getPort());
    }
}
