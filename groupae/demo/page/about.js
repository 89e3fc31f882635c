"use strict";
// Title, notation, the sentence of what to watch, score, versions and licences.

(() => {
  const demo = window.GroupaeDemo;
  const { element } = demo;
  const get = (id) => document.getElementById(id);
  const TERMS = 12; // of a representation in the heading; the foot of the page has all

  /** Write the words of a description into the page. */
  demo.describe = (description) => {
    const { title, summary, group, representation } = description;
    const words = /^[a-z]+(-[a-z]+)*$/.test(title)
      ? sentence(title.replace(/-/g, " ")).slice(0, -1)
      : title;
    document.title = `${words} · groupae demo`;
    get("title").textContent = words;
    get("summary").textContent = sentence(summary);
    const terms = representation.split(" + ");
    const few =
      terms.length > TERMS
        ? `${terms.slice(0, TERMS - 2).join(" + ")} + … + ${terms.at(-1)}`
        : representation;
    const of = element("code", { title: representation }, few);
    get("notation").replaceChildren(element("code", {}, group), " acts on the code by ", of);
    get("watch").textContent = description.watch || watch(description);
    get("about").replaceChildren(...about(description));
  };

  const sentence = (text) => {
    const trimmed = text.trim();
    if (!trimmed) return "";
    return trimmed[0].toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
  };

  /** Groups of rotations of the plane, whose irrep k turns k times as fast. */
  const TURNS = /^(SO\(2\)|C\(\d+\))$/;

  function watch({ control, group }) {
    const begin = {
      sliders: control.sliders?.length > 1 ? "Move the sliders." : "Move the slider.",
      steps: "Move the slider from element to element.",
      trackball: "Drag the prediction like a ball.",
    }[control.kind];
    const rows = TURNS.test(group) ? "row k turns k times as fast" : "everything else moves";
    const end = `the invariants in it stand still while ${rows}.`;
    return `${begin} The action moves only the code, and the decoder draws the picture: ${end}`;
  }

  function about({ score, group, representation, code_size, versions, licences, links, pictures }) {
    const facts = [
      ["Score", score],
      ["Group", group],
      ["Code", `${code_size} numbers: ${representation}`],
      ["Pictures", pictures && `${pictures.count} of the split “${pictures.split}”`],
      [
        "Versions",
        Object.entries(versions || {})
          .map(([k, v]) => `${k.replace(/_/g, "-")} ${v}`)
          .join(", "),
      ],
      ["Licences", (licences || []).join("; ")],
    ].filter(([, text]) => text);
    const list = element(
      "dl",
      {},
      ...facts.flatMap(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]),
    );
    const files = { "Licences in full": "LICENCES.txt" };
    const anchors = Object.entries({ ...links, ...files }).map(([name, href]) =>
      element("a", { href, target: "_blank", rel: "noopener" }, sentence(name).slice(0, -1)),
    );
    const own = element("p", {}, "Everything is computed on this page; no picture leaves it.");
    return [list, element("p", { class: "links" }, ...anchors.flatMap((a) => [a, " "])), own];
  }
})();
