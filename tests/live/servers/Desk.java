// Desk.java PORT: an HTTP server as the JDK brings it, whose answers take what those of servers do: maps, streams, patterns,
// formats, digests, exceptions, locks. Ends when it is killed.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

public class Desk {
    static final Pattern PARAMETER = Pattern.compile("([a-z]+)=([0-9]+)");
    static final Map<String, Integer> TOTALS = new ConcurrentHashMap<>();
    static long refused;

    static long addUp(String query) {
        Matcher matcher = PARAMETER.matcher(query);
        long sum = 0;
        while (matcher.find()) {
            TOTALS.merge(matcher.group(1), Integer.parseInt(matcher.group(2)), Integer::sum);
            sum += matcher.group(2).hashCode();
        }
        return sum;
    }

    static List<String> rank() {
        return IntStream.range(0, 300).mapToObj(i -> "k" + (i * 7919 % 300))
            .sorted(Comparator.comparing(String::hashCode).thenComparing(Comparator.reverseOrder())).collect(Collectors.toList());
    }

    static String digest(String text) throws Exception {
        StringBuilder hex = new StringBuilder();
        for (byte value : MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)))
            hex.append(String.format("%02x", value));
        return hex.toString();
    }

    static void check(long sum) {
        try {
            if (sum % 3 == 0) throw new IllegalArgumentException("sum " + sum);
        } catch (IllegalArgumentException problem) {
            synchronized (TOTALS) {
                refused += problem.getMessage().length();
            }
        }
    }

    static void answer(HttpExchange exchange) throws IOException {
        try {
            String query = String.valueOf(exchange.getRequestURI().getQuery());
            long sum = addUp(query);
            check(sum);
            byte[] body = digest(query + rank()).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        } catch (Exception problem) {
            throw new IOException(problem);
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 512);
        server.createContext("/", Desk::answer);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }
}
