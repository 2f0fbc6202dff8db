// A small HTTP service for the live tests: app.js PORT LOG [KEY CERTIFICATE], these for HTTPS. Each answered request is one line "METHOD TARGET STATUS" in LOG.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');

const [port, logPath, key, certificate] = process.argv.slice(2);
const log = fs.openSync(logPath, 'a');

function answer(request, response, status, body) {
  fs.writeSync(log, `${request.method} ${request.url} ${status}\n`);
  response.writeHead(status, {'Content-Type': 'application/json'});
  response.end(JSON.stringify(body));
}

function serve(request, response) {
  const path = request.url.split('?')[0];
  if (path.startsWith('/orders/')) answer(request, response, 200, {order: path.slice('/orders/'.length)});
  else if (path === '/checkout') request.resume().on('end', () => answer(request, response, 201, {paid: true}));
  else if (path === '/broken') answer(request, response, 500, {error: 'broken'});
  else if (path === '/slow') setTimeout(() => answer(request, response, 200, {slow: true}), 50);
  else answer(request, response, 404, {error: 'not found'});
}

const server = key ? https.createServer({key: fs.readFileSync(key), cert: fs.readFileSync(certificate)}, serve) : http.createServer(serve);

server.listen(Number(port), '127.0.0.1');
