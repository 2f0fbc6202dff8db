// A small HTTP service for the live tests: app.js PORT LOG. Each answered request is one line "METHOD TARGET STATUS" in LOG.
'use strict';
const fs = require('fs');
const http = require('http');

const [port, logPath] = process.argv.slice(2);
const log = fs.openSync(logPath, 'a');

function answer(request, response, status, body) {
  fs.writeSync(log, `${request.method} ${request.url} ${status}\n`);
  response.writeHead(status, {'Content-Type': 'application/json'});
  response.end(JSON.stringify(body));
}

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path.startsWith('/orders/')) answer(request, response, 200, {order: path.slice('/orders/'.length)});
  else if (path === '/checkout') request.resume().on('end', () => answer(request, response, 201, {paid: true}));
  else if (path === '/broken') answer(request, response, 500, {error: 'broken'});
  else if (path === '/slow') setTimeout(() => answer(request, response, 200, {slow: true}), 50);
  else answer(request, response, 404, {error: 'not found'});
});

server.listen(Number(port), '127.0.0.1');
