"use strict";
// Play and pause of a control.

(() => {
  const demo = window.GroupaeDemo;
  /** Seconds of one sweep. */
  demo.PERIOD = 8;
  const CALM = matchMedia("(prefers-reduced-motion: reduce)");

  demo.Player = class Player {
    /** @param {HTMLButtonElement} button @param {object} control @param {() => void} moved */
    constructor(button, control, moved) {
      Object.assign(this, { button, control, moved, isPlaying: false });
      button.addEventListener("click", () => (this.isPlaying ? this.pause() : this.play()));
      document.addEventListener("visibilitychange", () => document.hidden && this.pause());
    }

    /** Whether nothing may move by itself. */
    static get isCalm() {
      return CALM.matches;
    }

    /**
     * Play until paused, or for some seconds. With reduced motion: one still step per second.
     * @returns {Promise<boolean>} whether the seconds are over, and nobody has paused
     */
    async play(seconds = Infinity) {
      if (this.isPlaying) return false;
      this.show(true);
      let before = performance.now();
      const end = before + 1000 * seconds;
      while (this.isPlaying) {
        if (Player.isCalm) await new Promise((resolve) => setTimeout(resolve, 1000));
        else await demo.nextFrame();
        if (!this.isPlaying) return false;
        const now = performance.now();
        const passed = Math.min((now - before) / 1000, 1);
        before = now;
        this.control.advance(Player.isCalm ? 2 / 3 : passed);
        this.moved();
        if (now > end) {
          this.pause();
          return true;
        }
      }
      return false;
    }

    pause() {
      if (!this.isPlaying) return;
      this.show(false);
      this.control.rest();
    }

    show(isPlaying) {
      this.isPlaying = isPlaying;
      this.button.textContent = isPlaying ? "Pause" : "Play";
    }
  };
})();
