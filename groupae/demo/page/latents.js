"use strict";
// The latent code, one row per irrep: invariants as bars, pairs as dials, larger blocks as columns.

(() => {
  const demo = window.GroupaeDemo;
  const [SMALL, LARGE] = [20, 30]; // CSS pixels of a dial, as the place allows
  const BAR = 8; // of an invariant
  const [THIN, WIDE] = [4, 9]; // of one entry of a larger block
  const GAP = 7; // between two of them
  const NO_ROWS =
    "This code is no vector of irreps: it has entries at each place of a map or list, or moves " +
    "as a whole. It is not drawn.";
  const ROWS = { compact: 12, full: 14 }; // shown before "all rows" is asked for

  /** Rows of the code, drawn anew for each moved code. */
  demo.Latents = class Latents {
    /** @param {HTMLElement} place @param {{blocks: object[]}} description */
    constructor(place, { blocks }) {
      this.place = place;
      this.rows = blocks.map((block) => this.row(block));
      this.list = demo.element("div", { class: "rows" }, ...this.rows.map(({ line }) => line));
      place.append(this.list);
      if (!blocks.length) {
        document.querySelector(".legend").hidden = true;
        place.append(demo.element("p", { class: "hint" }, NO_ROWS));
      }
      this.first = demo.options().has("compact") ? ROWS.compact : ROWS.full;
      if (blocks.length > this.first + 2) this.fold();
      // at the next frame, for a redraw can change the size that is observed
      new ResizeObserver(() => requestAnimationFrame(() => this.redraw())).observe(place);
    }

    row(block) {
      const kind = block.invariant ? "invariant" : "moving";
      const copies = `${block.copies} ${block.copies === 1 ? "copy" : "copies"}`;
      const words = block.invariant ? "stands still" : "moves";
      const label = demo.element("span", { class: "irrep" }, block.irrep);
      const picture = `Irrep ${block.irrep}, ${copies} of dimension ${block.dim}, ${words}`;
      const canvas = demo.element("canvas", { role: "img", "aria-label": picture });
      const more = demo.element("span", { class: "more" });
      const title = `${picture} (part ${block.part})`;
      const line = demo.element("div", { class: `row ${kind}`, title }, label, canvas, more);
      return { block, line, canvas, more, scale: 1 };
    }

    fold() {
      const all = `Show all ${this.rows.length} irreps`;
      const button = demo.element("button", { type: "button", "aria-expanded": "false" }, all);
      const show = (isOpen) => {
        this.rows.slice(this.first).forEach(({ line }) => (line.hidden = !isOpen));
        button.setAttribute("aria-expanded", String(isOpen));
        button.textContent = isOpen ? `Show the first ${this.first} irreps` : all;
        this.redraw();
      };
      button.addEventListener("click", () => show(button.ariaExpanded !== "true"));
      this.place.append(button);
      show(false);
    }

    /** Take the code of a new picture: each row is drawn relative to its largest entry. */
    rescale(z) {
      for (const row of this.rows) {
        const { offset, dim, copies } = row.block;
        row.scale = 1e-12;
        for (let c = 0; c < copies; c++) {
          let square = 0;
          for (let i = 0; i < dim; i++) square += z[offset + i * copies + c] ** 2;
          row.scale = Math.max(row.scale, Math.sqrt(square));
        }
      }
    }

    /** Draw a code, layout (irrep index, copies) within a block. */
    show(z) {
      this.z = z;
      this.redraw();
    }

    redraw() {
      if (!this.z || !this.rows.length) return;
      const style = getComputedStyle(this.place);
      const colours = Object.fromEntries(
        ["invariant", "moving", "dial"].map((name) => [name, style.getPropertyValue(`--${name}`)]),
      );
      const rows = this.rows.filter(({ line }) => !line.hidden);
      const width = rows[0].canvas.clientWidth;
      const most = Math.max(...this.rows.map(({ block }) => (block.dim === 2 ? block.copies : 1)));
      const cell = Math.max(SMALL, Math.min(LARGE, Math.floor(width / most)));
      this.place.style.setProperty("--cell", `${cell}px`);
      rows.forEach((row) => this.draw(row, { width, cell, colours }));
    }

    /** Width of one entry of the larger blocks, so that the longest of their rows fits. */
    column(width) {
      const large = this.rows.map(({ block }) => block).filter(({ dim }) => dim > 2);
      const fits = large.map(({ dim, copies }) => Math.floor((width / copies - GAP) / dim));
      return Math.max(THIN, Math.min(WIDE, ...fits));
    }

    draw({ block, canvas, more, scale }, { width, cell, colours }) {
      const { dim, copies, offset, invariant } = block;
      const column = dim === 1 ? BAR : this.column(width);
      const size = dim === 2 ? cell : column * dim + (dim === 1 ? 0 : GAP);
      const shown = Math.min(copies, Math.max(1, Math.floor(width / size)));
      const density = window.devicePixelRatio || 1;
      const [w, h] = [Math.round(width * density), Math.round(cell * density)];
      if (canvas.width !== w) canvas.width = w;
      if (canvas.height !== h) canvas.height = h;
      const hidden = shown < copies ? `+${copies - shown}` : "";
      if (more.textContent !== hidden) more.textContent = hidden;
      const context = canvas.getContext("2d");
      context.setTransform(density, 0, 0, density, 0, 0);
      context.clearRect(0, 0, width, cell);
      const colour = invariant ? colours.invariant : colours.moving;
      for (let c = 0; c < shown; c++) {
        const entries = [];
        for (let i = 0; i < dim; i++) entries.push(this.z[offset + i * copies + c] / scale);
        const place = { left: c * size, cell, colour, line: colours.dial };
        if (dim === 2) drawDial(context, entries, place);
        else drawBars(context, entries, place, column - (dim === 1 ? 3 : 1));
      }
    }
  };

  const clamp = (value) => Math.max(-1, Math.min(1, value));

  function drawBars(context, entries, { left, cell, colour, line }, width) {
    const middle = cell / 2;
    const step = width + 1;
    context.fillStyle = line;
    context.fillRect(left, middle - 0.5, entries.length * step - 1, 1);
    context.fillStyle = colour;
    entries.forEach((entry, i) => {
      const height = clamp(entry) * (middle - 1);
      context.fillRect(left + i * step, Math.min(middle, middle - height), width, Math.abs(height));
    });
  }

  function drawDial(context, [a, b], { left, cell, colour, line }) {
    const [x, y, radius] = [left + cell / 2, cell / 2, cell / 2 - 2];
    context.lineWidth = 1;
    context.strokeStyle = line;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
    const length = Math.hypot(a, b) || 1;
    const reach = Math.sqrt(Math.min(1, length)) / length; // the root, so that short hands are seen
    const [endX, endY] = [x + a * reach * radius, y - b * reach * radius];
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(endX, endY);
    context.stroke();
    context.beginPath();
    context.arc(endX, endY, 2, 0, 2 * Math.PI);
    context.fill();
  }
})();
