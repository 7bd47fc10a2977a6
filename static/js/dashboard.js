// Draws the charts of a dashboard and keeps them and their tables current, without reloading.
//
// The page brings its first figures along (#dashboard-data). Structures of charts come once per
// language and theme and stay in the browser's cache; figures are asked for again every few seconds
// with the ETag of the last answer, so that an unchanged dashboard costs one empty 304. Nothing is
// asked for while the page is hidden.
{
  const EVERY_MS = 10_000;
  const root = document.getElementById("dashboard");
  const state = document.getElementById("dashboard-state");
  const drawn = new Map(); // chart element -> {source, factors, figure}
  let payload = JSON.parse(document.getElementById("dashboard-data").textContent);
  let theme = themeNow();
  let structures = null;
  let timer = null;
  let round = 0; // a draw begun before a change of theme must not finish after it

  function themeNow() {
    const named = document.documentElement.dataset.bsTheme || document.body.dataset.bsTheme;
    if (named === "light" || named === "dark") return named;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  // True when they came. Leaving the page cuts the request short, and so does a server that is away.
  async function loadStructures() {
    try {
      const answer = await fetch(root.dataset.structures.replace("THEME", theme), {credentials: "same-origin"});
      if (!answer.ok) throw new Error(`structures: ${answer.status}`);
      structures = await answer.json();
    } catch {
      state.hidden = false;
      return false;
    }
    return true;
  }

  // Charts made of one structure would share the ids of their models, which Bokeh keeps in one index.
  function ownCopy(structure, name) {
    return JSON.parse(JSON.stringify(structure).replace(/"p(\d+)"/g, `"${name}-$1"`));
  }

  function columnsOf(chart) {
    const columns = {...chart.columns};
    for (const name of ["plan", "actual", "attainment", "expected"]) {
      columns[name] = columns[name].map((value) => (value === null ? NaN : value));
    }
    return columns;
  }

  function fill(one, chart) {
    one.links = chart.columns.link;
    one.factors.factors = chart.factors;
    if (!["months", "season"].includes(chart.kind)) one.figure.height = 70 + 38 * Math.max(1, chart.factors.length);
    one.source.data = columnsOf(chart);
  }

  async function draw(element) {
    const chart = payload.charts[element.dataset.chart];
    if (!chart || drawn.has(element)) return;
    const one = {links: []};
    drawn.set(element, one);
    const mine = round;
    const host = document.createElement("div");
    host.id = `${element.dataset.chart}-plot-${round}`;
    element.replaceChildren(host);
    const views = await Bokeh.embed.embed_item(ownCopy(structures[chart.kind], host.id), host.id);
    if (mine !== round) return;
    one.figure = views.roots[0].model;
    one.source = one.figure.document.get_model_by_name("source");
    one.factors = one.figure.document.get_model_by_name("factors");
    one.source.selected.properties.indices.change.connect(() => {
      const link = one.links[one.source.selected.indices[0]];
      if (link) location.assign(link);
    });
    fill(one, payload.charts[element.dataset.chart]);
    element.dataset.drawn = theme;
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, {rootMargin: "200px"});

  function watchCharts() {
    for (const element of root.querySelectorAll("[data-chart]")) {
      seen.unobserve(element); // observing anew reports at once where it stands
      seen.observe(element);
    }
  }

  function show(next) {
    payload = next;
    for (const element of root.querySelectorAll("[data-region]")) {
      const html = payload.html[element.dataset.region];
      if (html !== undefined && element.innerHTML !== html) element.innerHTML = html;
    }
    for (const element of root.querySelectorAll("[data-chart]")) {
      const chart = payload.charts[element.dataset.chart];
      const one = drawn.get(element);
      if (chart) element.setAttribute("aria-label", chart.summary);
      if (chart && one && one.source) fill(one, chart);
    }
    watchCharts();
    root.dataset.version = payload.version;
  }

  async function ask() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (!structures && !(await loadStructures())) {
      timer = setTimeout(ask, EVERY_MS);
      return;
    }
    try {
      const answer = await fetch(root.dataset.url, {
        credentials: "same-origin",
        redirect: "error", // to the login page, when the session has ended
        headers: {"If-None-Match": `"${payload.version}"`, "Accept": "application/json"},
      });
      if (answer.status === 200) show(await answer.json());
      else if (answer.status !== 304) throw new Error(`figures: ${answer.status}`);
      state.hidden = true;
    } catch {
      state.hidden = false; // the figures shown may be old; say so and keep asking
    }
    clearTimeout(timer);
    timer = setTimeout(ask, EVERY_MS);
  }

  async function restyle() {
    if (themeNow() === theme) return;
    theme = themeNow();
    round += 1;
    drawn.clear();
    if (await loadStructures()) watchCharts();
  }

  new MutationObserver(restyle).observe(document.documentElement, {attributeFilter: ["data-bs-theme"]});
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  document.addEventListener("visibilitychange", ask);
  loadStructures().then((came) => {
    if (came) watchCharts();
    timer = setTimeout(ask, EVERY_MS);
  });

  // The filter works without a button where scripts run.
  const filter = document.getElementById("dashboard-filter");
  filter?.addEventListener("change", () => filter.requestSubmit());
}
