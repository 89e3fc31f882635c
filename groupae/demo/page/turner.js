"use strict";
// Work on the newest request only: at most one batch in flight, and what is stale is left out.

(() => {
  const demo = window.GroupaeDemo;
  const FRAME = 15; // milliseconds, a little less than a frame of most screens

  /**
   * Return a function that works on its newest argument, one after the other. It returns when no
   * newer one is asked for.
   * @template T
   * @param {(wanted: T) => Promise<void>} work
   * @param {(error: Error) => void} fail
   * @returns {(wanted?: T) => Promise<void>}
   */
  demo.newest = (work, fail) => {
    let wanted = null; // [argument]
    let running = null;
    const run = async () => {
      try {
        while (wanted) {
          const [argument] = wanted;
          wanted = null;
          await work(argument);
        }
      } catch (error) {
        wanted = null;
        fail(error);
      } finally {
        running = null;
      }
    };
    return (argument) => {
      wanted = [argument];
      running = running || run();
      return running;
    };
  };

  /** Return at the next frame, or soon where the page is hidden and has no frames. */
  demo.nextFrame = () =>
    new Promise((resolve) => {
      if (document.hidden) setTimeout(resolve, 16);
      else requestAnimationFrame(resolve);
    });

  /** Codes moved by the element of one control. */
  demo.Turner = class Turner {
    /**
     * @param {demo.Engine} engine
     * @param {() => number[]} parameters of the element now
     * @param {(turned: {codes: Float32Array[], pictures: Float32Array[]}) => void} show
     * @param {(error: Error) => void} fail
     */
    constructor(engine, parameters, show, fail) {
      Object.assign(this, { engine, parameters, show });
      this.codes = [];
      this.begun = -FRAME; // time of the last batch
      this.updates = 0; // shown since the page was opened
      this.milliseconds = 0; // of the last batch
      /** Ask for the codes at the newest element. */
      this.update = demo.newest(() => this.run(), fail);
    }

    /** Take other codes, and return when they are shown. */
    take(codes) {
      this.codes = codes;
      return this.update();
    }

    async run() {
      if (performance.now() - this.begun < FRAME) await demo.nextFrame(); // once per frame
      const { codes } = this;
      if (!codes.length) return;
      const begin = (this.begun = performance.now());
      const turned = await this.engine.turn(codes, codes.map(this.parameters));
      this.milliseconds = performance.now() - begin;
      if (codes !== this.codes) return; // those of another picture are asked for by now
      this.updates += 1;
      this.show(turned);
    }
  };
})();
