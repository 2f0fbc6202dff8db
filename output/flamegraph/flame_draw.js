// Draws the boxes of a tree on a canvas, in the colours of flame_style.css.
const FlameDraw = (() => {
  const ROW = 18, FONT = '12px system-ui, sans-serif', PAD = 4;
  const STATES = ['running', 'blocked', 'queued'];

  function colours() {
    const style = getComputedStyle(document.documentElement), out = {};
    for (const name of ['page', 'line', 'focus', 'running', 'blocked', 'queued', 'level', 'missing', 'more', 'less', 'same', 'match', 'frame-ink']) {
      out[name] = style.getPropertyValue('--' + name).trim();
    }
    return out;
  }

  // Neighbours of one colour are told apart by a shade that hangs on the name alone, so a function looks the same everywhere.
  function shade(name) {
    let hash = 2166136261;
    for (let i = 0; i < name.length; ++i) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
    return (hash >>> 24) / 255 * 0.22;
  }

  function mix(a, b, part) {
    const number = (hex) => {
      const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, '$&$&') : hex;
      return [1, 3, 5].map((i) => parseInt(full.slice(i, i + 2), 16));
    };
    const x = number(a), y = number(b);
    return 'rgb(' + x.map((v, i) => Math.round(v + (y[i] - v) * part)).join(',') + ')';
  }

  function sized(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = height + 'px';
    }
    const to = canvas.getContext('2d');
    to.setTransform(ratio, 0, 0, ratio, 0, 0);
    return to;
  }

  function hatch(to, x, y, w, h, colour) {
    to.save();
    to.beginPath();
    to.rect(x, y, w, h);
    to.clip();
    to.strokeStyle = colour;
    to.beginPath();
    for (let at = x - h; at < x + w; at += 6) {
      to.moveTo(at, y + h);
      to.lineTo(at + h, y);
    }
    to.stroke();
    to.restore();
  }

  // One colour, or as many as the node has states, each as wide as its part of the time.
  function fill(to, scene, box, frame, x, y, w) {
    const {tree, palette} = scene, dim = frame ? shade(frame.name) : 0;
    const paint = (colour, from, width) => {
      to.fillStyle = mix(colour, palette.page, box.outside ? 0.55 : dim);
      to.fillRect(from, y, width, ROW - 1);
    };
    if (!frame || frame.flags & FlameTree.LEVEL) return paint(palette.level, x, w);
    if (frame.flags & FlameTree.INCOMPLETE) return paint(palette.missing, x, w);
    if (scene.diff) {
      const change = FlameTree.change(tree, box.node);
      to.fillStyle = mix(palette.same, change > 0 ? palette.more : palette.less,
                         scene.largest > 0 ? Math.sqrt(Math.abs(change) / scene.largest) : 0);
      return to.fillRect(x, y, w, ROW - 1);
    }
    let from = x;
    STATES.forEach((state, i) => {
      const part = tree.total[box.node] > 0 ? w * tree.time[i][box.node] / tree.total[box.node] : 0;
      if (part > 0) paint(palette[state], from, part);
      from += part;
    });
  }

  function label(to, frame, found, x, y, w) {
    if (w < 24) return;
    const room = Math.floor((w - PAD) / 6.2);
    const name = frame.name.length > room ? frame.name.slice(0, Math.max(room - 1, 1)) + '…' : frame.name;
    to.font = (found ? 'bold ' : frame.flags & FlameTree.INLINED ? 'italic ' : '') + FONT;
    to.fillText(name, x + PAD - 1, y + ROW / 2, w - PAD);
  }

  // scene: tree, model, found, zoom, focus, palette, icicle, diff, largest; boxes in pixels of the whole graph.
  function draw(canvas, scene, boxes, width, height, yOf) {
    const to = sized(canvas, width, height);
    to.clearRect(0, 0, width, height);
    to.textBaseline = 'middle';
    for (const box of boxes) {
      const node = box.node, frame = scene.tree.frame[node] >= 0 ? scene.model.frames[scene.tree.frame[node]] : null;
      const y = yOf(box.row), x = box.x, w = Math.max(box.w - (box.w > 3 ? 1 : 0), 0.5);
      fill(to, scene, box, frame, x, y, w);
      const found = frame !== null && scene.found[scene.tree.frame[node]] === 1;
      if (found) {
        to.fillStyle = scene.palette.match;
        to.fillRect(x, y, w, ROW - 1);
      }
      if (frame && w > 3 && frame.flags & FlameTree.INCOMPLETE) hatch(to, x, y, w, ROW - 1, scene.palette.line);
      to.fillStyle = scene.palette['frame-ink'];
      if (scene.tree.guessed[node] && w > 3) for (let at = x; at < x + w; at += 6) to.fillRect(at, y + ROW - 3, Math.min(3, x + w - at), 2);
      label(to, frame || {name: 'all', flags: 0}, found, x, y, w);
      if (node === scene.focus) {
        to.strokeStyle = scene.palette.focus;
        to.lineWidth = 2;
        to.strokeRect(x + 1, y + 1, Math.max(w - 2, 1), ROW - 3);
        to.lineWidth = 1;
      }
    }
  }

  function swatch(paint) {
    const canvas = document.createElement('canvas');
    paint(sized(canvas, 14, 12));
    canvas.setAttribute('aria-hidden', 'true');
    return canvas;
  }

  return {ROW, STATES, colours, draw, hatch, swatch};
})();
