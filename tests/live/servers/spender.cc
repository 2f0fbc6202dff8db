// A server that knows what each of its routes cost it, and its client.
//
//   spender threads|pool|loop WORKERS BURN WAIT   serves on a free port, which it prints. /light burns 30 % of BURN
//                                                 microseconds of CPU and waits for 20 % of WAIT; /heavy takes the rest.
//                                                 threads: one for each connection. pool: one reads and WORKERS answer.
//                                                 loop: one for everything, that waits for all at once. Each use of
//                                                 /light calls look_up() three times, one of /heavy seven times, and
//                                                 weigh() as well.
//   spender ask PORT CONNECTIONS REQUESTS PAUSE   asks for both by turns, on all connections at once, each of which waits
//                                                 in between, by chance for up to PAUSE microseconds
//   spender anew PORT                             the server counts from here on
//
// On SIGTERM it prints what it did, in seconds:
// {"process": CPU, "waits": …, "routes": {"/light": {"uses": N, "cpu": CPU}, …}}.
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Route {
    microseconds burn;
    microseconds wait;
    std::atomic<std::int64_t> uses = 0;
    std::atomic<std::int64_t> cpu = 0;
};

Route light;
Route heavy;
std::int64_t cpu_before = 0;

std::int64_t clock_of(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void burn(Route& route, microseconds length) {
    const std::int64_t begin = clock_of(CLOCK_THREAD_CPUTIME_ID);
    std::int64_t spent = 0;
    while (spent < length.count() * 1000) spent = clock_of(CLOCK_THREAD_CPUTIME_ID) - begin;
    route.cpu += spent;
}

[[gnu::noinline]] void look_up() { asm volatile("nop" ::: "memory"); }
[[gnu::noinline]] void weigh() { asm volatile("nop; nop" ::: "memory"); }

void call_functions(const Route& route) {
    const bool is_heavy = &route == &heavy;
    for (int i = 0; i < (is_heavy ? 7 : 3); ++i) look_up();
    if (is_heavy) weigh();
}

void begin_anew() {
    light.uses = heavy.uses = 0;
    light.cpu = heavy.cpu = 0;
    cpu_before = clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

// The route that is asked for; null at the end of the connection.
Route* read_request(int fd) {
    char text[1024];
    const ssize_t length = read(fd, text, sizeof text);
    if (length <= 0) return nullptr;
    const std::string_view request(text, static_cast<std::size_t>(length));
    if (request.starts_with("GET /anew")) {
        begin_anew();
        return nullptr;
    }
    return request.starts_with("GET /light") ? &light : &heavy;
}

void answer(int fd, Route& route) {
    ++route.uses;
    if (write(fd, kAnswer, sizeof kAnswer - 1) < 0) std::perror("write");
}

int listening_socket() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t length = sizeof address;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 512) != 0) std::exit(1);
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

// --- a thread for each connection -----------------------------------------------------------------------------------------

void serve_connection(int fd) {
    while (Route* route = read_request(fd)) {
        call_functions(*route);
        burn(*route, route->burn);
        if (route->wait.count() != 0) std::this_thread::sleep_for(route->wait);
        answer(fd, *route);
    }
    close(fd);
}

void serve_by_threads(int listening) {
    for (;;) std::thread(serve_connection, accept(listening, nullptr, nullptr)).detach();
}

// --- one that reads, and some that answer
// -----------------------------------------------------------------------------------

struct Job {
    int fd;
    Route* route;
};

std::mutex jobs_lock;
std::condition_variable jobs_wanted;
std::deque<Job> jobs;

void work() {
    for (;;) {
        std::unique_lock lock(jobs_lock);
        jobs_wanted.wait(lock, [] { return !jobs.empty(); });
        const Job job = jobs.front();
        jobs.pop_front();
        lock.unlock();
        call_functions(*job.route);
        burn(*job.route, job.route->burn / 2);
        if (job.route->wait.count() != 0) std::this_thread::sleep_for(job.route->wait);
        burn(*job.route, job.route->burn / 2);
        answer(job.fd, *job.route);
    }
}

int watching(int listening) {
    const int events = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {.fd = listening}};
    epoll_ctl(events, EPOLL_CTL_ADD, listening, &event);
    return events;
}

// Takes a connection or reads a request. Null: there was none.
Route* next_request(int events, int listening, int fd) {
    if (fd == listening) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = accept(listening, nullptr, nullptr)}};
        epoll_ctl(events, EPOLL_CTL_ADD, event.data.fd, &event);
        return nullptr;
    }
    Route* route = read_request(fd);
    if (route == nullptr) close(fd);
    return route;
}

void serve_by_pool(int listening, int workers) {
    for (int i = 0; i < workers; ++i) std::thread(work).detach();
    const int events = watching(listening);
    for (;;) {
        epoll_event event{};
        if (epoll_wait(events, &event, 1, -1) != 1) continue;
        Route* route = next_request(events, listening, event.data.fd);
        if (route == nullptr) continue;
        const std::lock_guard lock(jobs_lock);
        jobs.push_back({event.data.fd, route});
        jobs_wanted.notify_one();
    }
}

