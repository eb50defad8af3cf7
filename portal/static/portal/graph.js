// The picture of a graph: zoom, pan, and the way to the middle. Without this file it scrolls, and links work.
"use strict";

for (const box of document.querySelectorAll(".graph")) {
  const svg = box.querySelector("svg.lineage");
  if (!svg) continue;
  const whole = svg.viewBox.baseVal, wide = whole.width, high = whole.height;
  const after = new Map(), before = new Map(), edges = [], nodes = new Map();
  const add = (map, key, value) => map.set(key, [...(map.get(key) || []), value]);
  for (const node of svg.querySelectorAll("[data-n]")) nodes.set(node.dataset.n, node);
  for (const edge of svg.querySelectorAll("[data-e]")) {
    const [one, other] = edge.dataset.e.split(" ");
    edges.push([edge, one, other]);
    add(after, one, other);
    add(before, other, one);
  }
  const focus = svg.querySelector(".lineage__node--focus")?.dataset.n;
  let scale = 1;

  function zoom(to, x = box.clientWidth / 2, y = box.clientHeight / 2) {
    const next = Math.min(3, Math.max(0.1, to)), ratio = next / scale;
    const left = (box.scrollLeft + x) * ratio - x, top = (box.scrollTop + y) * ratio - y;
    scale = next;
    svg.setAttribute("width", wide * scale);
    svg.setAttribute("height", high * scale);
    box.scrollLeft = left;
    box.scrollTop = top;
  }

  const fit = () => zoom(Math.min(1, (box.clientWidth - 4) / wide));
  const bar = document.getElementById(box.dataset.tools);
  if (bar) {
    bar.hidden = false;
    const acts = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), fit, all: () => zoom(1) };
    bar.addEventListener("click", (event) => acts[event.target.closest("[data-zoom]")?.dataset.zoom]?.());
  }

  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = box.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });

  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoom(scale * 1.25);
    else if (event.key === "-") zoom(scale / 1.25);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  let held = null, moved = false;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    held = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    moved = false;
  });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    const x = event.clientX - held.x, y = event.clientY - held.y;
    moved ||= Math.abs(x) + Math.abs(y) > 4;
    if (!moved) return;
    box.classList.add("graph--held");
    box.scrollLeft = held.left - x;
    box.scrollTop = held.top - y;
  });
  window.addEventListener("pointerup", () => {
    held = null;
    box.classList.remove("graph--held");
  });
  box.addEventListener("dragstart", (event) => event.preventDefault());
  box.addEventListener("click", (event) => {
    if (moved) event.preventDefault();
    moved = false;
  }, true);

  function reach(start, ways) {
    const found = new Set([start]);
    for (const node of found) for (const next of ways.get(node) || []) found.add(next);
    return found;
  }

  function light(target) {
    const node = target?.closest?.("[data-n]")?.dataset.n;
    let lit = null;
    if (node && focus && node !== focus)
      for (const [up, down] of [[before, after], [after, before]]) {
        const behind = reach(focus, up);
        if (behind.has(node)) {
          const back = reach(node, down);
          lit = new Set([...behind].filter((one) => back.has(one)));
          break;
        }
      }
    for (const [number, one] of nodes) one.classList.toggle("lineage__node--lit", Boolean(lit?.has(number)));
    for (const [edge, one, other] of edges) edge.classList.toggle("lineage__edge--lit", Boolean(lit?.has(one) && lit.has(other)));
    svg.classList.toggle("lineage--lit", Boolean(lit));
  }

  if (nodes.size <= 1000) {
    svg.addEventListener("pointerover", (event) => light(event.target));
    svg.addEventListener("pointerleave", () => light(null));
    svg.addEventListener("focusin", (event) => light(event.target));
    svg.addEventListener("focusout", () => light(null));
  }
}
