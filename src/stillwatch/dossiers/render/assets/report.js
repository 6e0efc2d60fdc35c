"use strict";
// Comfort only: every fact stands in the page without this script. Text goes in as text, never as markup.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const groups = all("details.group");

  const theme = byId("theme");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const nameTheme = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  theme.hidden = false;
  nameTheme();
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);

  const tools = byId("tools");
  if (tools) {
    tools.hidden = false;
    const filter = byId("filter"), only = byId("only-accused");
    const rows = all("#groups tbody tr");
    const apply = () => {
      const wanted = filter.value.trim().toLowerCase();
      let shown = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted) || (only.checked && !row.classList.contains("accused"));
        shown += row.hidden ? 0 : 1;
      }
      byId("no-match").hidden = shown > 0;
    };
    filter.addEventListener("input", apply);
    only.addEventListener("change", apply);
    byId("open-all").addEventListener("click", () => groups.forEach((group) => { group.open = true; }));
    byId("close-all").addEventListener("click", () => groups.forEach((group) => { group.open = false; }));
  }

  const reveal = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => all("details:not(.numbers)").forEach((one) => { one.open = true; }));

  const tip = byId("tip");
  const show = (event, text) => {
    tip.textContent = text;
    tip.hidden = false;
    const left = Math.min(event.pageX + 14, root.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${event.pageY + 16}px`;
  };
  const hide = () => { tip.hidden = true; };
  const cells = (row) => Array.from(row.cells, (cell) => cell.textContent.trim());

  for (const figure of all("figure[data-bins]")) {
    const rows = Array.from(byId(figure.dataset.bins).tBodies[0].rows);
    const plot = figure.querySelector(".plot");
    const cursor = document.createElement("div");
    cursor.className = "cursor";
    cursor.hidden = true;
    plot.append(cursor);
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const index = Math.floor((event.clientX - box.left) / box.width * rows.length);
      const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
      const [from, slice, own, active, signUps, bans] = cells(row);
      cursor.hidden = false;
      cursor.style.left = `${event.clientX - box.left}px`;
      show(event, `${from} UTC\n${slice} of the slice, ${own} other\n${active} active accounts` +
        (signUps !== "0" ? `\n${signUps} sign-ups` : "") + (bans !== "0" ? `\n${bans} bans` : ""));
    });
    plot.addEventListener("pointerleave", () => { cursor.hidden = true; hide(); });
  }

  for (const figure of all("figure[data-nodes]")) {
    const rows = Array.from(byId(figure.dataset.nodes).tBodies[0].rows);
    const drawing = figure.querySelector("svg");
    const dots = all(".dots", drawing).flatMap((path) => Array.from(path.getAttribute("d").matchAll(/M(\d+) (\d+)/g), (m) => [Number(m[1]), Number(m[2])]));
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * 1000, y = (event.clientY - box.top) / box.height * 1000;
      let nearest = -1, least = 900; // within 30 units of a dot
      dots.forEach(([dx, dy], index) => {
        const far = (dx - x) ** 2 + (dy - y) ** 2;
        if (far < least) [nearest, least] = [index, far];
      });
      if (nearest < 0 || !rows[nearest]) { hide(); return; }
      const [account, membership, links] = cells(rows[nearest]);
      show(event, `${account}\nmembership ${membership}, ${links} links drawn`);
    });
    drawing.addEventListener("pointerleave", hide);
  }

  const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  for (const table of all("table.heat")) {
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("tbody td");
      if (!cell) return;
      show(event, `${days[cell.parentElement.sectionRowIndex]} ${String(cell.cellIndex - 1).padStart(2, "0")}:00 UTC\n${cell.textContent.trim()} exchanges`);
    });
    table.addEventListener("pointerleave", hide);
  }

  const links = new Map(all(".contents a").map((link) => [link.getAttribute("href").slice(1), link]));
  if ("IntersectionObserver" in window) {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        links.forEach((link) => link.classList.remove("here"));
        links.get(entry.target.id).classList.add("here");
      }
    }, { rootMargin: "-15% 0px -75% 0px" });
    links.forEach((_, id) => { if (byId(id)) seen.observe(byId(id)); });
  }
})();
