'use strict';
const assert = require('node:assert');
const test = require('node:test');
const FlameTree = require('../../output/flamegraph/flame_tree.js');

// Builds data as flame_data.h says, from lines: 'service;thread;state:wait;session' → {'outermost;…;innermost': nanos}.
function dataOf(stacks, sessions = 1) {
  const strings = [''], ids = new Map([['', 0]]), frameIds = new Map(), nodeIds = new Map();
  const text = (t) => ids.get(t) ?? (ids.set(t, strings.push(t) - 1), strings.length - 1);
  const data = {
    strings, sessions: Array.from({length: sessions}, () => ({host: 'h', start: '', seconds: 1, walks: 1, complete: 1, userFrames: 1, guessedFrames: 0})),
    frames: {name: [], module: [], file: [], line: [], flags: []}, groups: {service: [], operation: [], thread: [], state: [], wait: [], session: []},
    nodes: {parent: [], frame: [], guessed: []}, values: {node: [], group: [], nanos: [], samples: []},
  };
  const frameOf = (name) => {
    if (!frameIds.has(name)) {
      frameIds.set(name, data.frames.name.push(text(name)) - 1);
      data.frames.module.push(text('m'));
      for (const column of [data.frames.file, data.frames.line, data.frames.flags]) column.push(0);
    }
    return frameIds.get(name);
  };
  for (const [group, lines] of Object.entries(stacks)) {
    const [service, thread, state, session] = group.split(';'), [kind, wait] = state.split(':');
    data.groups.service.push(text(service));
    data.groups.operation.push(text(''));
    data.groups.thread.push(text(thread));
    data.groups.state.push(['running', 'blocked', 'queued'].indexOf(kind));
    data.groups.wait.push(text(wait || ''));
    data.groups.session.push(Number(session || 0));
    for (const [line, nanos] of Object.entries(lines)) {
      let node = -1;
      for (const name of line.split(';')) {
        const key = node + ' ' + name;
        if (!nodeIds.has(key)) {
          nodeIds.set(key, data.nodes.parent.push(node) - 1);
          data.nodes.frame.push(frameOf(name));
        }
        node = nodeIds.get(key);
      }
      data.values.node.push(node);
      data.values.group.push(data.groups.service.length - 1);
      data.values.nanos.push(nanos);
      data.values.samples.push(1);
    }
  }
  return data;
}

const everything = () => true;

// 'all 10 (main 10 (a 7 (c 3), b 3))': each node with its weight, heaviest first.
function shown(model, tree, node = 0) {
  const name = node === 0 ? 'all' : model.frames[tree.frame[node]].name;
  const below = (tree.children[node] || []).map((child) => shown(model, tree, child)).join(', ');
  return name + ' ' + tree.weight[node] + (below ? ' (' + below + ')' : '');
}

const example = () => FlameTree.load(dataOf({
  'web;w1;running': {'main;a': 4, 'main;a;c': 3, 'main;b': 3},
  'web;w2;blocked:io': {'main;b;read': 20},
  'db;d;running': {'main;a;c': 5},
}));

test('stacks of all services merge where their frames are the same', () => {
  const model = example();
  assert.equal(shown(model, FlameTree.build(model, {keep: everything})), 'all 35 (main 35 (b 23 (read 20), a 12 (c 8)))');
});

test('a filter leaves what it keeps, and only that', () => {
  const model = example();
  const running = FlameTree.build(model, {keep: (g) => g.state === FlameTree.RUNNING});
  assert.equal(shown(model, running), 'all 15 (main 15 (a 12 (c 8), b 3))');
  const thread = FlameTree.build(model, {keep: (g) => g.service === 'web' && g.thread === 'w1'});
  assert.equal(shown(model, thread), 'all 10 (main 10 (a 7 (c 3), b 3))');
  const nothing = FlameTree.build(model, {keep: () => false});
  assert.equal(shown(model, nothing), 'all 0');
});

test('services and threads get rows of their own when asked', () => {
  const model = example();
  const tree = FlameTree.build(model, {keep: (g) => g.state === FlameTree.RUNNING, levels: ['service', 'thread']});
  assert.equal(shown(model, tree), 'all 15 (web 10 (w1 10 (main 10 (a 7 (c 3), b 3))), db 5 (d 5 (main 5 (a 5 (c 5)))))');
});

