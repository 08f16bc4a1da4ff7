// The page reads without this: it adds sorting, filtering, a choice of colours, and what opens a linked part.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  // Sorting: numbers by the value that their cell carries, blank ones have none; text as it is read.
  const key = (row, column, numeric) => {
    const cell = row.cells[column];
    return numeric ? (cell.dataset.value === undefined ? null : Number(cell.dataset.value))
      : cell.textContent.trim().toLowerCase() || null;
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true }));

  function sort(table, column, header) {
    const numeric = header.classList.contains("n");
    const before = header.getAttribute("aria-sort");
    const direction = before ? (before === "ascending" ? "descending" : "ascending") : numeric ? "descending" : "ascending";
    all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const rows = all("tbody tr", table).map((row) => [key(row, column, numeric), row]);
    // A blank cell is neither high nor low: it comes last either way.
    rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  all("table[data-sortable]").forEach((table) => {
    all("thead th", table).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, column, header));
      header.append(button);
    });
  });

  // Filtering: a row is shown where it holds every word, and the value of each facet is checked.
  const form = one("#filter");
  const rows = all("#comparison-table tbody tr");
  const counted = rows.filter((row) => row.querySelector("a"));  // the row of the baseline is none
  function filter() {
    const words = one("#find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const facets = [...new Set(all("input[type=checkbox]", form).map((box) => box.name))];
    const checked = (name, value) => all("input:checked", form).some((box) => box.name === name && box.value === value);
    const fits = (row) =>
      words.every((word) => row.textContent.toLowerCase().includes(word)) &&
      facets.every((name) => !row.hasAttribute(`data-${name}`) || checked(name, row.getAttribute(`data-${name}`)));
    rows.forEach((row) => { row.hidden = !fits(row); });
    one("#shown").textContent = `${counted.filter((row) => !row.hidden).length} of ${counted.length} models`;
  }
  form.hidden = counted.length < 2;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();

  // Colours: those of the system, until the button is used. A browser may refuse to remember.
  const root = document.documentElement;
  const theme = one("#theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => theme.setAttribute("aria-pressed", String(dark()));
  try { root.dataset.theme = localStorage.getItem("theme") || ""; } catch { root.dataset.theme = ""; }
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* private window: for this visit alone */ }
    tell();
  });
  system.addEventListener("change", tell);
  tell();

  // What a link points to is opened, with all around it.
  function reveal() {
    const target = one(":target");
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  all("a[href^='#']").forEach((link) => link.addEventListener("click", () => {
    if (link.hash === location.hash) reveal();  // the same link again: the address does not change
  }));
  window.addEventListener("load", reveal);  // a page that is still read has no target yet

  const models = all("details.model");
  const button = one("#all");
  button.hidden = models.length < 2;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    models.forEach((model) => { model.open = open; });
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Close all" : "Open all";
  });

  // On paper everything is open.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
})();
