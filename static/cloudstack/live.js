// Keeps the part of a page marked with data-live-url fresh while the server says that it still changes.
"use strict";

(() => {
  const PAUSE_MS = 1500;
  const LONGEST_PAUSE_MS = 30000;

  const follow = (area) => {
    let pause = PAUSE_MS;

    const again = () => window.setTimeout(look, pause);

    const look = async () => {
      if (document.hidden) {
        document.addEventListener("visibilitychange", look, { once: true });
        return;
      }
      try {
        const answer = await fetch(area.dataset.liveUrl, { credentials: "same-origin", redirect: "error" });
        if (!answer.ok) throw new Error(String(answer.status));
        const text = await answer.text();
        // What somebody is about to press must not vanish under the pointer or the keyboard.
        if (!area.contains(document.activeElement)) area.innerHTML = text;
        else if (answer.headers.get("X-Live") === "0") area.innerHTML = text;
        pause = PAUSE_MS;
        if (answer.headers.get("X-Live") === "0") {
          area.dataset.live = "0";
          return;
        }
      } catch (error) {
        // The server may be restarting: ask less often.
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
      again();
    };

    again();
  };

  for (const area of document.querySelectorAll('[data-live-url][data-live="1"]')) follow(area);
})();
