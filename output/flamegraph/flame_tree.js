// The part of the flame graph that knows no page: data in (flame_data.h), trees, matches and boxes out. Times are nanoseconds.
// node tests it by itself (tests/web).
'use strict';
const FlameTree = (() => {
  const KERNEL = 1, INLINED = 2, JIT = 4, INCOMPLETE = 8, LEVEL = 16;
  const RUNNING = 0, BLOCKED = 1, QUEUED = 2;

  // Adds to the data what every tree needs: texts of frames, pseudo-frames for services and threads, and which nodes are
  // their frame's outermost on the way to the root (so that recursion counts once).
  function load(data) {
    const text = (i) => data.strings[i];
    const frames = data.frames.name.map((name, i) => ({
      name: data.frames.flags[i] & INCOMPLETE ? '[incomplete: ' + text(name) + ']' : text(name),
      module: text(data.frames.module[i]), file: text(data.frames.file[i]), line: data.frames.line[i],
      flags: data.frames.flags[i],
    }));
    const groups = data.groups.service.map((service, i) => ({
      service: text(service), operation: text(data.groups.operation[i]), thread: text(data.groups.thread[i]), state: data.groups.state[i],
      wait: text(data.groups.wait[i]), session: data.groups.session[i],
    }));
    const levels = new Map();
    const level = (kind, name) => {
      const key = kind + ' ' + name;
      if (!levels.has(key)) {
        levels.set(key, frames.length);
        frames.push({name: name || (kind === 'operation' ? '[no operation]' : '[unknown]'), module: kind, file: '', line: 0, flags: LEVEL});
      }
      return levels.get(key);
    };
    for (const group of groups) {
      group.levels = {service: level('service', group.service), operation: level('operation', group.operation),
                      thread: level('thread', group.thread)};
    }
    const parent = Int32Array.from(data.nodes.parent), frame = Int32Array.from(data.nodes.frame);
    const guessed = new Uint8Array(parent.length), outermost = new Uint8Array(parent.length);
    for (const node of data.nodes.guessed) guessed[node] = 1;
    for (let node = 0; node < parent.length; ++node) {
      let up = parent[node];
      while (up >= 0 && frame[up] !== frame[node]) up = parent[up];
      outermost[node] = up < 0 ? 1 : 0;
    }
    return {frames, groups, parent, frame, guessed, outermost, values: data.values, sessions: data.sessions,
            unit: data.sessions[0].unit, isDiff: data.sessions.length > 1};
  }

  // A tree under construction; columns, because there may be very many nodes. A parent comes before its children, and the
  // root, node 0, is no frame. `time` is by state, of the later session; `before` is all time of the earlier one.
  function newTree() {
    return {parent: [-1], frame: [-1], depth: [0], guessed: [0], self: [0], total: [0], before: [0], samples: [0],
            time: [[0], [0], [0]]};
  }

  function addNode(tree, parent, frame, guessed) {
    tree.parent.push(parent);
    tree.frame.push(frame);
    tree.depth.push(tree.depth[parent] + 1);
    tree.guessed.push(guessed);
    tree.self.push(0);
    tree.total.push(0);
    tree.before.push(0);
    tree.samples.push(0);
    for (const column of tree.time) column.push(0);
    return tree.parent.length - 1;
  }

  // Finds a child by frame, or adds it.
  function childFinder(tree, frameCount) {
    const known = new Map();
    return (parent, frame, guessed) => {
      const key = parent * frameCount + frame;
      let node = known.get(key);
      if (node === undefined) known.set(key, node = addNode(tree, parent, frame, guessed));
      else if (guessed) tree.guessed[node] = 1;
      return node;
    };
  }

  // The place of a stack in the tree, outermost frame first. The data is such a tree already, so under each prefix a node
  // of it is copied once.
  function uprightPlacer(model, tree) {
    const copies = new Map(), way = [];
    return (prefix, node) => {
      let at = node;
      way.length = 0;
      const base = prefix * model.parent.length;
      while (at >= 0 && !copies.has(base + at)) {
        way.push(at);
        at = model.parent[at];
      }
      let place = at < 0 ? prefix : copies.get(base + at);
      while (way.length > 0) {
        at = way.pop();
        copies.set(base + at, place = addNode(tree, place, model.frame[at], model.guessed[at]));
      }
      return place;
    };
  }

  function invertedPlacer(model, child) {
    return (prefix, node) => {
      let place = prefix;
      for (let at = node; at >= 0; at = model.parent[at]) place = child(place, model.frame[at], model.guessed[at]);
      return place;
    };
  }

  // options: keep(group) → bool; levels: of 'service', 'operation' and 'thread', those that get rows; invert: innermost frames first.
  function build(model, options) {
    const tree = newTree();
    const child = childFinder(tree, model.frames.length);
    const place = options.invert ? invertedPlacer(model, child) : uprightPlacer(model, tree);
    const kept = model.groups.map((group) => options.keep(group));
    const {node, group, nanos, samples} = model.values;
    for (let i = 0; i < node.length; ++i) {
      if (!kept[group[i]]) continue;
      const of = model.groups[group[i]];
      let prefix = 0;
      for (const level of options.levels || []) prefix = child(prefix, of.levels[level], 0);
      const at = place(prefix, node[i]);
      if (of.session > 0) {
        tree.before[at] += nanos[i];
        continue;
      }
      tree.self[at] += nanos[i];
      tree.total[at] += nanos[i];
      tree.samples[at] += samples[i];
      tree.time[of.state][at] += nanos[i];
    }
    for (const column of [tree.total, tree.before, tree.samples, ...tree.time]) {
      for (let i = tree.parent.length - 1; i > 0; --i) column[tree.parent[i]] += column[i];
    }
    layOut(tree, options.width === 'before' ? tree.before : tree.total);
    return tree;
  }

  // Orders children by weight, most first, and gives each node the place where its box starts.
  function layOut(tree, weight) {
    const count = tree.parent.length;
    tree.weight = weight;
    tree.children = Array.from({length: count}, () => null);
    for (let i = 1; i < count; ++i) {
      if (weight[i] <= 0) continue;
      (tree.children[tree.parent[i]] ||= []).push(i);
    }
    tree.start = new Float64Array(count);
    tree.deepest = 0;
    for (let i = 0; i < count; ++i) {
      if (weight[i] > 0 && tree.depth[i] > tree.deepest) tree.deepest = tree.depth[i];
      const children = tree.children[i];
      if (!children) continue;
      children.sort((a, b) => weight[b] - weight[a] || a - b);
      let x = tree.start[i];
      for (const c of children) {
        tree.start[c] = x;
        x += weight[c];
      }
    }
  }

  // The boxes to draw for a zoom into `zoom`: it and its callers over the whole width, and what is below it where it is at
  // least `least` pixels wide. Only rows from..to, counted from the root, are given; to leaves the rest out is what makes
  // large graphs quick.
  function boxes(tree, zoom, width, from, to, least) {
    const out = [];
    const scale = tree.weight[zoom] > 0 ? width / tree.weight[zoom] : 0;
    for (let node = tree.parent[zoom]; node >= 0; node = tree.parent[node]) {
      if (tree.depth[node] >= from && tree.depth[node] <= to) out.push({node, x: 0, w: width, row: tree.depth[node], outside: true});
    }
    const open = scale > 0 ? [zoom] : [];
    while (open.length > 0) {
      const node = open.pop(), w = tree.weight[node] * scale, row = tree.depth[node];
      if (row >= from) out.push({node, x: (tree.start[node] - tree.start[zoom]) * scale, w, row, outside: false});
      if (row >= to) continue;
      for (const c of tree.children[node] || []) {
        if (tree.weight[c] * scale < least) break;  // those that follow are narrower
        open.push(c);
      }
    }
    return out;
  }

  // The node whose box is there; -1: none.
  function nodeAt(tree, zoom, width, x, row) {
    for (let node = tree.parent[zoom]; node >= 0; node = tree.parent[node]) if (tree.depth[node] === row) return node;
    const at = tree.start[zoom] + x / width * tree.weight[zoom];
    let node = row < tree.depth[zoom] || x < 0 || x >= width ? -1 : zoom;
    while (node >= 0 && tree.depth[node] < row) {
      node = (tree.children[node] || []).find((c) => at >= tree.start[c] && at < tree.start[c] + tree.weight[c]) ?? -1;
    }
    return node;
  }

  // Which frames a regular expression finds, by name. null: it is none. An empty one finds nothing.
  function search(model, pattern) {
    const found = new Uint8Array(model.frames.length);
    if (pattern === '') return found;
    let expression;
    try {
      expression = new RegExp(pattern, /[A-Z]/.test(pattern) ? 'u' : 'iu');
    } catch (error) {
      return null;
    }
    model.frames.forEach((frame, i) => { found[i] = expression.test(frame.name) ? 1 : 0; });
    return found;
  }

  // What part of the time under `zoom` is in frames that were found or below them. Below a match nothing counts again.
  function matchedShare(tree, found, zoom) {
    let matched = 0;
    const open = [zoom];
    while (open.length > 0) {
      const node = open.pop();
      if (tree.frame[node] >= 0 && found[tree.frame[node]]) matched += tree.weight[node];
      else open.push(...tree.children[node] || []);
    }
    return tree.weight[zoom] > 0 ? matched / tree.weight[zoom] : 0;
  }

  // How much larger a share of all time a node has than it had before: -1 to 1.
  function change(tree, node) {
    const after = tree.total[0] > 0 ? tree.total[node] / tree.total[0] : 0;
    return after - (tree.before[0] > 0 ? tree.before[node] / tree.before[0] : 0);
  }

  function largestChange(tree) {
    let most = 0;
    for (let i = 1; i < tree.parent.length; ++i) if (tree.frame[i] >= 0) most = Math.max(most, Math.abs(change(tree, i)));
    return most;
  }

  // Self and total time and share of each function, over all its places: most self time first.
  function functions(model, keep) {
    const {node, group, nanos} = model.values;
    const perNode = [new Float64Array(model.parent.length), new Float64Array(model.parent.length)];
    const out = model.frames.map((frame, i) => ({frame: i, self: 0, total: 0, before: 0}));
    for (let i = 0; i < node.length; ++i) {
      const of = model.groups[group[i]];
      if (!keep(of)) continue;
      perNode[of.session][node[i]] += nanos[i];
      if (of.session === 0) out[model.frame[node[i]]].self += nanos[i];
    }
    for (let i = model.parent.length - 1; i >= 0; --i) {
      const up = model.parent[i];
      if (up >= 0) for (const column of perNode) column[up] += column[i];
      if (!model.outermost[i]) continue;
      out[model.frame[i]].total += perNode[0][i];
      out[model.frame[i]].before += perNode[1][i];
    }
    return out.filter((f) => f.total > 0 || f.before > 0).sort((a, b) => b.self - a.self || b.total - a.total || a.frame - b.frame);
  }

  function seconds(nanos) {
    const units = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
    const [size, unit] = units.find(([least]) => nanos >= least) || units[3];
    const value = nanos / size;
    return (value >= 100 || size === 1 ? value.toFixed(0) : value.toPrecision(3)) + ' ' + unit;
  }

  // Of what the model adds up: time, or calls.
  function amount(model, value) {
    return model.unit === 'calls' ? value.toLocaleString('en') + (value === 1 ? ' call' : ' calls') : seconds(value);
  }

  function percent(share) {
    const p = share * 100;
    if (p > 0 && p < 0.01) return '<0.01%';
    return p.toFixed(p < 10 ? 2 : 1) + '%';
  }

  return {load, build, boxes, nodeAt, search, matchedShare, change, largestChange, functions, seconds, amount, percent,
          KERNEL, INLINED, JIT, INCOMPLETE, LEVEL, RUNNING, BLOCKED, QUEUED};
})();
if (typeof module !== 'undefined') module.exports = FlameTree;
