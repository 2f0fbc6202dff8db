// A gRPC server, or a client, whose calls are known exactly: each end writes a line for each of its calls, "METHOD CODE".
//   grpc_calls server PORT LOG                          until it is ended
//   grpc_calls client PORT LOG CHANNELS ROUNDS          each round of each channel is one call of each method, and one
//   refused grpc_calls client PORT LOG CHANNELS ROUNDS unary    only unary calls, as fast as they go
// What a deadline or the caller cut short is logged as CUT: which end's word goes out first is a race.
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grpc_calls.grpc.pb.h"

namespace {

using footfall::test::Calls;
using footfall::test::Text;
using grpc::Status;
using grpc::StatusCode;

constexpr int kMessages = 10;
constexpr auto kDeadline = std::chrono::milliseconds(50);

class Log {
public:
    explicit Log(const std::string& path) : file_(path, std::ios::app) {}
    void write(const char* method, const char* code) {
        const std::lock_guard lock(mutex_);
        file_ << "footfall.test.Calls/" << method << ' ' << code << std::endl;
    }

private:
    std::mutex mutex_;
    std::ofstream file_;
};

const char* name_of(StatusCode code) {
    switch (code) {
        case StatusCode::OK:
            return "ok";
        case StatusCode::NOT_FOUND:
            return "NOT_FOUND";
        case StatusCode::CANCELLED:
        case StatusCode::DEADLINE_EXCEEDED:
            return "CUT";
        default:
            return "UNEXPECTED";
    }
}

class Server final : public Calls::Service {
public:
    explicit Server(Log& log) : log_(log) {}

    Status Unary(grpc::ServerContext*, const Text* request, Text* response) override {
        response->set_text(request->text());
        const auto code = static_cast<StatusCode>(request->code());
        log_.write("Unary", name_of(code));
        return code == StatusCode::OK ? Status::OK : Status(code, "as asked for");
    }
    Status Feed(grpc::ServerContext*, const Text* request, grpc::ServerWriter<Text>* writer) override {
        for (int i = 0; i < request->count(); ++i) writer->Write(*request);
        log_.write("Feed", "ok");
        return Status::OK;
    }
    Status Gather(grpc::ServerContext*, grpc::ServerReader<Text>* reader, Text* response) override {
        while (reader->Read(response)) continue;
        log_.write("Gather", "ok");
        return Status::OK;
    }
    Status Chat(grpc::ServerContext*, grpc::ServerReaderWriter<Text, Text>* stream) override {
        for (Text text; stream->Read(&text);) stream->Write(text);
        log_.write("Chat", "ok");
        return Status::OK;
    }
    Status Slow(grpc::ServerContext* context, const Text*, Text*) override {
        while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        log_.write("Slow", "CUT");
        return Status::CANCELLED;
    }
    Status Endless(grpc::ServerContext* context, const Text* request, grpc::ServerWriter<Text>* writer) override {
        while (!context->IsCancelled() && writer->Write(*request)) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        log_.write("Endless", "CUT");
        return Status::CANCELLED;
    }

private:
    Log& log_;
};

class Client {
public:
    Client(int port, int channel, Log& log) : log_(log) {
        grpc::ChannelArguments arguments;
        arguments.SetInt("footfall.channel", channel);  // channels with equal arguments share a connection
        const std::string address = "127.0.0.1:" + std::to_string(port);
        calls_ = Calls::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
        text_.set_text("some text");
        text_.set_count(kMessages);
    }

    void unary(StatusCode code) {
        grpc::ClientContext context;
        Text answer;
        text_.set_code(code);
        log_.write("Unary", name_of(calls_->Unary(&context, text_, &answer).error_code()));
    }
    void feed() {
        grpc::ClientContext context;
        const auto reader = calls_->Feed(&context, text_);
        for (Text answer; reader->Read(&answer);) continue;
        log_.write("Feed", name_of(reader->Finish().error_code()));
    }
    void gather() {
        grpc::ClientContext context;
        Text answer;
        const auto writer = calls_->Gather(&context, &answer);
        for (int i = 0; i < kMessages; ++i) writer->Write(text_);
        writer->WritesDone();
        log_.write("Gather", name_of(writer->Finish().error_code()));
    }
    void chat() {
        grpc::ClientContext context;
        const auto stream = calls_->Chat(&context);
        Text answer;
        for (int i = 0; i < kMessages; ++i) {
            stream->Write(text_);
            stream->Read(&answer);
        }
        stream->WritesDone();
        while (stream->Read(&answer)) continue;
        log_.write("Chat", name_of(stream->Finish().error_code()));
    }
    void slow() {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kDeadline);
        Text answer;
        log_.write("Slow", name_of(calls_->Slow(&context, text_, &answer).error_code()));
    }
    void endless() {
        grpc::ClientContext context;
        const auto reader = calls_->Endless(&context, text_);
        Text answer;
        for (int i = 0; i < kMessages; ++i) reader->Read(&answer);
        context.TryCancel();
        while (reader->Read(&answer)) continue;
        log_.write("Endless", name_of(reader->Finish().error_code()));
    }
    void round() {
        unary(StatusCode::OK);
        unary(StatusCode::NOT_FOUND);
        feed();
        gather();
        chat();
        slow();
        endless();
    }

private:
    Log& log_;
    std::unique_ptr<Calls::Stub> calls_;
    Text text_;
};

int serve(int port, Log& log) {
    Server service(log);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    if (server == nullptr) return EXIT_FAILURE;
    server->Wait();
    return EXIT_SUCCESS;
}

int ask(int port, Log& log, int channels, int rounds, bool only_unary) {
    std::vector<std::thread> threads;
    for (int i = 0; i < channels; ++i) {
        threads.emplace_back([=, &log] {
            Client client(port, i, log);
            for (int round = 0; round < rounds; ++round) {
                only_unary ? client.unary(StatusCode::OK) : client.round();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return EXIT_FAILURE;
    const std::string_view role = argv[1];
    const int port = std::atoi(argv[2]);
    Log log(argv[3]);
    if (role == "server") return serve(port, log);
    if (role != "client" || argc < 6) return EXIT_FAILURE;
    return ask(port, log, std::atoi(argv[4]), std::atoi(argv[5]), argc > 6);
}
