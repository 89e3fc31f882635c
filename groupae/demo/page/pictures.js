"use strict";
// Pictures: arrays of numbers in the model's range, shape (channels, rows, columns), and canvases.

(() => {
  const demo = window.GroupaeDemo;

  /** Return a source with inverted colours, as transparent as before. */
  function invert(source, width, height) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.drawImage(source, 0, 0);
    context.globalCompositeOperation = "difference";
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "destination-in";
    context.drawImage(source, 0, 0);
    return canvas;
  }

  /** Pictures of one model: its shape, its range, its ground. */
  demo.Pictures = class Pictures {
    /** @param {{x_shape: number[], range: number[], ground: number}} description */
    constructor({ x_shape, range, ground }) {
      [this.channels, this.height, this.width] = x_shape;
      [this.low, this.high] = range;
      this.ground = ground;
      this.size = this.channels * this.height * this.width;
    }

    /** Return picture `i` of bytes that hold many. */
    fromBytes(bytes, i) {
      const x = new Float32Array(this.size);
      const scale = (this.high - this.low) / 255;
      for (let k = 0; k < this.size; k++) x[k] = this.low + bytes[i * this.size + k] * scale;
      return x;
    }

    /** Return the byte that shows a number; outside the range it is clamped. */
    toByte(value) {
      const share = (value - this.low) / (this.high - this.low);
      return Math.round(255 * Math.min(1, Math.max(0, share)));
    }

    /** Give a canvas the size of a picture, and draw one into it. */
    draw(canvas, x) {
      if (canvas.width !== this.width) canvas.width = this.width;
      if (canvas.height !== this.height) canvas.height = this.height;
      const context = canvas.getContext("2d", { willReadFrequently: true }); // is written often
      const image = context.createImageData(this.width, this.height);
      const area = this.width * this.height;
      for (let i = 0; i < area; i++) {
        for (let c = 0; c < 3; c++) {
          image.data[4 * i + c] = this.toByte(x[(this.channels === 3 ? c * area : 0) + i]);
        }
        image.data[4 * i + 3] = 255;
      }
      context.putImageData(image, 0, 0);
    }

    /** Return the CSS colour of the ground. */
    get groundColour() {
      const byte = this.toByte(this.ground);
      return `rgb(${byte} ${byte} ${byte})`;
    }

    /**
     * Fit a drawable source into the picture, whole, centred, composited on the ground.
     * @param {CanvasImageSource} source
     * @param {{width: number, height: number, inverted?: boolean}} options size of the source
     */
    fit(source, { width, height, inverted = false }) {
      const canvas = new OffscreenCanvas(this.width, this.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.fillStyle = this.groundColour;
      context.fillRect(0, 0, this.width, this.height);
      const scale = Math.min(this.width / width, this.height / height);
      const [w, h] = [Math.max(1, width * scale), Math.max(1, height * scale)];
      const [left, top] = [(this.width - w) / 2, (this.height - h) / 2];
      context.imageSmoothingQuality = "high";
      const shown = inverted ? invert(source, width, height) : source;
      context.drawImage(shown, left, top, w, h);
      return this.fromImage(context.getImageData(0, 0, this.width, this.height).data);
    }

    /** Return red, green, blue, opacity bytes as a picture; grey is Rec. 601 luma. */
    fromImage(data) {
      const x = new Float32Array(this.size);
      const area = this.width * this.height;
      const scale = (this.high - this.low) / 255;
      for (let i = 0; i < area; i++) {
        const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
        if (this.channels === 3) {
          [red, green, blue].forEach((byte, c) => (x[c * area + i] = this.low + byte * scale));
        } else {
          x[i] = this.low + (0.299 * red + 0.587 * green + 0.114 * blue) * scale;
        }
      }
      return x;
    }

    /**
     * Return a file as something to draw.
     * @param {File} file
     * @returns {Promise<ImageBitmap>}
     */
    async read(file) {
      try {
        return await createImageBitmap(file);
      } catch {
        const kind = "a picture that this browser shows, such as PNG or JPEG";
        throw new Error(`${file.name} is not ${kind}; choose another file.`);
      }
    }
  };
})();
