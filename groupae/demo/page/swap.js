"use strict";
// Swap of two pictures: invariants of the first, and the rest of the code of the second.

(() => {
  const demo = window.GroupaeDemo;
  const get = (id) => document.getElementById(id);

  demo.Swap = class Swap {
    /**
     * @param {demo.Engine} engine
     * @param {demo.Pictures} pictures
     * @param {{list: Float32Array[], labels: string[] | null}} shown
     * @param {(error: Error) => void} fail
     */
    constructor(engine, pictures, shown, fail) {
      Object.assign(this, { engine, pictures, shown, first: null, second: null });
      get("swap").hidden = false;
      const places = {
        control: get("swap-control"),
        play: get("swap-play"),
        reset: get("swap-reset"),
      };
      places.canvases = [get("swap-second"), get("swap-result")];
      const show = ({ pictures: list }) =>
        list.forEach((x, i) => pictures.draw(places.canvases[i], x));
      this.bench = new demo.Bench(engine, places, { show, fail });
      this.chooser = new demo.Chooser(get("swap-thumbnails"), pictures, shown, (i) =>
        this.choose(i),
      );
      this.mix = demo.newest(() => this.run(), fail);
      this.encode = demo.newest(async (x) => {
        this.second = await engine.encode(x);
        await this.mix();
      }, fail);
    }

    /** Choose the second picture. */
    choose(i) {
      this.chooser.check(i);
      return this.encode(this.shown.list[i]);
    }

    /** Take the first picture and its code. */
    take(x, z) {
      this.pictures.draw(get("swap-first"), x);
      this.first = z;
      return this.mix();
    }

    async run() {
      if (!this.first || !this.second) return;
      const { second } = this;
      await this.bench.turner.take([second, await this.engine.swap(this.first, second)]);
    }
  };
})();
