// Asks 127.0.0.1:$PORT over TLS N times for each path, on a new connection each, all but the first of which resume a session:
//   tls_client.js WAY VERSION N PATH…
// WAY: get (https.get), session (tls.connect with the session of the one before), fetch, within (as session, and a connection that is
// kept open is asked for the same by each new one's callback: inside of the library's call). VERSION: TLSv1.2 or TLSv1.3.
// Before, it connects without asking, so that footfall meets it, and waits for a line of stdin, or where that is none, a while.
'use strict';
const https = require('https');
const tls = require('tls');

const [way, version, times, ...paths] = process.argv.slice(2);
const kWhile = 2000;
const target = {host: '127.0.0.1', port: Number(process.env.PORT), rejectUnauthorized: false, maxVersion: version};
const agent = new https.Agent({maxVersion: version});
tls.DEFAULT_MAX_VERSION = version;
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
let session;
let kept;
let resumed = 0;

const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const text = (path, connection) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`;

function met() {
  return new Promise((done) => tls.connect(target, function () { this.on('close', done).end(); }).resume());
}

function started() {
  if (process.stdin.isTTY || require('fs').fstatSync(0).isCharacterDevice()) return rest(kWhile);
  return new Promise((done) => process.stdin.once('data', done)).then(() => process.stdin.destroy());
}

function get(path) {
  return new Promise((done) => {
    https.get({...target, agent, path}, (response) => {
      resumed += response.socket.isSessionReused();
      response.resume().on('end', done);
    });
  });
}

// Answers of the servers are short, and their heads say how long.
function answer(socket) {
  return new Promise((done) => {
    let got = '';
    socket.on('data', function more(bytes) {
      got += bytes;
      const length = /content-length: (\d+)/i.exec(got);
      const head = got.indexOf('\r\n\r\n');
      if (head < 0 || !length || got.length < head + 4 + Number(length[1])) return;
      socket.off('data', more);
      done();
    });
  });
}

async function keep() {
  kept = tls.connect(target);
  await new Promise((done) => kept.once('secureConnect', done));
}

async function ask(path) {
  const socket = tls.connect({...target, session});
  socket.on('session', (made) => { session = made; });
  let both;
  socket.once('secureConnect', () => {
    resumed += socket.isSessionReused();
    both = [answer(socket)];
    if (kept) {
      both.push(answer(kept));
      kept.write(text(path, 'keep-alive'));
    }
    socket.write(text(path, 'close'));
  });
  await new Promise((done) => socket.once('close', done));
  await Promise.all(both);
}

const ways = {
  get,
  session: ask,
  within: ask,
  fetch: (path) => fetch(`https://127.0.0.1:${target.port}${path}`, {headers: {connection: 'close'}}).then((response) => response.text()),
};

async function main() {
  await met();
  await started();
  if (way === 'within') await keep();
  for (let i = 0; i < Number(times); ++i) {
    for (const path of paths) await ways[way](path);
  }
  if (kept) kept.destroy();
  const wanted = Number(times) * paths.length - 1;
  if (way !== 'fetch' && resumed !== wanted) throw new Error(`${resumed} connections resumed a session, not ${wanted}`);
}

main().then(() => rest(100));
