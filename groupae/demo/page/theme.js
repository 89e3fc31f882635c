"use strict";
// Light and dark: of the system, of the page around an iframe, of the address, or by hand.

(() => {
  const demo = window.GroupaeDemo;
  const DARK = matchMedia("(prefers-color-scheme: dark)");
  const NAMES = ["auto", "light", "dark"];

  /** Options of the address: ?compact&theme=dark, or the same after #. */
  demo.options = () => {
    const options = new URLSearchParams(location.search);
    for (const [name, value] of new URLSearchParams(location.hash.slice(1)))
      options.set(name, value);
    return options;
  };

  /** Show a theme, and follow the pages of furo around an iframe of the same origin. */
  demo.Theme = class Theme {
    /** @param {HTMLButtonElement} button @param {() => void} changed */
    constructor(button, changed) {
      this.button = button;
      this.changed = changed;
      this.show(demo.options().get("theme") || this.outer() || "auto");
      button.addEventListener("click", () => {
        this.show(NAMES[(NAMES.indexOf(this.name) + 1) % NAMES.length]);
      });
      DARK.addEventListener("change", () => this.show(this.name));
    }

    outer() {
      try {
        if (window.parent === window) return null;
        const { body } = window.parent.document;
        const follow = () => body.dataset.theme && this.show(body.dataset.theme);
        new MutationObserver(follow).observe(body, { attributeFilter: ["data-theme"] });
        return body.dataset.theme;
      } catch {
        return null; // a page of another origin
      }
    }

    show(name) {
      this.name = NAMES.includes(name) ? name : "auto";
      const shown = this.name === "auto" ? (DARK.matches ? "dark" : "light") : this.name;
      document.documentElement.dataset.theme = shown;
      this.button.textContent = `Theme: ${this.name}`;
      this.changed();
    }
  };
})();
