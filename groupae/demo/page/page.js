"use strict";
// The page: loads the model and the runtime, and connects what is chosen with what is shown.

(() => {
  const demo = window.GroupaeDemo;
  const get = (id) => document.getElementById(id);
  const FORMAT = 1; // of model.js

  class Page {
    constructor() {
      this.latents = null;
      this.theme = new demo.Theme(get("theme"), () => this.latents?.redraw());
      this.isCompact = demo.options().has("compact");
      document.documentElement.toggleAttribute("data-compact", this.isCompact);
      this.fail = (error) => this.notice(error.message);
    }

    /** Show the page; returns when the first prediction is there. */
    async open() {
      // several pages of one site can share a runtime: <html data-runtime="../runtime.js">
      const runtime = demo.isSupported()
        ? demo.loadScript(document.documentElement.dataset.runtime || "runtime.js")
        : null;
      runtime?.catch(() => {}); // told below
      try {
        await demo.loadScript("model.js");
        this.model = window.GROUPAE_MODEL;
        this.checkFormat();
        demo.describe(this.model.description);
      } catch (error) {
        this.showStill(error.message);
        return;
      }
      if (!demo.isSupported()) {
        this.showStill(
          "This browser lacks WebAssembly or DecompressionStream, which run the model; " +
            "here are still orbits instead. A current browser shows them moving.",
        );
        return;
      }
      try {
        await this.show(runtime);
      } catch (error) {
        this.showStill(
          `The model does not run in this browser (${error.message}); here are still orbits.`,
        );
      }
    }

    checkFormat() {
      const format = this.model?.description?.format;
      if (format === FORMAT) return;
      const got = format === undefined ? "no format" : `format ${format}`;
      throw new Error(
        `This page reads model.js of format ${FORMAT}, but it has ${got}; write the folder again.`,
      );
    }

    /** Show the still orbit and a sentence in place of everything else. */
    showStill(text) {
      this.notice(text);
      get("app").hidden = true;
      get("still").querySelector("img").src = "orbit.png";
      get("still").hidden = false;
      this.say("");
    }

    async show(runtime) {
      const { description } = this.model;
      this.pictures = new demo.Pictures(description);
      const bytes = await demo.decode(this.model.pictures);
      const { count, labels } = description.pictures;
      const list = Array.from({ length: count }, (_, i) => this.pictures.fromBytes(bytes, i));
      this.shown = { list, labels };
      this.engine = new demo.Engine(this.model);
      const started = runtime.then(() => this.engine.start(window.GROUPAE_RUNTIME));
      started.catch(() => {}); // told below
      this.build();
      get("app").hidden = false;
      this.pictures.draw(get("input"), list[0]);
      await started;
      delete window.GROUPAE_RUNTIME; // megabytes of text
      await this.choose(0);
      this.swap?.choose(Math.min(1, count - 1));
      this.greet();
    }

    build() {
      const { engine, pictures, shown, fail } = this;
      const places = { control: get("control"), play: get("play"), reset: get("reset") };
      places.canvases = [get("prediction")];
      const show = (turned) => this.showTurned(turned);
      this.latents = new demo.Latents(get("latents"), engine.description);
      this.bench = new demo.Bench(engine, places, { show, fail });
      this.labelPrediction();
      const speed = () => this.bench.turner.milliseconds;
      const go = (p) => this.bench.go(p);
      this.strip = new demo.Strip(get("strip"), engine, pictures, { go, speed, fail });
      this.strip.mark(this.bench.control.value);
      this.chooser = new demo.Chooser(get("thumbnails"), pictures, shown, (i) => this.choose(i));
      if (engine.swaps && !this.isCompact) this.swap = new demo.Swap(engine, pictures, shown, fail);
      this.take = demo.newest((x) => this.encode(x), fail);
      this.source = new demo.Source(this);
    }

    labelPrediction() {
      const canvas = get("prediction");
      get("drag-hint").textContent = this.bench.control.hint;
      if (this.engine.description.control.kind !== "trackball") {
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", "Prediction of the model");
        return;
      }
      canvas.tabIndex = 0;
      canvas.setAttribute("role", "application");
      canvas.setAttribute("aria-label", "Prediction; arrow keys turn it, page up and down roll it");
    }

    /** Choose a test picture. */
    async choose(i) {
      this.chooser.check(i);
      this.source.leave();
      await this.take(this.shown.list[i]);
      this.say(`${this.chooser.words(i)} is shown.`);
    }

    /** Show a picture and its code, turned as the control says; then its orbit. */
    async encode(x) {
      this.notice("");
      this.pictures.draw(get("input"), x);
      const z = await this.engine.encode(x);
      this.latents.rescale(z);
      await this.bench.turner.take([z]);
      this.strip.take(z);
      this.swap?.take(x, z);
    }

    showTurned({ codes, pictures }) {
      this.pictures.draw(get("prediction"), pictures[0]);
      this.latents.show(codes[0]);
      this.strip.mark(this.bench.control.value);
    }

    /** Play one sweep when the page opens, unless motion is unwanted or the page is embedded. */
    async greet() {
      if (demo.Player.isCalm || this.isCompact || demo.options().get("play") === "0") return;
      if (await this.bench.player.play(demo.PERIOD)) this.bench.go(this.bench.start);
    }

    /** Say something to who listens, and at the foot of the page. */
    say(text) {
      get("status").textContent = text;
    }

    /** Show a sentence on what went wrong, or none. */
    notice(text) {
      get("notice").textContent = text;
      get("notice").hidden = !text;
    }
  }

  demo.page = new Page();
  /** Settled when the first prediction is shown, or a sentence instead. */
  demo.ready = demo.page.open();
  window.addEventListener("error", (event) =>
    demo.page.fail(event.error || new Error(event.message)),
  );
  window.addEventListener("unhandledrejection", (event) => demo.page.fail(event.reason));
})();
