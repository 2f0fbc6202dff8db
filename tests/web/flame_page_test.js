// The flame graph as its readers use it: pages that write_flame_pages made, opened in jsdom, clicked on and typed into. jsdom has no
// layout and draws nothing, so the graph is given a size, and a canvas that remembers what is painted on it.
'use strict';
const assert = require('node:assert');
const {execFileSync} = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const {JSDOM, VirtualConsole} = require('jsdom');

const WIDTH = 1000, HEIGHT = 360, ROW = 18;
const pages = fs.mkdtempSync(path.join(os.tmpdir(), 'footfall-pages-'));
test.before(() => execFileSync(process.env.WRITE_FLAME_PAGES, [pages]));
test.after(() => fs.rmSync(pages, {recursive: true}));

// Keeps, of all canvases, what was painted since they were last cleared.
function recorder() {
  const painted = {rects: [], texts: []};
  const nothing = () => {};
  return Object.assign(painted, {
    setTransform: nothing, save: nothing, restore: nothing, beginPath: nothing, rect: nothing, clip: nothing, moveTo: nothing,
    lineTo: nothing, stroke: nothing, strokeRect: nothing,
    clearRect() { painted.rects = []; painted.texts = []; },
    fillRect(x, y, w, h) { painted.rects.push({x, y, w, h, colour: this.fillStyle}); },
    fillText(text, x, y, room) { painted.texts.push({text, x, y, room}); },
  });
}

class Page {
  constructor(name) {
    const heard = new VirtualConsole();
    this.errors = [];
    heard.on('jsdomError', (error) => this.errors.push(error));
    const contexts = new Map();
    const {window} = new JSDOM(fs.readFileSync(path.join(pages, name), 'utf8'), {
      runScripts: 'dangerously', pretendToBeVisual: true, virtualConsole: heard,
      beforeParse(window) {
        window.matchMedia = () => ({addEventListener() {}});
        window.ResizeObserver = class { observe() {} };
        window.HTMLCanvasElement.prototype.getContext = function () {
          if (!contexts.has(this)) contexts.set(this, recorder());
          return contexts.get(this);
        };
        Object.defineProperty(window.HTMLElement.prototype, 'clientWidth', {value: WIDTH});
        Object.defineProperty(window.HTMLElement.prototype, 'clientHeight', {value: HEIGHT});
      },
    });
    this.window = window;
    this.document = window.document;
    this.contexts = contexts;
  }

  static async open(name, what) {
    const page = new Page(name);
    try {
      await what(page);
      assert.deepEqual(page.errors, []);
    } finally {
      page.window.close();
    }
  }

  id(name) { return this.document.getElementById(name); }
  text(name) { return this.id(name).textContent; }
  frame() { return new Promise((done) => this.window.requestAnimationFrame(() => setTimeout(done))); }

  // {name: [width, row]} of all boxes, rows counted from the top, or what `of` says of a box. If more have that name, a list from
  // left to right, outermost first.
  async boxes(of = (box) => [box.w, box.row]) {
    await this.frame();
    const {rects, texts} = this.contexts.get(this.id('canvas')), out = new Map();
    const boxes = texts.map(({text, x, y, room}) => {
      const left = x - 3, top = y - ROW / 2, w = room + 5;  // room: without the padding of 4, and 1 between neighbours
      const within = (rect) => rect.y === top && rect.h === ROW - 1 && rect.x >= left - 1e-6 && rect.x < left + w;
      return {text, x: left, y: top, w: Math.round(w), row: top / ROW, colours: rects.filter(within).map((rect) => rect.colour)};
    });
    boxes.sort((a, b) => Math.round(a.x) - Math.round(b.x) || b.y - a.y);
    for (const box of boxes) out.set(box.text, [...out.get(box.text) || [], of(box)]);
    return Object.fromEntries([...out].map(([name, list]) => [name, list.length === 1 ? list[0] : list]));
  }

  set(name, value) {
    const input = this.id(name);
    if (input.type === 'checkbox') input.checked = value; else input.value = value;
    assert.equal(input.type === 'checkbox' ? input.checked : input.value, value, name + ' takes no such value');
    input.dispatchEvent(new this.window.Event(input.type === 'search' ? 'input' : 'change', {bubbles: true}));
  }

  state(kind, checked) {
    const box = [...this.id('states').querySelectorAll('input')].find((input) => input.value === kind);
    box.checked = checked;
    box.dispatchEvent(new this.window.Event('change', {bubbles: true}));
  }

