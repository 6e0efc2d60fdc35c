"use strict";
// Runs before anything is painted, so that the chosen theme never flashes.
(() => {
  document.documentElement.classList.add("js");
  try {
    const chosen = localStorage.getItem("stillwatch-theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch { /* a browser that keeps nothing follows the system */ }
})();
