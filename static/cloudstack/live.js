// Keeps the part of a page marked with data-live-url fresh: data-live="1" while the server says that it still changes,
// data-live="once" after the page is shown, and on while a job works on it.
"use strict";

(() => {
  const PAUSE_MS = 1500;
  const LONGEST_PAUSE_MS = 30000;

  const fetched = async (area) => {
    const answer = await fetch(area.dataset.liveUrl, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };

  // What somebody is about to press must not vanish under the pointer or the keyboard.
  const inUse = (area) => area.contains(document.activeElement);

  const follow = (area) => {
    let pause = PAUSE_MS;

    const again = () => window.setTimeout(look, pause);

    const look = async () => {
      if (document.hidden) {
        document.addEventListener("visibilitychange", look, { once: true });
        return;
      }
      try {
        const answer = await fetched(area);
        const text = await answer.text();
        const over = answer.headers.get("X-Live") === "0";
        if (over || !inUse(area)) area.innerHTML = text;
        pause = PAUSE_MS;
        if (over) {
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

  const lookOnce = async (area) => {
    const answer = await fetched(area).catch(() => null);
    if (answer === null) return;
    const text = await answer.text();
    const over = answer.headers.get("X-Live") !== "1";
    const put = () => {
      area.innerHTML = text;
      area.dataset.live = over ? "0" : "1";
    };
    if (inUse(area)) area.addEventListener("focusout", () => window.setTimeout(() => inUse(area) || put(), 0));
    else put();
    if (!over) follow(area);
  };

  for (const area of document.querySelectorAll('[data-live-url][data-live="1"]')) follow(area);
  for (const area of document.querySelectorAll('[data-live-url][data-live="once"]')) lookOnce(area);
})();
