// Opens a profile in speedscope and saves it again, in speedscope's own format, which says what it understood:
//   NODE_PATH=… node speedscope.js DIRECTORY PROFILE SAVED.json      DIRECTORY: dist/release of speedscope's package
// It is the program as its users have it, in a page of jsdom, and it gets the file as its command line gives it. jsdom draws
// nothing: speedscope says that it has no WebGL, and goes on.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const {JSDOM, VirtualConsole} = require('jsdom');

const PATIENCE = 20000;
const [directory, profile, saved] = process.argv.slice(2);

const said = [];
const heard = new VirtualConsole();
for (const kind of ['log', 'warn', 'error', 'jsdomError']) heard.on(kind, (...words) => said.push(words.map(String).join(' ')));
process.on('unhandledRejection', (error) => said.push(String(error)));

function fail(reason) {
  console.error(reason + '\nspeedscope said:\n  ' + said.map((line) => line.slice(0, 200)).join('\n  '));
  process.exit(1);
}

async function until(what, holds) {
  const end = Date.now() + PATIENCE;
  while (!holds()) {
    if (Date.now() > end) fail(what + ': not within ' + PATIENCE / 1000 + ' s');
    await new Promise((done) => setTimeout(done, 20));
  }
}

// What browsers have and jsdom has not. A file to save becomes a blob with an address, which is clicked on.
function complete(window, blobs) {
  Object.assign(window, {TextDecoder, TextEncoder});
  window.matchMedia = () => ({matches: false, addListener() {}, removeListener() {}});
  window.URL.createObjectURL = (blob) => { blobs.push(blob); return '#saved'; };
  window.alert = (text) => fail(text);
}

function textOf(window, blob) {
  return new Promise((done) => {
    const reader = new window.FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsText(blob);
  });
}

async function main() {
  const script = fs.readdirSync(directory).find((name) => /^speedscope-\w+\.js$/.test(name));
  if (!script) fail('no speedscope-….js in ' + directory);
  // The address by which speedscope's command line tells it to expect a file.
  const {window} = new JSDOM('<!doctype html><body></body>', {
    url: 'http://localhost/#localProfilePath=profile.js', runScripts: 'outside-only', pretendToBeVisual: true, virtualConsole: heard});
  const blobs = [], name = path.basename(profile);
  complete(window, blobs);
  window.eval(fs.readFileSync(path.join(directory, script), 'utf8'));
  await until('speedscope begins', () => window.speedscope);
  window.speedscope.loadFileFromBase64(name, fs.readFileSync(profile).toString('base64'));
  await until('speedscope opens ' + name, () => {
    if (said.some((line) => line.startsWith('Failed to load format'))) fail('speedscope cannot read ' + name);
    // Its title comes first; the profile is there as soon as it can be saved.
    if (window.document.title.startsWith(name)) window.dispatchEvent(new window.KeyboardEvent('keydown', {key: 's', ctrlKey: true}));
    return blobs.length > 0;
  });
  fs.writeFileSync(saved, await textOf(window, blobs[0]));
  process.exit(0);
}

main().catch((error) => fail(error.stack));
