// Puts on the colours that were chosen before anything is drawn.
"use strict";

(() => {
  const chosen = window.localStorage.getItem("portal-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("scripted");
})();
