"use strict";
// Content of model.js and runtime.js: base64 of gzip, as bytes.

(() => {
  const demo = (window.GroupaeDemo = window.GroupaeDemo || {});

  /** Whether this browser can run a model: it needs WebAssembly and DecompressionStream. */
  demo.isSupported = () =>
    typeof WebAssembly === "object" && typeof DecompressionStream === "function";

  /**
   * Decode base64 of gzip. Its source also runs in a worker, so it uses nothing around it.
   * @param {string} text
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  demo.decode = async function decode(text) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  /**
   * Load a neighbouring file as a classic script, which also works from file://.
   * @param {string} name
   * @returns {Promise<void>}
   */
  demo.loadScript = (name) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = name;
      script.onload = () => resolve();
      script.onerror = () =>
        reject(new Error(`The file ${name} is missing beside this page; write the folder again.`));
      document.head.append(script);
    });
})();
