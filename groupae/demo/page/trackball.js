"use strict";
// A rotation of space, turned by hand about the axes of the camera.

(() => {
  const demo = window.GroupaeDemo;
  const STEP = Math.PI / 24; // radians of one arrow key

  /** Return the product of two 3x3 matrices, row-major. */
  function multiply(a, b) {
    const c = [];
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        c.push(a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j]);
      }
    }
    return c;
  }

  /** Return the rotation about a vector by its length in radians (Rodrigues). */
  function rotation([x, y, z]) {
    const angle = Math.hypot(x, y, z);
    if (angle === 0) return [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const [u, v, w] = [x / angle, y / angle, z / angle];
    const [c, s, t] = [Math.cos(angle), Math.sin(angle), 1 - Math.cos(angle)];
    return [
      [t * u * u + c, t * u * v - s * w, t * u * w + s * v],
      [t * u * v + s * w, t * v * v + c, t * v * w - s * u],
      [t * u * w - s * v, t * v * w + s * u, t * w * w + c],
    ].flat();
  }

  /** Return a matrix made orthogonal again, row by row. */
  function orthogonal(R) {
    const scaled = (a) => a.map((v) => v / Math.hypot(...a));
    const a = scaled(R.slice(0, 3));
    const along = a.reduce((sum, v, i) => sum + v * R[3 + i], 0);
    const b = scaled(a.map((v, i) => R[3 + i] - along * v));
    const c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    return [...a, ...b, ...c];
  }

  const KEYS = {
    ArrowLeft: [0, -1, 0],
    ArrowRight: [0, 1, 0],
    ArrowUp: [-1, 0, 0],
    ArrowDown: [1, 0, 0],
    PageUp: [0, 0, 1],
    PageDown: [0, 0, -1],
  };

  const BUTTONS = [
    ["←", "Turn left", "ArrowLeft"],
    ["→", "Turn right", "ArrowRight"],
    ["↑", "Turn up", "ArrowUp"],
    ["↓", "Turn down", "ArrowDown"],
    ["↺", "Roll counter-clockwise", "PageUp"],
    ["↻", "Roll clockwise", "PageDown"],
  ];

  /** A rotation matrix; `frame` has the rows right, up and towards the viewer. */
  demo.Trackball = class Trackball {
    constructor(place, { frame, mirrored }, changed) {
      this.frame = frame;
      this.signs = mirrored ? [1] : []; // of O(3): a tenth number, -1 after a mirror
      this.changed = changed;
      this.rotation = rotation([0, 0, 0]);
      this.hint = "Drag the picture like a ball";
      const row = demo.element("div", { class: "buttons", role: "group", "aria-label": "Turn" });
      for (const [sign, label, key] of BUTTONS) {
        const button = demo.element(
          "button",
          { type: "button", "aria-label": label, title: label },
          sign,
        );
        button.addEventListener("click", () => this.key({ key }));
        row.append(button);
      }
      if (mirrored) row.append(this.mirror());
      this.output = demo.element("output", { class: "hint", "aria-live": "off" });
      place.append(demo.element("div", { class: "trackball" }, row, this.output));
      this.show();
    }

    mirror() {
      const button = demo.element("button", { type: "button", "aria-pressed": "false" }, "Mirror");
      button.addEventListener("click", () => {
        this.signs = [-this.signs[0]];
        this.show();
        this.changed();
      });
      this.mirrorButton = button;
      return button;
    }

    /** The rotation, row-major, and the sign of a mirror where there is one. */
    get value() {
      return [...this.rotation, ...this.signs];
    }

    set(p) {
      this.rotation = p.slice(0, 9);
      this.signs = p.slice(9);
      this.show();
    }

    show() {
      this.mirrorButton?.setAttribute("aria-pressed", String(this.signs[0] === -1));
      const cosine = (this.rotation[0] + this.rotation[4] + this.rotation[8] - 1) / 2;
      const angle = (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
      this.output.textContent = `${angle.toFixed(0)}° from the start`;
    }

    /** Rotate about right, up and towards the viewer, in radians. */
    rotate(angles) {
      const axis = [0, 1, 2].map((k) =>
        angles.reduce((sum, a, i) => sum + a * this.frame[i][k], 0),
      );
      this.rotation = orthogonal(multiply(rotation(axis), this.rotation));
      this.show();
    }

    advance(seconds) {
      this.output.ariaLive = "off";
      this.rotate([0, (2 * Math.PI * seconds) / demo.PERIOD, 0]);
    }

    rest() {}

    drag({ dx, dy, angle, rolls }) {
      this.output.ariaLive = "off";
      if (rolls) this.rotate([0, 0, (angle * Math.PI) / 180]);
      else this.rotate([dy * Math.PI, dx * Math.PI, 0]);
      this.changed();
    }

    key({ key }) {
      if (!(key in KEYS)) return false;
      this.output.ariaLive = "polite"; // said after keys and buttons only
      this.rotate(KEYS[key].map((sign) => sign * STEP));
      this.changed();
      return true;
    }
  };
})();
