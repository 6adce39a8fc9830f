// Draws every <figure data-chart> from the data block in it, in place of the SVG that the server made.
// Without this file, or where it fails, the SVG stays.
(() => {
  "use strict";
  const HEIGHT = 190;
  const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const DECIMAL = ["", "k", "M", "G", "T", "P"];
  const language = document.documentElement.lang || undefined;

  const short = (value) => {
    const size = Math.abs(value);
    const digits = size < 10 ? 2 : size < 100 ? 1 : 0;
    return value.toLocaleString(language, { maximumFractionDigits: digits });
  };
  const scaled = (value, base, names) => {
    let place = 0;
    while (Math.abs(value) >= base && place < names.length - 1) {
      value /= base;
      place += 1;
    }
    return [short(value), names[place]];
  };
  const WORDED = {
    count: short,
    percent: (value) => `${short(value)} %`,
    bytes: (value) => scaled(value, 1024, BINARY).join(" "),
    "bytes/s": (value) => `${scaled(value, 1024, BINARY).join(" ")}/s`,
    "bit/s": (value) => `${scaled(value, 1000, DECIMAL).join(" ")}bit/s`,
    "/s": (value) => `${short(value)}/s`,
  };
  // Steps between the lines of the scale that are round in the unit.
  const DECADES = [1, 2, 5, 10, 20, 50, 100, 200, 500];
  const steps = (unit) => {
    const binary = unit.startsWith("bytes");
    const found = binary || unit === "count" ? [] : [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
    for (let power = 0; power < 7; power += 1) {
      const base = (binary ? 1024 : 1000) ** power;
      for (const step of binary ? [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] : DECADES) found.push(step * base);
    }
    return found;
  };

  // Hours, with the day under the first one of each; days where the lines are days apart.
  const HOURS = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const DAYS = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const times = (plot, splits, axis, space, step) => {
    let before = "";
    return splits.map((second) => {
      const moment = new Date(second * 1000);
      const day = DAYS.format(moment);
      if (step >= 86400) return day;
      const text = day === before ? HOURS.format(moment) : `${HOURS.format(moment)}\n${day}`;
      before = day;
      return text;
    });
  };

  const colour = (element, name) => {
    const probe = document.createElement("span");
    probe.className = name;
    element.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const options = (figure, data, width) => {
    const worded = WORDED[data.unit] || String;
    const ink = colour(figure, "chart-ink");
    const line = colour(figure, "chart-grid-line");
    const grid = { stroke: line, width: 1 };
    const font = `11px ${getComputedStyle(figure).fontFamily}`;
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { size: 7 } },
      scales: {
        y: { range: (plot, low, high) => [0, data.top || (high > 0 ? high * 1.08 : 1)] },
      },
      axes: [
        { stroke: ink, grid, ticks: grid, font, size: 46, space: 56, values: times },
        {
          stroke: ink,
          grid,
          ticks: grid,
          font,
          incrs: steps(data.unit),
          space: 34,
          size: (plot, values) => 20 + 6.6 * Math.max(2, ...(values || []).map((text) => text.length)),
          values: (plot, splits) => splits.map(worded),
        },
      ],
      series: [
        {},
        ...data.series.map((one, place) => ({
          label: one.label,
          stroke: colour(figure, `chart-${1 + (place % 8)}`),
          width: 1.75,
          spanGaps: false,
        })),
      ],
      hooks: { setCursor: [(plot) => tell(figure, data, plot.cursor.idx)] },
    };
  };

  // The key shows the values under the cursor, and the latest ones when there is none.
  const tell = (figure, data, index) => {
    const worded = WORDED[data.unit] || String;
    figure.querySelectorAll(".chart-value").forEach((cell, place) => {
      cell.dataset.latest ??= cell.textContent;
      const value = index == null ? undefined : data.series[place].values[index];
      cell.textContent = value === undefined ? cell.dataset.latest : value === null ? "–" : worded(value);
    });
    let when = figure.querySelector(".chart-when");
    if (!when) {
      when = document.createElement("li");
      when.className = "chart-when";
      figure.querySelector(".chart-keys").append(when);
    }
    when.textContent =
      index == null
        ? ""
        : new Date((data.start + index * data.step) * 1000).toLocaleString(language, {
            dateStyle: "medium",
            timeStyle: "short",
          });
  };

  const draw = (figure) => {
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const length = data.series[0] ? data.series[0].values.length : 0;
    const times = Array.from({ length }, (_, index) => data.start + index * data.step);
    const place = document.createElement("div");
    place.className = "chart-canvas";
    place.setAttribute("aria-hidden", "true");
    figure.querySelector(".chart-still").after(place);
    let plot = null;
    const make = () => {
      const width = Math.floor(figure.clientWidth);
      if (!width) return;
      if (plot) plot.destroy();
      plot = new uPlot(options(figure, data, width), [times, ...data.series.map((one) => one.values)], place);
    };
    figure.classList.add("chart-drawn");
    make();
    new ResizeObserver(() => {
      const width = Math.floor(figure.clientWidth);
      if (!plot) make();
      else if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT });
    }).observe(figure);
    // Colours stand in the drawing: another scheme wants another one.
    const redraw = () => requestAnimationFrame(make);
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["class", "data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  };

  if (!window.uPlot) return;
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    try {
      draw(figure);
    } catch (error) {
      figure.classList.remove("chart-drawn");
      figure.querySelector(".chart-canvas")?.remove();
      console.error(`chart ${figure.dataset.chart}:`, error);
    }
  }
})();
