"use strict";
// Comfort only: every fact and every address is in the page without this script. Text goes in as text, never as markup.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const kept = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* not kept, then */ } },
  };

  // Light and dark
  const theme = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  const nameTheme = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  nameTheme();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    kept.set("stillwatch-theme", root.dataset.theme);
    nameTheme();
  });
  system.addEventListener("change", nameTheme);

  // Keys
  const keys = byId("keys");
  byId("keys-open").addEventListener("click", () => keys.showModal());
  const act = byId("keys-act"); // who dictates or rests a hand on the keys can switch them off (WCAG 2.1.4)
  const nameKeys = () => { root.dataset.keys = act.checked ? "on" : "off"; };
  act.checked = kept.get("stillwatch-keys") !== "off";
  nameKeys();
  act.addEventListener("change", () => { kept.set("stillwatch-keys", act.checked ? "on" : "off"); nameKeys(); });
  const step = (by) => {
    const links = all("[data-rows] .row-link").filter((link) => link.checkVisibility());
    if (!links.length) return;
    const row = document.activeElement?.closest?.("[data-rows] tbody tr");
    const at = row ? links.findIndex((link) => row.contains(link)) : -1;
    const next = links[Math.max(0, Math.min(links.length - 1, at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  const follow = (id) => { const link = byId(id); if (link?.href) link.click(); };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && keys.open) keys.close(); // at once: a browser may take its time, and the next key belongs to the page
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (root.dataset.keys === "off") return;
    const does = {
      j: () => step(1), k: () => step(-1), b: () => follow("up"), "[": () => follow("previous-group"), "]": () => follow("next-group"),
      "/": () => { byId("find").focus(); byId("find").select(); }, t: () => theme.click(), "?": () => keys.showModal(),
    }[event.key] ?? (/^[1-9]$/.test(event.key) ? () => follow(`part-${event.key}`) : null);
    if (does) { event.preventDefault(); does(); }
  });

  // The tab that is open, in sight where tabs scroll
  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

  // Views that the reader saves: an address and a name, kept by this browser
  const VIEWS = "stillwatch-views";
  const savedViews = () => { try { return JSON.parse(kept.get(VIEWS) ?? "[]").filter((one) => typeof one?.name === "string" && /^\/campaigns(\?|$)/.test(one.address)); } catch { return []; } };
  const showViews = () => {
    const place = byId("views");
    if (!place) return;
    const choice = byId("saved"), save = byId("save-view");
    all("[data-own]", choice).forEach((option) => option.remove());
    for (const one of savedViews()) {
      const option = new Option(one.name, one.address);
      option.dataset.own = "";
      choice.add(option);
    }
    for (const option of choice.options) option.selected = option.value === place.dataset.here;
    choice.onchange = (event) => { event.stopPropagation(); if (choice.value) location.assign(choice.value); };
    save.onclick = () => {
      const name = prompt("Name of this view, kept in this browser. An empty name removes it.", savedViews().find((one) => one.address === place.dataset.here)?.name ?? "");
      if (name === null) return;
      const others = savedViews().filter((one) => one.address !== place.dataset.here);
      kept.set(VIEWS, JSON.stringify(name.trim() ? [...others, { name: name.trim().slice(0, 60), address: place.dataset.here }] : others));
      showViews();
    };
  };
  showViews();

  // Requests in the background: quiet addresses, a sign of life, and a word when the server is gone
  document.addEventListener("htmx:configRequest", (event) => {
    for (const [name, value] of Array.from(event.detail.formData.entries())) if (value === "") event.detail.formData.delete(name);
    if (event.detail.parameters.sort === "rank") event.detail.formData.delete("sort");
  });
  document.addEventListener("htmx:beforeRequest", () => root.classList.add("waiting"));
  document.addEventListener("htmx:afterRequest", () => root.classList.remove("waiting"));
  document.addEventListener("htmx:afterSettle", () => { showViews(); drawTips(); });
  const failed = () => { byId("failed").hidden = false; };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:responseError", failed);
  byId("again").addEventListener("click", () => location.reload());

  // What a chart says under the pointer
  const tip = byId("tip");
  const show = (event, text) => {
    tip.textContent = text;
    tip.hidden = false;
    tip.style.left = `${Math.max(8, Math.min(event.pageX + 14, root.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.pageY + 16}px`;
  };
  const hide = () => { tip.hidden = true; };
  const cells = (row) => Array.from(row.cells, (cell) => cell.textContent.trim());
  const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  const overTime = (figure) => {
    const rows = Array.from(byId(figure.dataset.bins).tBodies[0].rows);
    const plot = figure.querySelector(".plot");
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const row = rows[Math.min(rows.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * rows.length)))];
      const [from, slice, own, active, signUps, bans] = cells(row);
      show(event, `${from} UTC\n${slice} of the slice, ${own} other\n${active} active accounts` + (signUps !== "0" ? `\n${signUps} sign-ups` : "") + (bans !== "0" ? `\n${bans} bans` : ""));
    });
    plot.addEventListener("pointerleave", hide);
  };
  const overNodes = (figure) => {
    const rows = Array.from(byId(figure.dataset.nodes).tBodies[0].rows);
    const drawing = figure.querySelector("svg");
    const dots = all(".dots", drawing).flatMap((path) => Array.from(path.getAttribute("d").matchAll(/M(\d+) (\d+)/g), (m) => [Number(m[1]), Number(m[2])]));
    const under = (event) => {
      const box = drawing.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * 1000, y = (event.clientY - box.top) / box.height * 1000;
      let nearest = null, least = 900; // within 30 units of a dot
      dots.forEach(([dx, dy], index) => {
        const far = (dx - x) ** 2 + (dy - y) ** 2;
        if (far < least) [nearest, least] = [rows[index], far];
      });
      return nearest;
    };
    drawing.addEventListener("pointermove", (event) => {
      const row = under(event);
      drawing.classList.toggle("over", Boolean(row));
      if (!row) { hide(); return; }
      const [account, membership, links] = cells(row);
      show(event, `${account}\nmembership ${membership}, ${links} links drawn`);
    });
    drawing.addEventListener("pointerleave", hide);
    drawing.addEventListener("click", (event) => under(event)?.querySelector("a")?.click());
  };
  const drawTips = () => {
    const once = (selector, act) => all(selector).filter((one) => !one.dataset.tips).forEach((one) => { one.dataset.tips = "on"; act(one); });
    once("figure[data-bins]", overTime);
    once("figure[data-nodes]", overNodes);
    once("table.heat", (table) => {
      table.addEventListener("pointerover", (event) => {
        const cell = event.target.closest("tbody td");
        if (cell) show(event, `${days[cell.parentElement.sectionRowIndex]} ${String(cell.cellIndex - 1).padStart(2, "0")}:00 UTC\n${cell.textContent.trim()} exchanges`);
      });
      table.addEventListener("pointerleave", hide);
    });
  };
  drawTips();
})();
