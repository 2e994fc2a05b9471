"use strict";
// Hover is the pictures' own titles. Here: click and keys on samples, linear or logarithmic, and walking a story.
const svgNS = "http://www.w3.org/2000/svg";
const ms = ns => { const v = ns / 1e6; return v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toPrecision(3); };

function segments(s, kinds) {  // as segments_of() in charts.cpp
  const [took, detached, begins, drained, dead, synchronize, barrier, flush] = s;
  const all = [];
  let from = 0;
  const until = (kind, to) => { to = Math.min(to, took); if (to > from) { all.push([kind, from, to]); from = to; } };
  if (detached === null && begins === null && dead === null) { until("unknown", took); return all; }
  if (detached !== null) until("call", detached);
  if (begins !== null) until("sync", begins);
  if (drained !== null) {
    for (const [kind, ns] of [["synchronize", synchronize], ["barrier", barrier], ["flush", flush]]) until(kind, Math.min(from + ns, drained));
    until("own", drained);
  }
  if (dead !== null) until("evict", dead);
  until("return", took);
  return all;
}

function show(section, c, i) {
  const data = JSON.parse(section.querySelector("script.data").textContent);
  const cell = data.cells[c], sample = cell.samples[i];
  for (const on of section.querySelectorAll(".s.on")) on.classList.remove("on");
  section.querySelector(`.s[data-c="${c}"][data-i="${i}"]`).classList.add("on");
  const row = section.querySelector("g.chosen"), parts = segments(sample);
  row.replaceChildren();
  row.dataset.ns = sample[0]; row.dataset.c = c; row.dataset.i = i;
  for (const [kind, from, to] of parts) {
    const bar = document.createElementNS(svgNS, "rect"), title = document.createElementNS(svgNS, "title");
    bar.setAttribute("class", "w w-" + kind);
    bar.dataset.ns = to - from;
    bar.setAttribute("x", +row.dataset.left + from * row.dataset.unit);
    bar.setAttribute("width", (to - from) * row.dataset.unit);
    bar.setAttribute("y", row.dataset.y);
    bar.setAttribute("height", row.dataset.h);
    title.textContent = `${data.kinds[kind]}: ${ms(to - from)} ms`;
    bar.append(title);
    row.append(bar);
  }
  section.querySelector("text.chosen").textContent = `${cell.name}: sample ${i + 1} of ${cell.samples.length}`;
  section.querySelector("output").textContent = `${cell.name}, sample ${i + 1}: ${ms(sample[0])} ms = ` + parts.map(p => `${p[0]} ${ms(p[2] - p[1])}`).join(" + ");
}

for (const section of document.querySelectorAll("section.scenario")) {
  const strip = section.querySelector("svg.strip, .strip svg");
  strip.addEventListener("click", e => { const s = e.target.closest(".s"); if (s) show(section, +s.dataset.c, +s.dataset.i); });
  strip.addEventListener("keydown", e => {
    const all = [...strip.querySelectorAll(".s")], at = all.findIndex(s => s.classList.contains("on"));
    const c = at < 0 ? 0 : +all[at].dataset.c, step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    let next = -1;
    if (step) next = at < 0 ? 0 : (at + step + all.length) % all.length;
    if (e.key === "ArrowDown") next = all.findIndex(s => +s.dataset.c === c + (at < 0 ? 0 : 1));
    if (e.key === "ArrowUp") next = all.findIndex(s => +s.dataset.c === Math.max(0, c - 1));
    if (next < 0) return;
    e.preventDefault();
    show(section, +all[next].dataset.c, +all[next].dataset.i);
  });
  section.querySelector("button.scale").addEventListener("click", e => {
    const log = strip.classList.toggle("logarithmic");
    e.target.setAttribute("aria-pressed", log);
    for (const m of strip.querySelectorAll("[data-log]")) m.setAttribute(m.tagName === "circle" ? "cx" : "x", log ? m.dataset.log : m.dataset.lin);
  });
}

for (const story of document.querySelectorAll("section.story")) {
  const rows = [...story.querySelectorAll("tbody tr")], state = story.querySelector(".state");
  let at = 0;
  const go = (to, moved = true) => {
    at = Math.max(0, Math.min(rows.length - 1, to));
    rows.forEach((r, k) => { r.classList.toggle("ahead", k > at); if (k === at) r.setAttribute("aria-current", "step"); else r.removeAttribute("aria-current"); });
    if (moved) rows[at].scrollIntoView({ block: "nearest" });
    state.textContent = `step ${at + 1} of ${rows.length}: ${rows[at].dataset.state}`;
  };
  story.querySelector("button.back").addEventListener("click", () => go(at - 1));
  story.querySelector("button.forward").addEventListener("click", () => go(at + 1));
  story.addEventListener("keydown", e => {
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    go(to);
  });
  rows.forEach((r, k) => r.addEventListener("click", () => go(k)));
  go(0, false);
}
