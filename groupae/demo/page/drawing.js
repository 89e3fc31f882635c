"use strict";
// A pad on which one draws a digit: by mouse or finger, or with the keyboard.

(() => {
  const demo = window.GroupaeDemo;
  const FINE = 8; // pixels of the pad per pixel of the picture
  const WIDTH = 0.085; // of the pen, as a share of the picture
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** Strokes on a fine canvas, read as a picture. Works while `isOn`. */
  demo.Pad = class Pad {
    /**
     * @param {HTMLCanvasElement} canvas that shows the picture and takes the pen
     * @param {demo.Pictures} pictures
     * @param {(x: Float32Array) => void} drawn
     */
    constructor(canvas, pictures, drawn) {
      Object.assign(this, { canvas, pictures, drawn, isOn: false, isDown: false });
      this.fine = new OffscreenCanvas(pictures.width * FINE, pictures.height * FINE);
      this.pen = [0.5, 0.5];
      canvas.addEventListener("pointerdown", (event) => this.begin(event));
      canvas.addEventListener("pointermove", (event) => this.follow(event));
      for (const name of ["pointerup", "pointercancel"]) {
        canvas.addEventListener(name, () => this.isOn && (this.isDown = false));
      }
    }

    /** Begin with an empty picture. */
    clear() {
      const context = this.fine.getContext("2d");
      context.fillStyle = this.pictures.groundColour;
      context.fillRect(0, 0, this.fine.width, this.fine.height);
      this.isDown = false;
      this.pen = [0.5, 0.5];
      this.read();
    }

    read() {
      const { width, height } = this.fine;
      this.drawn(this.pictures.fit(this.fine, { width, height }));
    }

    at({ clientX, clientY }) {
      const box = this.canvas.getBoundingClientRect();
      return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
    }

    begin(event) {
      if (!this.isOn || event.button !== 0) return;
      event.preventDefault();
      this.canvas.focus();
      this.canvas.setPointerCapture(event.pointerId);
      this.isDown = true;
      this.pen = this.at(event);
      this.stroke(this.pen);
    }

    follow(event) {
      if (!this.isOn || !this.isDown || !event.buttons) return;
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const point of events.length ? events : [event]) this.stroke(this.at(point));
    }

    /** Draw from the pen to a point, in shares of the picture. */
    stroke(point) {
      const { width, height } = this.fine;
      const context = this.fine.getContext("2d");
      context.strokeStyle = "white";
      context.lineWidth = WIDTH * width;
      context.lineCap = context.lineJoin = "round";
      context.beginPath();
      context.moveTo(this.pen[0] * width, this.pen[1] * height);
      context.lineTo(point[0] * width, point[1] * height);
      context.stroke();
      this.pen = point;
      this.read();
    }

    /** Take a key: space sets the pen down or lifts it, arrows move it. Returns whether it did. */
    key({ key }) {
      if (!this.isOn) return false;
      if (key === " ") {
        this.isDown = !this.isDown;
        if (this.isDown) this.stroke(this.pen);
        return true;
      }
      if (!(key in KEYS)) return false;
      const step = 1 / this.pictures.width;
      const next = this.pen.map((v, i) => Math.min(1, Math.max(0, v + step * KEYS[key][i])));
      if (this.isDown) this.stroke(next);
      this.pen = next;
      return true;
    }
  };
})();