// --- one for everything
// -----------------------------------------------------------------------------------------------------

void serve_in_loop(int listening) {
    const int events = watching(listening);
    std::multimap<Clock::time_point, Job> due;
    for (;;) {
        int timeout = -1;
        if (!due.empty()) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(due.begin()->first - Clock::now());
            timeout = static_cast<int>(std::max<std::int64_t>(0, left.count()));
        }
        epoll_event ready[16];
        const int count = epoll_wait(events, ready, 16, timeout);
        for (int i = 0; i < count; ++i) {
            Route* route = next_request(events, listening, ready[i].data.fd);
            if (route == nullptr) continue;
            burn(*route, route->burn / 2);
            due.emplace(Clock::now() + route->wait, Job{ready[i].data.fd, route});
        }
        while (!due.empty() && due.begin()->first <= Clock::now()) {
            const Job job = due.begin()->second;
            due.erase(due.begin());
            call_functions(*job.route);
            burn(*job.route, job.route->burn / 2);
            answer(job.fd, *job.route);
        }
    }
}

// --- both ends ----------------------------------------------------------------------------------------------------------

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

std::string as_json(const Route& route) {
    return "{\"uses\": " + std::to_string(route.uses) + ", \"cpu\": " + std::to_string(seconds(route.cpu)) + "}";
}

void report() {
    const double process = seconds(clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_before);
    std::printf(R"({"process": %.6f, "waits": %s, "routes": {"/light": %s, "/heavy": %s}})"
                "\n",
                process, heavy.wait.count() != 0 ? "true" : "false", as_json(light).c_str(), as_json(heavy).c_str());
    std::fflush(stdout);
    _exit(0);
}

int serve(const std::string& how, int workers, microseconds burn, microseconds wait) {
    light.burn = burn * 3 / 10;
    heavy.burn = burn - light.burn;
    light.wait = wait / 5;
    heavy.wait = wait - light.wait;
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ended, nullptr);
    std::thread([&ended] {
        int signal = 0;
        sigwait(&ended, &signal);
        report();
    }).detach();
    const int listening = listening_socket();
    if (how == "threads") serve_by_threads(listening);
    if (how == "pool") serve_by_pool(listening, workers);
    if (how == "loop") serve_in_loop(listening);
    return 2;
}

// Head and body may come apart.
bool read_answer(int fd) {
    std::string answer;
    while (!answer.ends_with("ok")) {
        char text[1024];
        const ssize_t length = read(fd, text, sizeof text);
        if (length <= 0) return false;
        answer.append(text, static_cast<std::size_t>(length));
    }
    return true;
}

int connected(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = htons(static_cast<std::uint16_t>(port)),
                        .sin_addr = {htonl(INADDR_LOOPBACK)},
                        .sin_zero = {}};
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::exit(1);
    return fd;
}

void ask_on_connection(int port, int requests, microseconds pause, bool heavy_first) {
    std::minstd_rand chance(static_cast<unsigned>(requests + (heavy_first ? 1 : 0)));
    std::uniform_int_distribution<std::int64_t> some(0, pause.count());
    const int fd = connected(port);
    for (int i = 0; i < requests; ++i) {
        if (pause.count() != 0) std::this_thread::sleep_for(microseconds(some(chance)));
        const bool is_heavy = (i % 2 == 0) == heavy_first;
        const std::string request = std::string("GET /") + (is_heavy ? "heavy" : "light") + " HTTP/1.1\r\nHost: a\r\n\r\n";
        if (write(fd, request.data(), request.size()) < 0 || !read_answer(fd)) std::exit(1);
    }
    close(fd);
}

int ask(int port, int connections, int requests, microseconds pause) {
    std::vector<std::thread> threads;
    for (int i = 0; i < connections; ++i) {
        threads.emplace_back(ask_on_connection, port, requests / connections, pause, i % 2 == 0);
    }
    for (std::thread& thread : threads) thread.join();
    return 0;
}

int ask_to_begin_anew(int port) {
    constexpr char kRequest[] = "GET /anew HTTP/1.1\r\nHost: a\r\n\r\n";
    const int fd = connected(port);
    char text[256];
    return write(fd, kRequest, sizeof kRequest - 1) < 0 || read(fd, text, sizeof text) < 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string how = argc > 1 ? argv[1] : "";
    if (argc != (how == "ask" ? 6 : how == "anew" ? 3 : 5)) return 2;
    const auto argument = [&](int index) { return std::atoi(argv[index]); };
    if (how == "anew") return ask_to_begin_anew(argument(2));
    if (how == "ask") return ask(argument(2), argument(3), argument(4), microseconds(argument(5)));
    return serve(how, argument(2), microseconds(argument(3)), microseconds(argument(4)));
}
