//! HTTPS by rustls, in the ways that programs use it.
//!
//!     tls_rust tokio PORT LOG KEY CERTIFICATE     hyper on tokio: HTTP/1.1 and 2; tasks go from thread to thread
//!     tls_rust threads PORT LOG KEY CERTIFICATE   rustls by itself, a thread for each connection: HTTP/1.1
//!     tls_rust get PORT N PATH...                 a client: after a line on its standard input, N requests for
//!                                                 these paths in turn, on one connection
//!
//! Each request that a server answered is a line "METHOD TARGET STATUS" in LOG.
use std::convert::Infallible;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{service::service_fn, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, ServerConfig, ServerConnection, SignatureScheme};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;
type Log = Arc<Mutex<File>>;

fn server_config(key: &str, certificate: &str, protocols: &[&str]) -> Result<ServerConfig, Box<dyn Error + Send + Sync>> {
    let key = rustls_pemfile::private_key(&mut BufReader::new(File::open(key)?))?.ok_or("no key")?;
    let chain = rustls_pemfile::certs(&mut BufReader::new(File::open(certificate)?)).collect::<Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
}

fn answer(log: &Log, method: &str, path: &str) -> (u16, Bytes) {
    let (status, body) = match path {
        "/large.bin" => (200, Bytes::from(vec![b'x'; 1 << 20])),
        "/missing" => (404, Bytes::from("no such page\n")),
        _ => (200, Bytes::from("hello\n")),
    };
    writeln!(log.lock().unwrap(), "{method} {path} {status}").unwrap();
    (status, body)
}

async fn serve_tokio(port: u16, log: Log, config: ServerConfig) -> Outcome {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        let (acceptor, log) = (acceptor.clone(), log.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            let service = service_fn(move |request: Request<Incoming>| {
                let (status, body) = answer(&log, request.method().as_str(), request.uri().path());
                async move { Ok::<_, Infallible>(Response::builder().status(status).body(Full::new(body)).unwrap()) }
            });
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn serve_one(stream: std::net::TcpStream, log: Log, config: Arc<ServerConfig>) -> Outcome {
    let mut stream = BufReader::new(rustls::StreamOwned::new(ServerConnection::new(config)?, stream));
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            head.push(line);
        }
        let mut words = head.first().ok_or("no request")?.split_whitespace();
        let (status, body) = answer(&log, words.next().unwrap_or(""), words.next().unwrap_or(""));
        let closes = head.iter().any(|line| line.to_lowercase().starts_with("connection: close"));
        let connection = if closes { "close" } else { "keep-alive" };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} As told\r\nConnection: {connection}\r\nContent-Length: {length}\r\n\r\n");
        stream.get_mut().write_all(head.as_bytes())?;
        stream.get_mut().write_all(&body)?;
        if closes {
            stream.get_mut().conn.send_close_notify();
            stream.get_mut().flush()?;
            return Ok(());
        }
    }
}

fn serve_threads(port: u16, log: Log, config: ServerConfig) -> Outcome {
    let config = Arc::new(config);
    for stream in std::net::TcpListener::bind(("127.0.0.1", port))?.incoming() {
        let (stream, log, config) = (stream?, log.clone(), config.clone());
        std::thread::spawn(move || serve_one(stream, log, config));
    }
    Ok(())
}

/// Whoever the server says it is.
#[derive(Debug)]
struct Whoever;

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: &ServerName<'_>, _: &[u8], _: UnixTime)
        -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct)
        -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct)
        -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn get(port: u16, times: usize, paths: &[String]) -> Outcome {
    std::io::stdin().read_line(&mut String::new())?;
    let config = ClientConfig::builder().dangerous().with_custom_certificate_verifier(Arc::new(Whoever)).with_no_client_auth();
    let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, socket).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    for path in paths.iter().cycle().take(times) {
        sender.ready().await?;
        let request = Request::get(path).header("Host", "localhost").body(Empty::<Bytes>::new())?;
        sender.send_request(request).await?.into_body().collect().await?;
    }
    Ok(())
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    let way = arguments.get(1).ok_or("tls_rust tokio|threads|get …")?.as_str();
    let port: u16 = arguments[2].parse()?;
    let runtime = tokio::runtime::Runtime::new()?;
    if way == "get" {
        return runtime.block_on(get(port, arguments[3].parse()?, &arguments[4..]));
    }
    let log: Log = Arc::new(Mutex::new(OpenOptions::new().append(true).open(&arguments[3])?));
    let (key, certificate) = (&arguments[4], &arguments[5]);
    match way {
        "tokio" => runtime.block_on(serve_tokio(port, log, server_config(key, certificate, &["h2", "http/1.1"])?)),
        _ => serve_threads(port, log, server_config(key, certificate, &["http/1.1"])?),
    }
}
