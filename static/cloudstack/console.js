// The page of a console: asks the portal for a way in, connects, and says how it stands.
import RFB from "../vendor/novnc/core/rfb.js";
import keysyms from "../vendor/novnc/core/input/keysymdef.js";

const REFUSED_BEFORE = 4403;
const SERVER_RESTARTS = 1012;
// Keyboards of guests have small buffers: faster, and letters are lost.
const KEY_PAUSE_MS = 25;
const SHIFT = 0xffe1;
const MODIFIERS = [
  [SHIFT, "ShiftLeft"], [0xffe2, "ShiftRight"], [0xffe3, "ControlLeft"], [0xffe4, "ControlRight"],
  [0xffe9, "AltLeft"], [0xffea, "AltRight"],
];
const SHIFTED = /[A-Z~!@#$%^&*()_+{}|:"<>?]/;
const NAMED = new Map([["\n", 0xff0d], ["\t", 0xff09]]);

const screen = document.getElementById("screen");
const words = screen.dataset;
const state = document.getElementById("state");
const button = Object.fromEntries(["connect", "cad", "paste", "full"].map((id) => [id, document.getElementById(id)]));
const dialog = document.getElementById("text");
const typed = document.getElementById("typed");

let rfb = null;

const say = (text) => { state.textContent = text; };

const enable = (connected) => {
  button.cad.disabled = !connected;
  button.paste.disabled = !connected;
  button.connect.hidden = connected;
};

// A way in that works once: an address on this server, or an error whose message says why there is none.
const wayIn = async () => {
  const token = document.querySelector("#csrf input").value;
  let answer;
  try {
    answer = await fetch(words.sessionUrl, { method: "POST", headers: { "X-CSRFToken": token }, redirect: "error" });
  } catch {
    throw new Error(words.unreachable);
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok || !body.path) throw new Error(body.refusal || words.unreachable);
  const url = new URL(body.path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
};

const ended = (text) => {
  rfb = null;
  enable(false);
  button.connect.textContent = words.again;
  screen.replaceChildren();
  say(text);
  // Who typed into the machine goes on with the keyboard.
  if (document.activeElement === document.body) button.connect.focus();
};

const connect = async () => {
  button.connect.hidden = true;
  say(words.connecting);
  let url;
  try {
    url = await wayIn();
  } catch (error) {
    ended(error.message);
    return;
  }
  const socket = new WebSocket(url);
  let reason = "";
  let opened = false;
  socket.addEventListener("close", (event) => {
    if (event.code === SERVER_RESTARTS) reason = words.restarts;
    else if (event.reason && !(event.code === REFUSED_BEFORE && reason)) reason = event.reason;
  });
  rfb = new RFB(screen, socket);
  rfb.scaleViewport = true;
  rfb.background = "#101012";
  rfb.addEventListener("connect", () => {
    opened = true;
    enable(true);
    say(words.connected);
    // Reached with Tab as well, and named: noVNC leaves both to the page.
    const canvas = screen.querySelector("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", screen.getAttribute("aria-label"));
    rfb.focus();
  });
  // The portal's refusal before there was a screen, in full: closing a socket leaves room for few words.
  rfb.addEventListener("securityfailure", (event) => { reason = event.detail.reason || reason; });
  rfb.addEventListener("disconnect", () => {
    // The socket's own event may come after this one.
    window.setTimeout(() => ended(reason || (opened ? words.lost : words.unreachable)), 50);
  });
};

const pause = () => new Promise((done) => { window.setTimeout(done, KEY_PAUSE_MS); });

const type = async (text) => {
  const at = rfb;
  say(words.typing);
  for (const letter of text.replaceAll("\r\n", "\n")) {
    if (rfb !== at) return;
    const shift = SHIFTED.test(letter);
    if (shift) at.sendKey(SHIFT, "ShiftLeft", true);
    at.sendKey(NAMED.get(letter) ?? keysyms.lookup(letter.codePointAt(0)), null);
    if (shift) at.sendKey(SHIFT, "ShiftLeft", false);
    await pause();
  }
  if (rfb === at) say(words.connected);
};

button.connect.addEventListener("click", connect);
button.cad.addEventListener("click", () => { rfb.sendCtrlAltDel(); rfb.focus(); });
button.paste.addEventListener("click", () => { typed.value = ""; dialog.returnValue = ""; dialog.showModal(); });
dialog.addEventListener("close", () => {
  const text = dialog.returnValue === "type" ? typed.value : "";
  // What was typed may be a password.
  typed.value = "";
  if (!rfb) return;
  rfb.focus();
  if (text) type(text);
});
button.full.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else screen.requestFullscreen().then(() => rfb?.focus(), () => {});
});
// The machine gets every key, Tab too: one combination leads out again.
screen.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey && event.altKey && event.key === "Home")) return;
  event.preventDefault();
  event.stopPropagation();
  for (const [keysym, code] of MODIFIERS) rfb?.sendKey(keysym, code, false);
  if (document.fullscreenElement) document.exitFullscreen();
  button.cad.focus();
}, true);
window.addEventListener("pagehide", () => rfb?.disconnect());

if (words.runs === "1") connect();
else enable(false);
