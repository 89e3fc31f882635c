"use strict";
// Controls of the group element. Each has `value` (the parameters p of the graph), `set(p)`,
// `advance(seconds)` for playing, `drag(dx, dy)` in shares of the picture, and `key(event)`.

(() => {
  const demo = window.GroupaeDemo;
  const POSITIONS = 1000; // of a logarithmic slider

  /** Build a control into an element. `changed` is called after each change by hand. */
  demo.buildControl = (place, control, changed) => {
    const kinds = { sliders: Sliders, steps: Steps, trackball: demo.Trackball };
    const Kind = kinds[control.kind];
    if (!Kind) throw new Error(`This page has no control of the kind ${control.kind}.`);
    return new Kind(place, control, changed);
  };

  /** Return an element with attributes and children. */
  demo.element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  let labels = 0;

  /** One range input with its name and its value in words. */
  class Range {
    constructor(place, { name, low, high, step, start, words }, changed) {
      const id = `range-${++labels}`;
      const limits = { type: "range", min: low, max: high, step, value: start, id };
      this.input = demo.element("input", limits);
      this.output = demo.element("output", { for: id, class: "value", "aria-live": "off" });
      this.words = words;
      const title = name.length > 1 ? name[0].toUpperCase() + name.slice(1) : name;
      const label = demo.element("label", { for: id }, title);
      place.append(demo.element("div", { class: "range" }, label, this.input, this.output));
      this.input.addEventListener("input", () => (this.show(), changed()));
      this.show();
    }

    get position() {
      return this.input.valueAsNumber;
    }

    set position(value) {
      this.input.valueAsNumber = value;
      this.show();
    }

    show() {
      const words = this.words(this.position);
      const [low, high] = [Number(this.input.min), Number(this.input.max)];
      this.output.textContent = words;
      this.input.setAttribute("aria-valuetext", words);
      this.input.style.setProperty("--share", (this.position - low) / (high - low));
    }
  }

  /** Move a position by a distance, round a circle or reflected at both ends. */
  function moved(position, distance, { low, high, periodic }, direction) {
    const next = position + distance * direction;
    if (periodic) {
      const width = high - low;
      return [low + ((((next - low) % width) + width) % width), direction];
    }
    if (next >= high) return [high, -1];
    if (next <= low) return [low, 1];
    return [next, direction];
  }

  const decimals = (step) => Math.max(0, Math.min(3, Math.ceil(-Math.log10(step) - 1e-9)));

  /** The values of sliders, in the units shown. */
  class Sliders {
    constructor(place, { sliders }, changed) {
      this.changed = changed;
      this.sliders = sliders.map((slider) => this.build(place, slider));
      this.directions = sliders.map(() => 1);
      this.hint = this.isAngle(sliders[0]) ? "Drag round the picture" : "Drag the picture";
    }

    isAngle({ unit, periodic }) {
      return unit === "deg" && periodic;
    }

    build(place, slider) {
      const isLog = slider.scale === "log";
      const unit = slider.unit === "deg" ? "°" : slider.unit ? ` ${slider.unit}` : "";
      const ratio = slider.high / slider.low;
      const toValue = (t) => (isLog ? slider.low * ratio ** (t / POSITIONS) : t);
      const toPosition = (v) =>
        isLog ? (POSITIONS * Math.log(v / slider.low)) / Math.log(ratio) : v;
      const limits = isLog
        ? { low: 0, high: POSITIONS, step: "any" }
        : { low: slider.low, high: slider.high, step: slider.step };
      const places = decimals(slider.step);
      const words = (t) => `${toValue(t).toFixed(places).replace("-", "−")}${unit}`;
      const start = toPosition(slider.start);
      const range = new Range(place, { ...limits, name: slider.name, start, words }, this.changed);
      return { ...slider, ...limits, range, toValue, toPosition };
    }

    get value() {
      return this.sliders.map(({ range, toValue }) => toValue(range.position));
    }

    set(p) {
      this.sliders.forEach(({ range, toPosition }, i) => (range.position = toPosition(p[i])));
    }

    advance(seconds, i = 0) {
      const slider = this.sliders[i];
      const position = slider.exact ?? slider.range.position;
      const distance = ((slider.high - slider.low) * seconds) / demo.PERIOD;
      [slider.exact, this.directions[i]] = moved(position, distance, slider, this.directions[i]);
      slider.range.position = slider.exact;
    }

    rest() {
      for (const slider of this.sliders) delete slider.exact;
    }

    /** Turn by an angle in degrees if the first one is an angle, else shift along two sliders. */
    drag({ dx, dy, angle }) {
      const [first, second] = this.sliders;
      if (this.isAngle(first)) {
        this.shift(first, angle); // round the picture, so that a drag never mirrors
      } else {
        this.shift(first, dx * (first.high - first.low));
        if (second) this.shift(second, -dy * (second.high - second.low));
      }
      this.changed();
    }

    shift(slider, distance) {
      const range = slider.range;
      const rest = (slider.left ?? 0) + distance; // what is less than a step waits
      const before = range.position;
      range.position = moved(before, rest, slider, 1)[0];
      const done = range.position - before;
      slider.left = Math.abs(rest) < Math.abs(slider.high - slider.low) / 50 ? rest - done : 0;
    }

    key() {
      return false;
    }
  }

  /** The index of an element of a finite group. */
  class Steps {
    constructor(place, { titles, periodic }, changed) {
      this.changed = changed;
      this.count = titles.length;
      this.periodic = periodic;
      this.hint = "Drag the picture sideways";
      const words = (i) => titles[i];
      const limits = { low: 0, high: this.count - 1, step: 1, start: 0 };
      this.range = new Range(place, { ...limits, name: "element", words }, changed);
      this.left = 0;
      this.direction = 1;
    }

    get value() {
      return [this.range.position];
    }

    set([index]) {
      this.range.position = Math.round(index);
    }

    advance(seconds) {
      this.move((this.count * seconds * this.direction) / demo.PERIOD);
    }

    rest() {
      this.left = 0;
    }

    /** Move by a number of steps; a part of a step waits for the rest of it. */
    move(steps) {
      this.left += steps;
      const whole = Math.trunc(this.left);
      this.left -= whole;
      const next = this.range.position + whole;
      const last = this.count - 1;
      if (this.periodic) this.range.position = ((next % this.count) + this.count) % this.count;
      else this.range.position = Math.min(last, Math.max(0, next));
      if (!this.periodic && (next >= last || next <= 0)) this.direction = next >= last ? -1 : 1;
    }

    drag({ dx }) {
      this.move(dx * this.count);
      this.changed();
    }

    key() {
      return false;
    }
  }
})();