test('inverted, the innermost function comes first and then who called it', () => {
  const model = FlameTree.load(dataOf({'s;t;running': {'main;a;c': 3, 'main;b;c': 4, 'main;b': 1}}));
  assert.equal(shown(model, FlameTree.build(model, {keep: everything, invert: true})),
               'all 8 (c 7 (b 4 (main 4), a 3 (main 3)), b 1 (main 1))');
});

test('a box knows its time by state, its own time and its samples', () => {
  const model = example(), tree = FlameTree.build(model, {keep: everything});
  const b = tree.children[tree.children[0][0]][0];
  assert.deepEqual([tree.time[FlameTree.RUNNING][b], tree.time[FlameTree.BLOCKED][b], tree.time[FlameTree.QUEUED][b]], [3, 20, 0]);
  assert.equal(tree.self[b], 3);
  assert.equal(tree.samples[b], 2);
});

test('boxes of one row never overlap and lie within their caller', () => {
  const model = example(), tree = FlameTree.build(model, {keep: everything});
  const boxes = FlameTree.boxes(tree, 0, 700, 0, 99, 0.5);
  assert.equal(boxes.length, tree.parent.length);
  const byNode = new Map(boxes.map((box) => [box.node, box]));
  for (const box of boxes) {
    const parent = byNode.get(tree.parent[box.node]);
    if (parent) assert.ok(box.x >= parent.x - 1e-9 && box.x + box.w <= parent.x + parent.w + 1e-9);
    for (const other of boxes) {
      if (other !== box && other.row === box.row) assert.ok(other.x >= box.x + box.w - 1e-9 || box.x >= other.x + other.w - 1e-9);
    }
  }
});

test('a zoomed box has the whole width, its callers too, and its neighbours are gone', () => {
  const model = example(), tree = FlameTree.build(model, {keep: everything});
  const main = tree.children[0][0], [b, a] = tree.children[main];
  const boxes = FlameTree.boxes(tree, a, 500, 0, 99, 0.5);
  const widths = new Map(boxes.map((box) => [box.node, box.w]));
  assert.equal(widths.get(a), 500);
  assert.equal(widths.get(main), 500);
  assert.equal(widths.has(b), false);
  assert.ok(boxes.find((box) => box.node === main).outside);
});

test('what is narrower than the least width is left out', () => {
  const model = FlameTree.load(dataOf({'s;t;running': {'big': 10000, 'small': 1}}));
  const tree = FlameTree.build(model, {keep: everything});
  assert.equal(FlameTree.boxes(tree, 0, 100, 0, 9, 0.5).length, 2);
});

test('the box under a point is the one that is drawn there', () => {
  const model = example(), tree = FlameTree.build(model, {keep: everything});
  for (const zoom of [0, tree.children[tree.children[0][0]][1]]) {
    for (const box of FlameTree.boxes(tree, zoom, 640, 0, 99, 0.5)) {
      assert.equal(FlameTree.nodeAt(tree, zoom, 640, box.x + box.w / 2, box.row), box.node);
    }
  }
  assert.equal(FlameTree.nodeAt(tree, 0, 640, 639, 3), -1);
  assert.equal(FlameTree.nodeAt(tree, 0, 640, 10, 99), -1);
});

test('a match counts once, however often it is on a stack', () => {
  const model = FlameTree.load(dataOf({'s;t;running': {'f;f;f': 3, 'f;g': 1, 'h': 4}}));
  const tree = FlameTree.build(model, {keep: everything});
  assert.equal(FlameTree.matchedShare(tree, FlameTree.search(model, '^f$'), 0), 0.5);
  assert.equal(FlameTree.matchedShare(tree, FlameTree.search(model, 'f|h'), 0), 1);
  assert.equal(FlameTree.matchedShare(tree, FlameTree.search(model, ''), 0), 0);
});

test('a search minds upper case only when there is some, and says when it is no expression', () => {
  const model = FlameTree.load(dataOf({'s;t;running': {'Parse': 1, 'parse': 1}}));
  assert.deepEqual([...FlameTree.search(model, 'parse')].slice(0, 2), [1, 1]);
  assert.deepEqual([...FlameTree.search(model, 'Parse')].slice(0, 2), [1, 0]);
  assert.equal(FlameTree.search(model, '('), null);
});

