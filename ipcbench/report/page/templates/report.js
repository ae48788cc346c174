"use strict";
// The controls of the page. Without them everything is there to read; they compute nothing that ranks. What a reader
// has chosen lives in the address alone: #<id of a place>&mech=<name>&theme=<light or dark>, each of which may be missing
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const chips = all("[data-chip]");
  const themes = all("[data-set-theme]");
  const names = new Set(chips.map((chip) => chip.dataset.chip));

  // The address is untrusted: what it names that is not on the page counts as not said. The place may be left out.
  function read() {
    const parts = location.hash.slice(1).split("&");
    const place = parts[0].includes("=") ? "" : parts.shift();
    const said = new URLSearchParams(parts.join("&"));
    const theme = said.get("theme");
    return {
      place: document.getElementById(place) ? place : "",
      mech: names.has(said.get("mech")) ? said.get("mech") : "",
      theme: theme === "light" || theme === "dark" ? theme : "auto",
    };
  }

  function change(what) {
    const state = { ...read(), ...what };
    const said = new URLSearchParams();
    if (state.mech) said.set("mech", state.mech);
    if (state.theme !== "auto") said.set("theme", state.theme);
    const rest = String(said);
    location.hash = rest || !state.place ? `${state.place}&${rest}` : state.place; // "#" alone would scroll to the top
    show();
  }

  let shown = "";
  function show() {
    const { place, mech, theme } = read();
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of themes) button.ariaPressed = String(button.dataset.setTheme === theme);
    for (const chip of chips) chip.ariaPressed = String(chip.dataset.chip === mech);
    document.getElementById("chosen").textContent = mech ? `: ${mech}` : "";
    for (const box of all("svg, tbody")) highlight(box, mech);
    if (place && place !== shown) go(place);
    shown = place;
  }

  // A chart or table that does not know the mechanism stays as it is.
  function highlight(box, mech) {
    const parts = all("[data-mech]", box);
    const known = mech && parts.some((part) => part.dataset.mech === mech);
    for (const part of parts) {
      part.classList.toggle("on", Boolean(known) && part.dataset.mech === mech);
      part.classList.toggle("dim", Boolean(known) && part.dataset.mech !== mech);
    }
  }

  function go(place) {
    const target = document.getElementById(place);
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (!target.matches("a, button, summary, [tabindex]")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  }

  // Cells with data-v are numbers; those without stand last, whichever way is up. Equal rows keep their order.
  function sort(table, rows, column, way) {
    const cell = (row) => row.cells[column];
    const numeric = rows.some((row) => cell(row).dataset.v);
    const number = (row) => (cell(row).dataset.v ? Number(cell(row).dataset.v) : NaN);
    function compare(one, other) {
      if (!numeric) return way * cell(one).textContent.localeCompare(cell(other).textContent, "en", { numeric: true });
      const [a, b] = [number(one), number(other)];
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
      return way * (a - b);
    }
    table.tBodies[0].append(...(way ? [...rows].sort(compare) : rows));
  }

  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const WAY = { none: 0, ascending: 1, descending: -1 };
  function sortable(table) {
    const rows = [...table.tBodies[0].rows];
    const heads = all("thead th", table);
    if (rows.length < 2) return;
    heads.forEach((head, column) => {
      if (!head.textContent) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const order = NEXT[head.ariaSort ?? "none"];
        for (const other of heads) other.removeAttribute("aria-sort");
        if (order !== "none") head.ariaSort = order;
        sort(table, rows, column, WAY[order]);
      });
    });
  }

  // Where the clipboard is refused, as it may be for a file, the text is selected for the reader to copy.
  function copyable(area) {
    const button = document.createElement("button");
    const status = document.createElement("span");
    button.type = "button";
    button.textContent = "Copy";
    status.role = "status";
    area.after(button, " ", status);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(area.value);
        status.textContent = "Copied.";
      } catch {
        area.focus();
        area.select();
        status.textContent = "Selected: copy it with the keyboard.";
      }
    });
  }

  all("table").forEach(sortable);
  all("textarea").forEach(copyable);
  for (const chip of chips) {
    chip.addEventListener("click", () => change({ mech: chip.ariaPressed === "true" ? "" : chip.dataset.chip }));
  }
  for (const button of themes) button.addEventListener("click", () => change({ theme: button.dataset.setTheme }));
  for (const link of all('a[href^="#"]')) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const place = link.hash.slice(1);
      if (place === read().place) go(place);
      change({ place });
    });
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const box of closed) box.open = true;
  });
  addEventListener("afterprint", () => {
    for (const box of closed) box.open = false;
  });
  addEventListener("hashchange", show);
  document.querySelector(".bar").hidden = false;
  show();
})();