  key(key, target = this.id('view')) { target.dispatchEvent(new this.window.KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})); }

  async mouse(type, name) {
    const [x, y] = (await this.boxes((box) => [box.x + box.w / 2, box.y + ROW / 2]))[name];
    this.id('view').dispatchEvent(new this.window.MouseEvent(type, {clientX: x, clientY: y, bubbles: true}));
  }

  options(name) { return [...this.id(name).options].map((option) => option.textContent); }
  lines(name) { return [...this.id(name).children].map((line) => line.textContent); }
}

const session = (name, what) => test(name, () => Page.open('session.html', what));
const diff = (name, what) => test(name, () => Page.open('diff.html', what));

// On the CPU: 3.0 s. The graph is 20 rows high; the root is the lowest.
const RUNNING = {
  all: [1000, 19], _start: [667, 18], main: [667, 17], 'parse(char const*, int)': [400, 16], writev: [267, 16], hash: [133, 15],
  tcp_sendmsg: [267, 15], '[incomplete: no_table]': [167, 18], render: [[167, 18], [167, 17]], '[shop]+0x5678': [167, 17],
};

session('what ran is shown first, each box as wide as its share of the time', async (page) => {
  assert.deepEqual(await page.boxes(), RUNNING);
  assert.equal(page.document.title, 'footfall on web1: where time goes');
  assert.match(page.text('summary'), /over 10\.0 s · 93\.2% of user stacks complete \(6\.85% with guesses\) · 2\.50% of frames guessed$/);
});

