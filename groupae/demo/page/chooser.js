"use strict";
// Thumbnails of the test pictures, as radio buttons: one tab stop, arrow keys between them.

(() => {
  const demo = window.GroupaeDemo;
  let choosers = 0;

  demo.Chooser = class Chooser {
    /**
     * @param {HTMLElement} place
     * @param {demo.Pictures} pictures
     * @param {{list: Float32Array[], labels: string[] | null}} shown
     * @param {(i: number) => void} chosen
     */
    constructor(place, pictures, { list, labels }, chosen) {
      const name = `chooser-${++choosers}`;
      this.inputs = list.map((x, i) => {
        const canvas = demo.element("canvas", { class: "pixels" });
        pictures.draw(canvas, x);
        const words = this.words(i, labels);
        const input = demo.element("input", { type: "radio", name, "aria-label": words });
        input.addEventListener("change", () => chosen(i));
        place.append(demo.element("label", { class: "thumbnail", title: words }, input, canvas));
        return input;
      });
      this.labels = labels;
    }

    words(i, labels = this.labels) {
      return labels && labels[i] ? `Test picture ${i + 1}: ${labels[i]}` : `Test picture ${i + 1}`;
    }

    /** Check one, or none. */
    check(i) {
      for (const input of this.inputs) input.checked = false;
      if (i !== null) this.inputs[i].checked = true;
    }
  };
})();
