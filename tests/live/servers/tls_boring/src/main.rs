//! HTTPS by BoringSSL, a thread for each connection: tls_boring PORT LOG KEY CERTIFICATE. Each answered request is a line
//! "METHOD TARGET STATUS" in LOG.
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, Mutex};

use boring::ssl::{SslAcceptor, SslFiletype, SslMethod};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn serve(stream: std::net::TcpStream, log: Arc<Mutex<File>>, acceptor: Arc<SslAcceptor>) -> Outcome {
    let mut stream = BufReader::new(acceptor.accept(stream).map_err(|error| error.to_string())?);
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
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let (status, body) = match path {
            "/large.bin" => (200, vec![b'x'; 1 << 20]),
            "/missing" => (404, b"no such page\n".to_vec()),
            _ => (200, b"hello\n".to_vec()),
        };
        writeln!(log.lock().unwrap(), "{method} {path} {status}")?;
        let closes = head.iter().any(|line| line.to_lowercase().starts_with("connection: close"));
        let (connection, length) = (if closes { "close" } else { "keep-alive" }, body.len());
        let head = format!("HTTP/1.1 {status} As told\r\nConnection: {connection}\r\nContent-Length: {length}\r\n\r\n");
        stream.get_mut().write_all(head.as_bytes())?;
        stream.get_mut().write_all(&body)?;
        if closes {
            stream.get_mut().shutdown()?;
            return Ok(());
        }
    }
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    let log = Arc::new(Mutex::new(OpenOptions::new().append(true).open(&arguments[2])?));
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())?;
    acceptor.set_private_key_file(&arguments[3], SslFiletype::PEM)?;
    acceptor.set_certificate_chain_file(&arguments[4])?;
    let acceptor = Arc::new(acceptor.build());
    for stream in std::net::TcpListener::bind(("127.0.0.1", arguments[1].parse()?))?.incoming() {
        let (stream, log, acceptor) = (stream?, log.clone(), acceptor.clone());
        std::thread::spawn(move || serve(stream, log, acceptor));
    }
    Ok(())
}
