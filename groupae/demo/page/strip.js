"use strict";
// The orbit strip: one picture under about a dozen elements; a click moves the control there.

(() => {
  const demo = window.GroupaeDemo;
  const BUDGET = 60; // milliseconds of one batch, so that the slider never waits longer

  demo.Strip = class Strip {
    /**
     * @param {HTMLElement} place
     * @param {demo.Engine} engine
     * @param {demo.Pictures} pictures
     * @param {{go: (p: number[]) => void, speed: () => number, fail: (error: Error) => void}} page
     */
    constructor(place, engine, pictures, { go, speed, fail }) {
      Object.assign(this, { engine, pictures, speed });
      this.orbit = engine.description.orbit;
      this.canvases = this.orbit.p.map((p, i) => this.cell(place, p, this.orbit.titles[i], go));
      place.style.setProperty("--count", this.canvases.length);
      place.toggleAttribute("data-wide", /\n/.test(this.orbit.titles.join("")));
      /** Show the orbit of a code. */
      this.take = demo.newest((z) => this.run(z), fail);
    }

    cell(place, p, title, go) {
      const canvas = demo.element("canvas", { class: "pixels" });
      const label = `Go to ${title}`;
      const button = demo.element("button", { type: "button", "aria-label": label }, canvas, title);
      button.addEventListener("click", () => go(p));
      place.append(button);
      canvas.width = this.pictures.width;
      canvas.height = this.pictures.height;
      return canvas;
    }

    async run(z) {
      this.z = z;
      const { p } = this.orbit;
      const count = Math.max(1, Math.min(p.length, Math.floor(BUDGET / Math.max(1, this.speed()))));
      for (let begin = 0; begin < p.length; begin += count) {
        const elements = p.slice(begin, begin + count);
        const { pictures } = await this.engine.turn(
          elements.map(() => z),
          elements,
        );
        pictures.forEach((x, i) => this.pictures.draw(this.canvases[begin + i], x));
      }
    }

    /** Mark the element of the strip that is nearest to the control's. */
    mark(value) {
      const far = this.orbit.p.map((p) =>
        Math.hypot(...p.map((v, i) => this.apart(v, value[i], i))),
      );
      const nearest = far.indexOf(Math.min(...far));
      this.canvases.forEach(({ parentElement: button }, i) => {
        if (i === nearest) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      });
    }

    /** Return the distance of two values of a parameter, round the circle where it has a period. */
    apart(a, b, i) {
      const { kind, sliders, titles, periodic } = this.engine.description.control;
      const slider = kind === "sliders" ? sliders[i] : { low: 0, high: titles?.length, periodic };
      const width = slider.high - slider.low || 1;
      const share = Math.abs(a - b) / width;
      return slider.periodic ? Math.min(share % 1, 1 - (share % 1)) : share;
    }
  };
})();
