// Sends a file and shows how far it is; without this the form sends it by itself.
"use strict";

(() => {
  const form = document.querySelector("form[data-uploads]");
  if (!form) return;
  const bar = form.querySelector("progress");
  const says = form.querySelector("[data-says]");
  const button = form.querySelector("button");
  let sending = false;

  const ended = (text) => {
    sending = false;
    says.textContent = text;
    button.disabled = false;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = form.querySelector("input[type=file]").files[0];
    if (!file || sending) return;
    sending = true;
    button.disabled = true;
    bar.hidden = false;
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.value = step.loaded / step.total;
      says.textContent = `${Math.floor((100 * step.loaded) / step.total)} %`;
    });
    request.addEventListener("load", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch (error) {
        answer = {};
      }
      if (request.status === 200) {
        sending = false;
        window.location.assign(form.dataset.then);
      } else ended(answer.errortext || form.dataset.failed);
    });
    request.addEventListener("error", () => ended(form.dataset.failed));
    request.open("POST", form.action);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });

  window.addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
})();