test('functions have self and total time over all their places, recursion once', () => {
  const model = FlameTree.load(dataOf({'s;t;running': {'main;f;f': 3, 'main;f;g': 2, 'main;g;f': 1}}));
  const list = FlameTree.functions(model, everything).map((f) => [model.frames[f.frame].name, f.self, f.total]);
  assert.deepEqual(list, [['f', 4, 6], ['g', 2, 3], ['main', 0, 6]]);
});

const changed = () => FlameTree.load(dataOf({
  's;t;running;0': {'main;a': 60, 'main;b': 40},
  's;t;running;1': {'main;a': 10, 'main;b': 30, 'main;gone': 10},
}, 2));

test('a change is of shares, so that a longer session is no slower one', () => {
  const model = changed(), tree = FlameTree.build(model, {keep: everything});
  const of = (name) => tree.frame.findIndex((frame) => frame >= 0 && model.frames[frame].name === name);
  assert.ok(Math.abs(FlameTree.change(tree, of('a')) - 0.4) < 1e-9);
  assert.ok(Math.abs(FlameTree.change(tree, of('b')) + 0.2) < 1e-9);
  assert.ok(Math.abs(FlameTree.change(tree, of('gone')) + 0.2) < 1e-9);
  assert.ok(Math.abs(FlameTree.largestChange(tree) - 0.4) < 1e-9);
  assert.equal(shown(model, tree), 'all 100 (main 100 (a 60, b 40))');
});

test('what is gone can be seen in the widths of before', () => {
  const model = changed();
  assert.equal(shown(model, FlameTree.build(model, {keep: everything, width: 'before'})), 'all 50 (main 50 (b 30, a 10, gone 10))');
});

test('times and shares read well', () => {
  assert.deepEqual([0, 999, 1500, 2.5e6, 1.234e9, 123e9].map(FlameTree.seconds), ['0 ns', '999 ns', '1.50 µs', '2.50 ms', '1.23 s', '123 s']);
  assert.deepEqual([0, 0.00001, 0.0123, 0.5, 1].map(FlameTree.percent), ['0.00%', '<0.01%', '1.23%', '50.0%', '100.0%']);
});

test('100,000 places are built, inverted and drawn without a long wait', () => {
  const parent = [], frame = [], node = [], nanos = [];
  let seed = 1;
  const random = (below) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
  for (let i = 0; i < 100000; ++i) {
    parent.push(i === 0 ? -1 : Math.max(0, i - 1 - (random(4) === 0 ? random(40) : 0)));
    frame.push(random(5000));
  }
  const depth = [];
  for (let i = 0; i < parent.length; ++i) {  // as deep as stacks are: 127
    depth.push(i === 0 ? 0 : depth[parent[i]] + 1);
    if (depth[i] > 126) { parent[i] = random(Math.min(i, 50)); depth[i] = depth[parent[i]] + 1; }
    if (random(5) === 0) { node.push(i); nanos.push(1 + random(1000)); }
  }
  const column = Array.from({length: 5000}, () => 0);
  const model = FlameTree.load({
    strings: ['f'], sessions: [{}], frames: {name: column, module: column, file: column, line: column, flags: column},
    groups: {service: [0], operation: [0], thread: [0], state: [0], wait: [0], session: [0]},
    nodes: {parent, frame, guessed: []}, values: {node, group: node.map(() => 0), nanos, samples: nanos},
  });
  const took = (what) => { const start = performance.now(); what(); return performance.now() - start; };
  let tree;
  const build = took(() => { tree = FlameTree.build(model, {keep: everything}); });
  const draw = took(() => FlameTree.boxes(tree, 0, 1600, 0, 60, 0.5));
  const invert = took(() => FlameTree.build(model, {keep: everything, invert: true}));
  console.log(`100,000 nodes: build ${build.toFixed(0)} ms, boxes ${draw.toFixed(1)} ms, invert ${invert.toFixed(0)} ms`);
  assert.ok(build < 3000 && draw < 300 && invert < 20000);  // far above what is measured, for slow and busy machines
});
