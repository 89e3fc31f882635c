"use strict";
// A picture that is dragged: distances in shares of it, angles round its middle in degrees.

(() => {
  const demo = window.GroupaeDemo;

  /** Pass drags of a canvas, and its keys, to a control; `begun` is called first. */
  demo.makeDraggable = (canvas, control, begun) => {
    let last = null;
    const at = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
    };
    const bearing = ([x, y]) => (Math.atan2(0.5 - y, x - 0.5) * 180) / Math.PI;

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      last = at(event);
      begun();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last || !event.buttons) return;
      const now = at(event);
      const angle = ((bearing(now) - bearing(last) + 540) % 360) - 180;
      control.drag({ dx: now[0] - last[0], dy: now[1] - last[1], angle, rolls: event.shiftKey });
      last = now;
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => (last = null));
    }
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      begun();
      if (control.key(event)) event.preventDefault();
    });
  };
})();
