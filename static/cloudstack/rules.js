// Alt+Up and Alt+Down move the rule that has the focus: they press its own buttons.
"use strict";

document.addEventListener("keydown", (event) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!event.altKey || way === undefined) return;
  const row = event.target.closest("[data-rule]");
  const button = row && row.querySelector(`button[value="${way}"]:not(:disabled)`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// Browsers give autofocus only at their next picture, and not when they are busy with another: a person who types on
// at once would type into nothing.
const wanted = document.querySelector("[autofocus]");
if (wanted && document.activeElement === document.body) wanted.focus();
