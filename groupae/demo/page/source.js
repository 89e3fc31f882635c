"use strict";
// Pictures of one's own: a file that is chosen or dropped, or a drawing.

(() => {
  const demo = window.GroupaeDemo;
  const get = (id) => document.getElementById(id);
  const HINTS = {
    drop: "Or drop a picture file here.",
    draw: "Draw in the frame. By keyboard: space sets the pen down or lifts it, arrows move it.",
  };

  demo.Source = class Source {
    /** @param {object} page */
    constructor(page) {
      Object.assign(this, { page, bitmap: null, opening: null });
      const canvas = get("input");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", "Input picture");
      this.pad = new demo.Pad(canvas, page.pictures, (x) => {
        page.drawn = x;
        page.take(x);
      });
      get("draw").hidden = !page.engine.description.draws;
      get("draw").addEventListener("click", () => this.draw());
      get("clear").addEventListener("click", () => this.pad.clear());
      get("open").addEventListener("click", () => get("file").click());
      get("file").addEventListener("change", () => this.open(get("file").files[0]));
      get("invert").addEventListener("change", () => this.use());
      canvas.addEventListener("keydown", (event) => {
        if (this.pad.key(event)) event.preventDefault();
      });
      this.listenToDrops();
      this.leave();
    }

    listenToDrops() {
      const mark = (isOver) => get("drop").toggleAttribute("data-over", isOver);
      document.addEventListener("dragover", (event) => (event.preventDefault(), mark(true)));
      document.addEventListener("dragleave", () => mark(false));
      document.addEventListener("drop", (event) => {
        event.preventDefault();
        mark(false);
        const [file] = event.dataTransfer.files;
        if (file) this.open(file);
        else this.page.notice("What was dropped is no file; drop a picture file.");
      });
    }

    /** Leave drawing and own pictures. */
    leave() {
      this.bitmap = this.opening = null;
      this.setDrawing(false);
      get("invert-label").hidden = true;
    }

    setDrawing(isOn) {
      this.pad.isOn = isOn;
      get("draw").setAttribute("aria-pressed", String(isOn));
      get("clear").hidden = !isOn;
      get("input-hint").textContent = isOn ? HINTS.draw : HINTS.drop;
      const canvas = get("input");
      canvas.classList.toggle("pad", isOn);
      if (isOn) canvas.tabIndex = 0;
      else canvas.removeAttribute("tabindex");
    }

    draw() {
      this.leave();
      this.page.chooser.check(null);
      this.setDrawing(true);
      this.pad.clear();
      get("input").focus();
      this.page.say(HINTS.draw);
    }

    /** Open a file as the input. */
    async open(file) {
      if (!file) return;
      this.opening = file;
      try {
        const bitmap = await this.page.pictures.read(file);
        if (this.opening !== file) return; // something else has been chosen by now
        this.leave();
        this.bitmap = bitmap;
        get("invert-label").hidden = false;
        this.page.chooser.check(null);
        await this.use();
        this.page.say(`${file.name} is shown.`);
      } catch (error) {
        this.page.fail(error);
      } finally {
        get("file").value = "";
      }
    }

    /** Fit the opened picture. */
    use() {
      const { bitmap, page } = this;
      const { width, height } = bitmap;
      return page.take(
        page.pictures.fit(bitmap, { width, height, inverted: get("invert").checked }),
      );
    }
  };
})();
