"use strict";
// The three graphs of a model, run by onnxruntime-web in a worker, so that the page stays free.

(() => {
  const demo = window.GroupaeDemo;

  /**
   * @typedef {{data: Float32Array, dims: number[]}} Array32 numbers and their shape
   * @typedef {{encode: string, turn: string, swap?: string}} Files base64 of gzip of ONNX files
   * @typedef {{loader: string, wasm: string}} Runtime base64 of gzip of onnxruntime-web
   */

  /**
   * Return functions that start the runtime and run a graph, one after the other; a graph is read
   * when it is first run. The source of this function also runs in a worker, so it uses nothing
   * around it.
   * @param {(text: string) => Promise<Uint8Array<ArrayBuffer>>} decode
   */
  function inference(decode) {
    const sessions = {};
    let ort = null;
    let texts = {};
    let turn = Promise.resolve();

    const start = async ({ runtime, files }) => {
      const [loader, wasm] = await Promise.all([decode(runtime.loader), decode(runtime.wasm)]);
      const address = URL.createObjectURL(new Blob([loader], { type: "text/javascript" }));
      ort = await import(address);
      URL.revokeObjectURL(address);
      ort.env.logLevel = "error";
      ort.env.wasm.numThreads = 1; // more need headers of a server, which file:// has not
      ort.env.wasm.wasmBinary = wasm.buffer;
      texts = files;
    };

    const session = async (graph) => {
      const options = { executionProviders: ["wasm"] };
      return ort.InferenceSession.create(await decode(texts[graph]), options);
    };

    const run = async ({ graph, inputs }) => {
      const feeds = {};
      for (const [name, { data, dims }] of Object.entries(inputs)) {
        feeds[name] = new ort.Tensor("float32", data, dims);
      }
      sessions[graph] = sessions[graph] || (await session(graph));
      const results = await sessions[graph].run(feeds);
      const outputs = {};
      for (const [name, { data, dims }] of Object.entries(results)) {
        outputs[name] = { data: data.slice(), dims: [...dims] };
      }
      return outputs;
    };

    const after = (work) => (request) => {
      const result = turn.then(() => work(request));
      turn = result.catch(() => {});
      return result;
    };
    return { start: after(start), run: after(run) };
  }

  /** Answer messages {id, work, request} by {id, result} or {id, error}; runs in a worker. */
  function answer(worker, works) {
    worker.onmessage = async ({ data: { id, work, request } }) => {
      try {
        const result = await works[work](request);
        const memory = Object.values(result || {}).map((array) => array.data.buffer);
        worker.postMessage({ id, result }, memory);
      } catch (error) {
        worker.postMessage({ id, error: String((error && error.message) || error) });
      }
    };
  }

  /** Return the functions of `inference`, run in a worker made from their source. */
  function inferenceInWorker() {
    const source = `(${answer})(self, (${inference})(${demo.decode}));`;
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(address);
    const waiting = new Map();
    let count = 0;
    worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of waiting.values()) reject(new Error(event.message || "no worker"));
      waiting.clear();
    };
    const ask = (work) => (request) =>
      new Promise((resolve, reject) => {
        waiting.set(++count, { resolve, reject });
        worker.postMessage({ id: count, work, request });
      });
    return { start: ask("start"), run: ask("run") };
  }

  /** A model's encoder, action with decoder, and swap. Codes and pictures are flat arrays. */
  demo.Engine = class Engine {
    /** @param {{description: object, files: Files}} model */
    constructor(model) {
      this.description = model.description;
      this.files = model.files;
      this.works = null;
    }

    get swaps() {
      return "swap" in this.files;
    }

    /** @param {Runtime} runtime */
    async start(runtime) {
      const request = { runtime, files: this.files };
      try {
        this.works = inferenceInWorker();
        await this.works.start(request);
      } catch {
        this.works = inference(demo.decode); // a browser without workers: on the page itself
        await this.works.start(request);
      }
    }

    /** @returns {Promise<Float32Array>} the code of one picture */
    async encode(x) {
      const inputs = { x: { data: x, dims: [1, ...this.description.x_shape] } };
      return (await this.works.run({ graph: "encode", inputs })).z.data;
    }

    /**
     * Move codes by one element each, and decode them.
     * @param {Float32Array[]} codes
     * @param {number[][]} parameters of as many elements
     * @returns {Promise<{codes: Float32Array[], pictures: Float32Array[]}>}
     */
    async turn(codes, parameters) {
      const inputs = { z: stack(codes), p: stack(parameters) };
      const { z_g, x_g } = await this.works.run({ graph: "turn", inputs });
      return { codes: rows(z_g), pictures: rows(x_g) };
    }

    /** @returns {Promise<Float32Array>} invariants of the first code, the rest of the second */
    async swap(first, second) {
      const inputs = { z1: stack([first]), z2: stack([second]) };
      return (await this.works.run({ graph: "swap", inputs })).z.data;
    }
  };

  /** @returns {Array32} */
  function stack(list) {
    const size = list[0].length;
    const data = new Float32Array(list.length * size);
    list.forEach((row, i) => data.set(row, i * size));
    return { data, dims: [list.length, size] };
  }

  /** @param {Array32} array */
  function rows({ data, dims }) {
    const size = data.length / dims[0];
    return Array.from({ length: dims[0] }, (_, i) => data.subarray(i * size, (i + 1) * size));
  }
})();