session('a search paints what it finds and says what share of the time that is', async (page) => {
  const colours = async (name) => (await page.boxes((box) => box.colours))[name];
  const plain = await colours('hash');
  page.set('search', 'PARSE|^hash$');
  assert.equal(page.text('matched'), '13.3% matched', 'with an upper-case letter it minds the case');
  page.set('search', 'parse|^hash$');
  assert.equal(page.text('matched'), '40.0% matched');
  const match = page.window.getComputedStyle(page.document.documentElement).getPropertyValue('--match').trim();
  assert.match(match, /^#[0-9a-f]{6}$/);
  assert.equal((await colours('hash')).at(-1), match);
  assert.equal((await colours('parse(char const*, int)')).at(-1), match);
  assert.ok(!(await colours('main')).includes(match));
  page.set('search', '(');
  assert.equal(page.text('matched'), 'not a regular expression');
  page.set('search', '');
  assert.equal(page.text('matched'), '');
  assert.deepEqual(await colours('hash'), plain);
});

session('a slash goes to the search, Escape from it to the graph, and Escape there ends the search', (page) => {
  page.key('/', page.document.body);
  assert.equal(page.document.activeElement, page.id('search'));
  page.set('search', 'main');
  assert.equal(page.text('matched'), '66.7% matched');
  page.key('Escape', page.id('search'));
  assert.equal(page.document.activeElement, page.id('view'));
  page.key('Escape');
  assert.equal(page.id('search').value, '');
  assert.equal(page.text('matched'), '');
});

session('a click zooms, a search is then of the zoom, and Escape goes back', async (page) => {
  page.set('search', 'hash');
  await page.mouse('click', 'parse(char const*, int)');
  assert.deepEqual(await page.boxes(), {
    all: [1000, 19], _start: [1000, 18], main: [1000, 17], 'parse(char const*, int)': [1000, 16], hash: [333, 15]});
  assert.equal(page.text('path'), 'all › _start › main › parse(char const*, int)');
  assert.equal(page.text('matched'), '33.3% matched');
  page.key('Escape');
  assert.deepEqual(await page.boxes(), RUNNING);
  assert.equal(page.text('path'), '');
  assert.equal(page.text('matched'), '13.3% matched');
});

session('the way to the zoom leads back to each caller', async (page) => {
  await page.mouse('click', 'hash');
  const main = [...page.id('path').querySelectorAll('button')].find((button) => button.textContent === 'main');
  main.click();
  assert.equal(page.text('path'), 'all › _start › main');
  assert.deepEqual((await page.boxes())['parse(char const*, int)'], [600, 16]);
});

session('arrow keys walk the boxes and say what is there, Enter zooms', async (page) => {
  for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowRight']) page.key(key);
  assert.match(page.text('spoken'), /^writev\. 800 ms \(26\.7%\), 80 samples\. itself 0 ns\. on CPU 800 ms\. /);
  page.key('ArrowLeft');
  assert.match(page.text('spoken'), /^parse\(char const\*, int\)\. 1\.20 s/);
  page.key('ArrowDown');
  assert.match(page.text('spoken'), /^main\. /);
  page.key('Enter');
  assert.deepEqual((await page.boxes()).main, [1000, 17]);
});

session('inverted, the innermost functions come first, and their callers follow', async (page) => {
  page.set('invert', true);
  assert.deepEqual(await page.boxes(), {
    all: [1000, 19], 'parse(char const*, int)': [267, 18], 'parse(char const*, …': [133, 17], tcp_sendmsg: [267, 18],
    '[shop]+0x5678': [167, 18], render: [[167, 17], [167, 18]], hash: [133, 18], main: [[267, 17], [267, 16], [133, 16]], writev: [267, 17],
    '[incomplete: no_table]': [167, 17], _start: [[267, 16], [267, 15], [133, 15]]});
  page.set('invert', false);
  assert.deepEqual(await page.boxes(), RUNNING);
});

session('as an icicle, the root is at the top', async (page) => {
  page.set('icicle', true);
  const turned = Object.entries(RUNNING).map(([name, at]) => [name, Array.isArray(at[0]) ? at.map(([w, row]) => [w, 19 - row]) : [at[0], 19 - at[1]]]);
  assert.deepEqual(await page.boxes(), Object.fromEntries(turned));
  await page.mouse('click', 'writev');
  assert.deepEqual((await page.boxes()).tcp_sendmsg, [1000, 4]);
});

session('a filter by service and by its threads leaves theirs', async (page) => {
  assert.deepEqual(page.options('service'), ['all', 'nginx', 'shop']);
  assert.deepEqual(page.options('thread'), ['all', 'nginx', 'worker 1', 'worker 2']);
  page.set('service', '=shop');
  assert.deepEqual(page.options('thread'), ['all', 'worker 1', 'worker 2']);
  assert.deepEqual(await page.boxes(), {
    all: [1000, 19], '[incomplete: no_table]': [500, 18], render: [[500, 18], [500, 17]], '[shop]+0x5678': [500, 17]});
  page.set('thread', '=worker 2');
  assert.equal(page.id('empty').hidden, false);
  assert.equal(page.id('view').hidden, true);
  page.state('queued for a CPU', true);
  assert.deepEqual(await page.boxes(), {all: [1000, 19], render: [1000, 18], schedule: [1000, 17]});
  assert.equal(page.id('empty').hidden, true);
  page.set('service', '=nginx');
  assert.deepEqual(page.options('thread'), ['all', 'nginx']);
  assert.equal(page.id('thread').value, '');
});

session('a filter by operation leaves what threads served, and rows say which', async (page) => {
  assert.deepEqual(page.options('operation'), ['all', '[none]', 'http GET /orders/{id}']);
  page.set('operation', '=http GET /orders/{id}');
  assert.deepEqual(page.options('thread'), ['all', 'worker 2']);
  page.state('queued for a CPU', true);
  assert.deepEqual(await page.boxes(), {all: [1000, 19], render: [1000, 18], schedule: [1000, 17]});
  page.set('levels', 'service operation');
  assert.deepEqual(Object.keys(await page.boxes()).slice(0, 3), ['all', 'shop', 'http GET /orders/{id}']);
});

session('what waited is shown by what it waited for', async (page) => {
  const states = () => [...page.id('states').querySelectorAll('input')].map((box) => [box.value, box.checked]);
  assert.deepEqual(states(), [['on CPU', true], ['queued for a CPU', false], ['waiting: lock', false], ['waiting: network', false]]);
  page.state('on CPU', false);
  page.state('waiting: network', true);
  assert.deepEqual(await page.boxes(), {
    all: [1000, 19], _start: [1000, 18], main: [1000, 17], epoll_wait: [1000, 16], schedule: [1000, 15]});
  page.state('waiting: lock', true);
  const both = await page.boxes((box) => [box.w, box.colours[0]]);
  assert.equal(both.epoll_wait[0], 800);
  assert.equal(both.pthread_mutex_lock[0], 200);
  page.state('on CPU', true);
  const colours = (await page.boxes((box) => box.colours)).main;
  assert.equal(new Set(colours).size, 2, 'main ran and waited, so it has two colours');
});

session('services and threads get rows of their own', async (page) => {
  page.set('levels', 'service thread');
  const boxes = await page.boxes();
  assert.deepEqual(boxes.nginx, [[667, 18], [667, 17]]);
  assert.deepEqual(boxes.shop, [333, 18]);
  assert.deepEqual(boxes['worker 1'], [333, 17]);
  assert.deepEqual(boxes._start, [667, 16]);
});

session('the tip of a box says its time, its share, its module and its line', async (page) => {
  await page.mouse('mousemove', 'parse(char const*, int)');
  assert.equal(page.id('tip').hidden, false);
  assert.deepEqual(page.lines('tip'), [
    'parse(char const*, int)', '1.20 s (40.0%), 120 samples', 'itself 800 ms', 'on CPU 1.20 s', '/usr/sbin/nginx', 'parse.c:40']);
  await page.mouse('mousemove', 'hash');
  assert.equal(page.lines('tip').at(-1), 'inlined');
  page.id('view').dispatchEvent(new page.window.MouseEvent('mousemove', {clientX: 990, clientY: 5}));
  assert.equal(page.id('tip').hidden, true);
});

session('the functions are listed by their own time, of what the filters leave', async (page) => {
  page.id('functions').open = true;
  page.id('functions').dispatchEvent(new page.window.Event('toggle'));
  const rows = () => [...page.id('functions-body').rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  assert.deepEqual(rows().slice(0, 2), [['800 ms', '26.7%', '40.0%', 'parse(char const*, int)'], ['800 ms', '26.7%', '26.7%', 'tcp_sendmsg']]);
  page.set('service', '=shop');
  assert.deepEqual(rows().map((row) => row.at(-1)).sort(), ['[incomplete: no_table]', '[shop]+0x5678', 'render']);
});

session('Reset leaves nothing of filters, search and zoom', async (page) => {
  page.set('search', 'render');
  page.set('invert', true);
  page.set('service', '=shop');
  page.state('waiting: lock', true);
  await page.mouse('click', 'schedule');
  page.id('start-over').click();
  assert.deepEqual(await page.boxes(), RUNNING);
  assert.equal(page.text('matched') + page.text('path') + page.id('search').value, '');
  assert.equal(page.id('states').querySelectorAll('input').length, 4);
});

diff('a comparison has the widths of now and the colours of what changed', async (page) => {
  assert.equal(page.document.title, 'footfall on web1: what changed');
  assert.match(page.text('summary'), /against web1, /);
  assert.deepEqual(await page.boxes(), RUNNING);
  const colours = await page.boxes((box) => box.colours[0].match(/\d+/g).map(Number));
  const redder = ([red, , blue]) => red - blue;
  assert.ok(redder(colours.tcp_sendmsg) > 20, 'its share grew from 13.3 % to 26.7 %');
  assert.ok(redder(colours['parse(char const*, int)']) < -20, 'its share fell from 70 % to 40 %');
  assert.ok(redder(colours['parse(char const*, int)']) < redder(colours._start), 'and from 83.3 % to 66.7 % is a smaller change');
  await page.mouse('mousemove', 'parse(char const*, int)');
  assert.ok(page.lines('tip').includes('before 70.0%, now −30.00 percentage points'));
  await page.mouse('mousemove', 'tcp_sendmsg');
  assert.ok(page.lines('tip').includes('before 13.3%, now +13.33 percentage points'));
});

diff('a comparison can have the widths of before', async (page) => {
  assert.equal(page.id('widths-label').hidden, false);
  page.set('widths', 'before');
  const boxes = await page.boxes();
  assert.deepEqual([boxes['parse(char const*, int)'], boxes._start, boxes.tcp_sendmsg], [[700, 16], [833, 18], [133, 15]]);
});

diff('a comparison lists by how much each function changed', (page) => {
  page.id('functions').open = true;
  page.id('functions').dispatchEvent(new page.window.Event('toggle'));
  const changes = Object.fromEntries([...page.id('functions-body').rows].map((row) => [row.cells[4].textContent, row.cells[3].textContent]));
  assert.equal(changes['parse(char const*, int)'], '-30.00');
  assert.equal(changes.tcp_sendmsg, '13.33');
});

test('names of those who are watched are text, and never markup', () => Page.open('hostile.html', async (page) => {
  const name = '</script><img src=x onerror="document.title=\'taken over\'">';
  await page.mouse('mousemove', 'all');
  page.key('ArrowUp');
  page.key('Enter');
  page.id('functions').open = true;
  page.id('functions').dispatchEvent(new page.window.Event('toggle'));
  await page.frame();
  assert.equal(page.options('service')[1], name);
  assert.equal(page.lines('tip')[0], name);
  assert.ok(page.text('path').endsWith(name));
  assert.equal(page.text('functions-body').endsWith(name), true);
  assert.equal(page.document.querySelectorAll('img').length, 0);
  assert.equal(page.document.title, 'footfall on ' + name + ': where time goes');
}));
