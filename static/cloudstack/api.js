// Forms of the browsable API: sends what HTML cannot (PATCH, DELETE), and of an object only what was changed.
"use strict";

(() => {
  const changed = (form) => {
    const body = {};
    for (const box of form.elements) {
      if (!box.name || box.name === "csrfmiddlewaretoken") continue;
      if (box.tagName === "SELECT" && box.multiple) {
        if ([...box.options].some((one) => one.selected !== one.defaultSelected)) {
          body[box.name] = [...box.selectedOptions].map((one) => one.value);
        }
        continue;
      }
      const before = box.tagName === "SELECT"
        ? ([...box.options].find((one) => one.defaultSelected) || box.options[0] || {}).value
        : box.defaultValue;
      // A select that is put back to "not set" says nothing; an emptied text is an empty text.
      if (box.value !== before && !(box.tagName === "SELECT" && box.value === "")) body[box.name] = box.value;
    }
    return body;
  };

  const send = async (form, url) => {
    const method = form.dataset.method;
    const answer = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "text/html",
        "Content-Type": "application/json",
        "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
      },
      body: method === "PATCH" ? JSON.stringify(changed(form)) : undefined,
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    document.body.replaceWith(document.adoptNode(page.body));
    window.scrollTo(0, 0);
    document.getElementById("main")?.focus();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("data-sparse")) {
      // Addresses that can be read and kept: what is empty is left out.
      for (const box of form.elements) if (box.name && !box.value) box.disabled = true;
      window.setTimeout(() => { for (const box of form.elements) box.disabled = false; });
      return;
    }
    const method = form.dataset.method;
    if (!method || method === "POST") return;
    event.preventDefault();
    const button = event.submitter;
    const plan = Boolean(button && button.hasAttribute("formaction"));
    if (method === "DELETE" && !plan && !window.confirm(`${button.textContent.trim()}? This cannot be taken back.`)) return;
    if (button) button.disabled = true;
    send(form, plan ? button.formAction : form.action).catch((error) => {
      if (button) button.disabled = false;
      window.alert(`No answer: ${error.message}`);
    });
  });
})();
