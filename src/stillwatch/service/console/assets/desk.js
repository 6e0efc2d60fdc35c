"use strict";
// One key, one action: [data-key] names it. Nothing happens while somebody types, or with a modifier held.
(() => {
  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.key === "Escape") {
      const open = event.target instanceof Element ? event.target.closest("details.act[open]") : null;
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      return;
    }
    if (document.documentElement.dataset.keys === "off") return;
    if (!(event.target instanceof Element) || isTyping(event.target) || !/^[a-z]$/.test(event.key)) return;
    const found = document.querySelector(`[data-key="${event.key}"]`);
    if (!found) return;
    event.preventDefault();
    if (found.tagName === "SELECT") { found.focus(); return; }
    if (found.tagName !== "SUMMARY") { found.click(); return; }
    const details = found.parentElement;
    for (const other of document.querySelectorAll("details.act[open]")) if (other !== details) other.open = false;
    details.open = true;
    details.querySelector("textarea, select, input:not([type=hidden])").focus();
  });
  // A form that is sent once is not sent again by a second click.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.action.endsWith("/export")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });
})();
