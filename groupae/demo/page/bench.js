"use strict";
// A control with its buttons and the pictures that it turns: used for the input, and for the swap.

(() => {
  const demo = window.GroupaeDemo;

  demo.Bench = class Bench {
    /**
     * @param {demo.Engine} engine
     * @param {{control: HTMLElement, play: HTMLButtonElement, reset: HTMLButtonElement,
     *   canvases: HTMLCanvasElement[]}} places the first canvas can be dragged
     * @param {{show: Function, fail: Function}} page
     */
    constructor(engine, places, { show, fail }) {
      this.control = demo.buildControl(places.control, engine.description.control, () =>
        this.byHand(),
      );
      if (engine.description.start) this.control.set(engine.description.start);
      this.start = this.control.value;
      this.turner = new demo.Turner(engine, () => this.control.value, show, fail);
      this.player = new demo.Player(places.play, this.control, () => this.turner.update());
      places.reset.addEventListener("click", () => this.go(this.start));
      for (const canvas of places.canvases) {
        demo.makeDraggable(canvas, this.control, () => this.player.pause());
        canvas.classList.add("draggable");
      }
    }

    byHand() {
      this.player.pause();
      this.turner.update();
    }

    /** Move the control to parameters. */
    go(p) {
      this.player.pause();
      this.control.set(p);
      return this.turner.update();
    }
  };
})();
