// The page around the drawing: filters, search, keys, tooltip, tables. All text goes in as text, never as markup.
(() => {
  const id = (name) => document.getElementById(name);
  const model = FlameTree.load(JSON.parse(id('data').textContent));
  const view = id('view'), canvas = id('canvas'), tip = id('tip');
  const {ROW} = FlameDraw;
  const scene = {model, tree: null, found: FlameTree.search(model, ''), zoom: 0, focus: 0, palette: FlameDraw.colours(),
                 diff: model.isDiff, largest: 0};
  let keep = () => true;

  const element = (name, text, parent) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };
  const frameOf = (node) => scene.tree.frame[node] >= 0 ? model.frames[scene.tree.frame[node]] : null;
  const nameOf = (node) => frameOf(node) ? frameOf(node).name : 'all';

  // --- filters ---------------------------------------------------------------------------------------------------------

  const running = () => model.unit === 'calls' ? 'calls' : 'on CPU';
  const kindOf = (group) => group.state === FlameTree.RUNNING ? running() : group.state === FlameTree.QUEUED ? 'queued for a CPU'
    : 'waiting: ' + (group.wait || 'other');

  function fillSelect(select, all, names, unnamed) {
    const chosen = select.value;
    select.replaceChildren();
    for (const [value, text] of [['', all], ...names.map((name) => ['=' + name, name || unnamed])]) element('option', text, select).value = value;
    select.value = [...select.options].some((option) => option.value === chosen) ? chosen : '';
  }

  const distinct = (groups, of) => [...new Set(groups.map(of))].sort();

  // What is chosen now, as a question of a name.
  function chosenIn(select) {
    const chosen = id(select).value;
    return (name) => chosen === '' || '=' + name === chosen;
  }

  // What there is of the services that are chosen, and of their operations.
  function fillNarrower() {
    const service = chosenIn('service'), ofService = model.groups.filter((g) => service(g.service));
    fillSelect(id('operation'), 'all', distinct(ofService, (g) => g.operation), '[none]');
    const operation = chosenIn('operation'), ofOperation = ofService.filter((g) => operation(g.operation));
    fillSelect(id('thread'), 'all', distinct(ofOperation, (g) => g.thread), '[unknown]');
  }

  function fillFilters() {
    fillSelect(id('service'), 'all', distinct(model.groups, (g) => g.service), '[unknown]');
    fillNarrower();
    const kinds = distinct(model.groups, kindOf);
    for (const kind of kinds) {
      const label = element('label', undefined, id('states'));
      const box = element('input', undefined, label);
      box.type = 'checkbox';
      box.value = kind;
      // Idle threads wait all the time: what ran is shown first, where there is such.
      box.checked = kind === running() || !kinds.includes(running());
      label.append(' ' + kind);
    }
    id('widths-label').hidden = !model.isDiff;
  }

  // --- drawing -----------------------------------------------------------------------------------------------------------

  const rows = () => scene.tree.deepest + 1;
  const icicle = () => id('icicle').checked;
  const extent = () => Math.max(rows() * ROW, view.clientHeight);
  // Of a row, in pixels of the whole graph.
  const top = (row) => icicle() ? row * ROW : extent() - (row + 1) * ROW;

  function draw() {
    const width = view.clientWidth, height = view.clientHeight, scrolled = view.scrollTop;
    const edges = [scrolled, scrolled + height].map((y) => Math.floor((icicle() ? y : extent() - y) / ROW));
    const boxes = FlameTree.boxes(scene.tree, scene.zoom, width, Math.min(...edges) - 1, Math.max(...edges) + 1, 0.5);
    FlameDraw.draw(canvas, scene, boxes, width, height, (row) => top(row) - scrolled);
  }

  let asked = false;
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }

  function resize() {
    // The canvas has the height of what is seen, and moves along; #extent makes up the rest of the whole height.
    id('extent').style.height = Math.max(extent() - view.clientHeight, 0) + 'px';
    redraw();
  }

  function rebuild() {
    const [service, operation, thread] = ['service', 'operation', 'thread'].map(chosenIn);
    const kinds = new Set([...id('states').querySelectorAll('input:checked')].map((box) => box.value));
    keep = (g) => service(g.service) && operation(g.operation) && thread(g.thread) && kinds.has(kindOf(g));
    scene.tree = FlameTree.build(model, {keep, invert: id('invert').checked, width: id('widths').value,
                                         levels: id('levels').value.split(' ').filter(Boolean)});
    scene.largest = scene.diff ? FlameTree.largestChange(scene.tree) : 0;
    const empty = !(scene.tree.weight[0] > 0);
    id('empty').hidden = !empty;
    view.hidden = empty;
    scene.focus = 0;
    zoomTo(0);
    if (!icicle()) view.scrollTop = view.scrollHeight;
    if (id('functions').open) fillFunctions();
  }

  function zoomTo(node) {
    scene.zoom = node;
    id('path').replaceChildren();
    const way = [];
    for (let at = node; at >= 0; at = scene.tree.parent[at]) way.unshift(at);
    if (node !== 0) for (const at of way.length > 6 ? [0, ...way.slice(-5)] : way) {
      element('button', nameOf(at), id('path')).addEventListener('click', () => { focusOn(at); zoomTo(at); });
      if (at !== node) id('path').append(' › ');
    }
    showMatched();
    resize();
  }

  function showMatched() {
    const searched = id('search').value !== '';
    id('matched').textContent = !searched ? '' : scene.found === null ? 'not a regular expression'
      : FlameTree.percent(FlameTree.matchedShare(scene.tree, scene.found, scene.zoom)) + ' matched';
    scene.found ||= FlameTree.search(model, '');
  }

  // --- one box -----------------------------------------------------------------------------------------------------------

  function share(node) {
    const {tree} = scene, of = (time, whole) => FlameTree.percent(whole > 0 ? time / whole : 0);
    let text = FlameTree.amount(model, tree.total[node]) + ' (' + of(tree.total[node], tree.total[0]);
    if (scene.zoom !== 0) text += ', ' + of(tree.total[node], tree.total[scene.zoom]) + ' of the zoom';
    return text + '), ' + tree.samples[node].toLocaleString('en') + (tree.samples[node] === 1 ? ' sample' : ' samples');
  }

  function details(node) {
    const {tree} = scene, frame = frameOf(node), lines = [nameOf(node), share(node)];
    if (!id('invert').checked) lines.push('itself ' + FlameTree.amount(model, tree.self[node]));
    const states = [running(), 'waiting', 'queued for a CPU'].map((name, i) => [name, tree.time[i][node]]).filter(([, time]) => time > 0);
    if (states.length > 0) lines.push(states.map(([name, time]) => name + ' ' + FlameTree.amount(model, time)).join(', '));
    if (scene.diff) {
      const change = FlameTree.change(tree, node) * 100;
      lines.push('before ' + FlameTree.percent(tree.before[0] > 0 ? tree.before[node] / tree.before[0] : 0) + ', now ' +
        (change >= 0 ? '+' : '−') + Math.abs(change).toFixed(2) + ' percentage points');
    }
    if (!frame) return lines;
    if (frame.module) lines.push(frame.module);
    if (frame.file) lines.push(frame.file + (frame.line ? ':' + frame.line : ''));
    const notes = [];
    if (frame.flags & FlameTree.INLINED) notes.push('inlined');
    if (frame.flags & FlameTree.JIT) notes.push('made at run time');
    if (frame.flags & FlameTree.INCOMPLETE) notes.push('the walk over these stacks ended early: their callers are not known');
    if (tree.guessed[node]) notes.push('guessed: found by frame pointer, in some samples at least');
    if (notes.length > 0) lines.push(notes.join('; '));
    return lines;
  }

  function showTip(node, x, y) {
    tip.replaceChildren();
    for (const line of details(node)) element('div', line, tip);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(0, Math.min(x + 12, innerWidth - box.width - 4)) + 'px';
    tip.style.top = (y + 16 + box.height < innerHeight ? y + 16 : Math.max(0, y - box.height - 8)) + 'px';
  }

  function focusOn(node) {
    scene.focus = node;
    redraw();
  }

  function speakFocus() {
    const {tree, zoom, focus} = scene, y = top(tree.depth[focus]);
    if (y < view.scrollTop) view.scrollTop = y;
    if (y + ROW > view.scrollTop + view.clientHeight) view.scrollTop = y + ROW - view.clientHeight;
    id('spoken').textContent = details(focus).join('. ');
    const box = view.getBoundingClientRect();
    const inside = tree.depth[focus] >= tree.depth[zoom] && tree.weight[zoom] > 0;
    const x = inside ? (tree.start[focus] - tree.start[zoom]) / tree.weight[zoom] * view.clientWidth : 0;
    showTip(focus, box.left + x, box.top + y - view.scrollTop);
  }

  const boxUnder = (event) => {
    const box = view.getBoundingClientRect(), y = event.clientY - box.top + view.scrollTop;
    const row = Math.floor((icicle() ? y : extent() - y) / ROW);
    return FlameTree.nodeAt(scene.tree, scene.zoom, view.clientWidth, event.clientX - box.left, row);
  };

  // --- keys --------------------------------------------------------------------------------------------------------------

  function sibling(step) {
    const around = scene.tree.children[scene.tree.parent[scene.focus]] || [];
    return scene.focus === scene.zoom ? scene.focus : around[around.indexOf(scene.focus) + step] ?? scene.focus;
  }
  const outwards = () => Math.max(scene.tree.parent[scene.focus], 0);
  function inwards() {
    const {tree, zoom, focus} = scene;
    if (tree.depth[focus] >= tree.depth[zoom]) return (tree.children[focus] || [focus])[0];
    let at = zoom;  // among the callers of the zoom there is one way only
    while (tree.parent[at] !== focus) at = tree.parent[at];
    return at;
  }

  function back() {
    if (scene.zoom !== 0) return zoomTo(0);
    id('search').value = '';
    find();
  }

  const keys = {
    ArrowUp: () => focusOn(icicle() ? outwards() : inwards()),
    ArrowDown: () => focusOn(icicle() ? inwards() : outwards()),
    ArrowLeft: () => focusOn(sibling(-1)),
    ArrowRight: () => focusOn(sibling(1)),
    Home: () => focusOn(scene.zoom),
    Enter: () => zoomTo(scene.focus),
    Escape: back,
  };

  function find() {
    scene.found = FlameTree.search(model, id('search').value);
    showMatched();
    redraw();
  }

  function listen() {
    view.addEventListener('keydown', (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
      speakFocus();
    });
    document.addEventListener('keydown', (event) => {
      const typing = /^(INPUT|SELECT)$/.test(event.target.tagName) && event.target.type !== 'checkbox';
      if (event.key === '/' && !typing) { event.preventDefault(); id('search').focus(); }
      if (event.key === 'Escape' && event.target === id('search')) view.focus();
    });
    view.addEventListener('mousemove', (event) => {
      const node = boxUnder(event);
      if (node < 0) tip.hidden = true; else showTip(node, event.clientX, event.clientY);
    });
    view.addEventListener('mouseleave', () => { tip.hidden = true; });
    view.addEventListener('blur', () => { tip.hidden = true; });
    view.addEventListener('click', (event) => {
      const node = boxUnder(event);
      if (node >= 0) { focusOn(node); zoomTo(node); }
    });
    view.addEventListener('scroll', redraw);
    new ResizeObserver(resize).observe(view);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      scene.palette = FlameDraw.colours();
      fillLegend();
      redraw();
    });
    id('controls').addEventListener('submit', (event) => event.preventDefault());
    for (const name of ['service', 'operation']) id(name).addEventListener('change', fillNarrower);
    for (const name of ['service', 'operation', 'thread', 'levels', 'states', 'invert', 'icicle', 'widths']) id(name).addEventListener('change', rebuild);
    id('search').addEventListener('input', find);
    id('start-over').addEventListener('click', () => {
      id('controls').reset();
      id('states').replaceChildren(id('states').querySelector('legend'));
      fillFilters();
      find();
      rebuild();
    });
    id('functions').addEventListener('toggle', fillFunctions);
  }

  // --- the text around ---------------------------------------------------------------------------------------------------

  function fillSummary() {
    const [now, before] = model.sessions;
    const parts = [now.start, 'over ' + FlameTree.seconds(now.seconds * 1e9)];
    if (before) parts.push('against ' + [before.host, before.start].filter(Boolean).join(', '));
    const guesses = now.completeWithGuesses > 0 ? ' (' + FlameTree.percent(now.completeWithGuesses / now.walks) + ' with guesses)' : '';
    if (now.walks > 0) parts.push(FlameTree.percent(now.complete / now.walks) + ' of user stacks complete' + guesses);
    if (now.userFrames > 0) parts.push(FlameTree.percent(now.guessedFrames / now.userFrames) + ' of frames guessed');
    id('summary').textContent = parts.filter(Boolean).join(' · ');
    id('title').textContent = document.title = 'footfall' + (now.host ? ' on ' + now.host : '') + (before ? ': what changed' : model.unit === 'calls' ? ': where calls come from' : ': where time goes');
  }

  function fillLegend() {
    const {palette} = scene, entries = scene.diff
      ? [['more', 'larger share than before'], ['less', 'smaller share']]
      : [['running', running()], ['blocked', 'waiting'], ['queued', 'queued for a CPU']];
    const plain = (colour) => (to) => { to.fillStyle = colour; to.fillRect(0, 0, 14, 12); };
    id('legend').replaceChildren();
    const add = (paint, text) => {
      const item = element('li', undefined, id('legend'));
      item.append(FlameDraw.swatch(paint), text);
    };
    for (const [name, text] of [...entries, ['match', 'found by the search']]) add(plain(palette[name]), text);
    add((to) => { plain(palette.missing)(to); FlameDraw.hatch(to, 0, 0, 14, 12, palette.line); }, 'callers not known');
    add((to) => { plain(palette.level)(to); to.fillStyle = palette['frame-ink']; to.fillRect(0, 9, 5, 2); to.fillRect(8, 9, 5, 2); }, 'guessed');
    const italic = element('li', undefined, id('legend'));
    element('i', 'inlined', italic);
  }

  function fillFunctions() {
    const head = id('functions-head'), body = id('functions-body');
    head.replaceChildren();
    body.replaceChildren();
    const row = element('tr', undefined, head);
    for (const title of [model.unit === 'calls' ? 'calls' : 'own time', 'share', 'with callees', ...(model.isDiff ? ['change'] : []), 'function']) element('th', title, row).scope = 'col';
    const all = scene.tree.total[0], before = scene.tree.before[0];
    for (const f of FlameTree.functions(model, keep).slice(0, 50)) {
      const line = element('tr', undefined, body), of = (time, whole) => whole > 0 ? time / whole : 0;
      for (const text of [FlameTree.amount(model, f.self), FlameTree.percent(of(f.self, all)), FlameTree.percent(of(f.total, all))]) element('td', text, line);
      if (model.isDiff) element('td', ((of(f.total, all) - of(f.before, before)) * 100).toFixed(2), line);
      element('td', model.frames[f.frame].name, line);
    }
  }

  fillSummary();
  fillFilters();
  fillLegend();
  listen();
  rebuild();
})();
