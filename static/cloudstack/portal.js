// What the pages do better with a script than without: every one of them works without it.
"use strict";

(() => {
  // A choice that is meant to be heeded at once.
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-submits]");
    if (field) field.form.requestSubmit();
  });

  // A form that makes something is sent once; its button says that it is on its way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    }
  });

  // Light or dark, against what the system says.
  const themeSwitch = document.querySelector("[data-theme-switch]");
  if (themeSwitch) {
    themeSwitch.hidden = false;
    themeSwitch.addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : window.matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      window.localStorage.setItem("portal-theme", root.dataset.theme);
    });
  }

  // A menu that is unfolded closes when something else is pressed.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("header details[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("header details[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Copies the text that stands beside it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copies);
    navigator.clipboard.writeText(source.textContent.trim()).then(() => button.setAttribute("data-copied", ""));
  });

  // What somebody is about to press, or has chosen, does not vanish because the page keeps itself up to date.
  const ticked = (area) => [...area.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const area = event.detail.target;
    if (!area.matches || !area.matches("[data-live]")) return;
    const focused = document.activeElement;
    if (area.contains(focused) && focused !== area && !focused.matches("a")) {
      event.detail.shouldSwap = false;
      return;
    }
    area.dataset.ticked = JSON.stringify(ticked(area));
    area.dataset.opened = JSON.stringify([...area.querySelectorAll("details")].map((one) => one.open));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const area = event.detail.target;
    if (!area.dataset || !area.dataset.ticked) return;
    const values = new Set(JSON.parse(area.dataset.ticked));
    for (const box of area.querySelectorAll("input[type=checkbox]")) box.checked = values.has(box.value);
    const opened = JSON.parse(area.dataset.opened);
    [...area.querySelectorAll("details")].forEach((one, place) => {
      if (opened[place]) one.open = true;
    });
  });

  // A tab whose session has ended says so and keeps what was typed.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) return;
    document.getElementById("signed-out").hidden = false;
  });
})();
