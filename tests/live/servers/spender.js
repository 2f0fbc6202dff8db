// spender.js HOW WORKERS BURN WAIT: what spender.cc serves, and prints, in Node.
'use strict';
const http = require('http');

const [burn, wait] = process.argv.slice(4).map(Number);
const routes = {
  '/light': {burn: burn * 0.3, wait: wait * 0.2, uses: 0, cpu: 0},
  '/heavy': {burn: burn * 0.7, wait: wait * 0.8, uses: 0, cpu: 0},
};

const microseconds = (usage) => usage.user + usage.system;
let before = 0;

// On the wall's clock, since Node has none of its thread: nothing else is to run meanwhile.
function work(route, part) {
  const begin = process.hrtime.bigint();
  const length = BigInt(Math.round(route.burn * part * 1000));
  while (process.hrtime.bigint() - begin < length);
  route.cpu += route.burn * part / 1e6;
}

function beginAnew(response) {
  for (const route of Object.values(routes)) route.uses = route.cpu = 0;
  before = microseconds(process.cpuUsage());
  response.end();
}

function serve(request, response) {
  if (request.url === '/anew') return beginAnew(response);
  const route = routes[request.url];
  work(route, 0.5);
  const end = () => {
    work(route, 0.5);
    ++route.uses;
    response.end('ok');
  };
  if (route.wait) setTimeout(end, route.wait / 1000);
  else end();
}

const server = http.createServer(serve);
process.on('SIGTERM', () => {
  const told = Object.fromEntries(Object.entries(routes).map(([name, {uses, cpu}]) => [name, {uses, cpu}]));
  const spent = (microseconds(process.cpuUsage()) - before) / 1e6;
  process.stdout.write(JSON.stringify({process: spent, waits: wait > 0, routes: told}) + '\n', () => process.exit(0));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
