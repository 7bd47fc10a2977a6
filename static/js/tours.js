/* Plays the guided tour that runs in this browser: finds the step that belongs to the page, points at its element, and
   tells the server how far the person is, so that the next page, a reload or another device goes on from there.
   Texts are put in as text, never as HTML. Without the element the step is read in the middle of the page. */
(function () {
  "use strict";
  var url = document.body.dataset.tourUrl;
  if (!url || !window.driver) { return; }
  var tour, player, bar;
  var unsent = null, saved = Promise.resolve();  // one after the other: a late "started" must not undo "done"

  function parts(path) { return path.split(/[?#]/)[0].split("/").filter(Boolean); }

  function matches(step) {
    var want = parts(step.page), have = parts(window.location.pathname);
    return want.length === have.length && want.every(function (part, i) { return part === "*" || part === have[i]; });
  }

  /* The step at hand, else one of the next two (the person went on alone), else the nearest one before. */
  function locate() {
    var order = [tour.step, tour.step + 1, tour.step + 2], i;
    for (i = tour.step - 1; i >= 0; i -= 1) { order.push(i); }
    for (i = 0; i < order.length; i += 1) {
      if (tour.steps[order[i]] && matches(tour.steps[order[i]])) { return order[i]; }
    }
    return -1;
  }

  function save(step, state, pause) {
    var body = new URLSearchParams({step: String(step), state: state || "started"});
    var token = document.querySelector("input[name=csrf_token]");
    if (token) { body.set("csrf_token", token.value); }
    if (pause) { body.set("pause", "1"); }
    tour.step = step;
    unsent = body;
    saved = saved.then(send);
    return saved;
  }

  /* The newest word says all that those before it said. */
  function send() {
    var body = unsent;
    unsent = null;
    return body && fetch(tour.progress_url, {
      method: "POST", body: body, keepalive: true, credentials: "same-origin", headers: {"X-Requested-With": "tour"}
    }).catch(function () { /* The next step tells the server again. */ });
  }

  window.addEventListener("pagehide", send);  // whoever leaves at once is heard too

  function stop() {
    if (player) { var old = player; player = null; old.destroy(); }
    if (bar) { bar.remove(); bar = null; }
  }

  function finish(step) { stop(); save(step, "done"); }

  function leave() { stop(); save(tour.step, "started", true); }

  function visible(element) { return element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden"; }

  function link(element) {
    var found = element && (element.matches("a[href]") ? element : element.querySelector("a[href]"));
    return found ? found.href : null;
  }

  /* Where a step is: its page, or for one with a number in it the address at which this tab met it. */
  function address(i) {
    var page = tour.steps[i].page;
    return page.indexOf("*") < 0 ? page : window.sessionStorage.getItem("tour " + tour.name + " " + page);
  }

  function resumePage(from) {
    for (var i = from; i >= 0; i -= 1) { if (address(i)) { return address(i); } }
    return "/";
  }

  /* On from step i: the next one if it is on this page, else its page, else where the element leads. */
  function onward(i, element) {
    var next = tour.steps[i + 1];
    if (!next) { finish(i); return; }
    if (matches(next)) { save(i + 1); show(i + 1); return; }
    var target = (tour.steps[i].done === "click" && link(element)) || address(i + 1);
    if (target) { stop(); save(i + 1).then(function () { window.location.assign(target); }); return; }
    save(i + 1);
    wait(i + 1);
  }

  function back(i) {
    if (matches(tour.steps[i - 1])) { save(i - 1); show(i - 1); return; }
    stop();
    save(i - 1).then(function () { window.location.assign(resumePage(i - 1)); });
  }

  /* The person did what the step asks for: the click itself goes where it always goes. */
  function clicked(i, element, event) {
    var control = event.target.closest("a[href], button, input[type=submit]");
    if (!control || !element.contains(control)) { return; }
    if (i + 1 >= tour.steps.length) { finish(i); return; }
    save(i + 1);
    var leads = control.matches("a[href]") || control.type === "submit";
    if (leads) { stop(); } else if (matches(tour.steps[i + 1])) { window.setTimeout(function () { show(i + 1); }, 0); }
  }

  function show(i) {
    stop();
    var step = tour.steps[i], element = document.querySelector(step.element), shown = element, inMenu = false;
    if (element && !visible(element)) {
      inMenu = Boolean(element.closest("#menu"));
      shown = inMenu ? document.querySelector("[data-tour=menu-button]") : null;
    }
    if (i > tour.step) { save(i); }
    if (step.page.indexOf("*") >= 0) { window.sessionStorage.setItem("tour " + tour.name + " " + step.page, window.location.pathname); }
    if (element && step.done === "click") {
      element.addEventListener("click", function (event) { if (tour.step === i || !player) { clicked(i, element, event); } }, {once: true});
    }
    if (inMenu && shown) {
      shown.addEventListener("click", function () { stop(); element.classList.add("tour-target"); }, {once: true});
    }
    player = window.driver.js.driver({
      animate: false, allowClose: true, overlayOpacity: 0.5, stagePadding: 4, popoverClass: "tour-popover",
      overlayClickBehavior: function () {},
      onPopoverRender: function (popover) {
        popover.title.textContent = step.title;
        popover.description.textContent = inMenu ? tour.words.menu + " " + step.text : step.text;
        popover.closeButton.setAttribute("aria-label", tour.words.close);
        popover.title.setAttribute("role", "none");  // else header and footer are landmarks of the whole page
        popover.footer.setAttribute("role", "group");
      },
      /* The dialog names itself; on a section or form these would be wrong. */
      onHighlighted: function (pointed) {
        ["aria-haspopup", "aria-expanded", "aria-controls"].forEach(function (name) { if (pointed) { pointed.removeAttribute(name); } });
      },
      onDestroyStarted: function () { if (player) { leave(); } }
    });
    player.highlight({
      element: shown || undefined,
      popover: {
        title: " ", description: " ", showButtons: i ? ["next", "previous", "close"] : ["next", "close"],
        disableButtons: [], showProgress: true,
        progressText: tour.words.progress.replace("{{current}}", i + 1).replace("{{total}}", tour.steps.length),
        nextBtnText: i + 1 < tour.steps.length ? tour.words.next : tour.words.done, prevBtnText: tour.words.previous,
        onNextClick: function () { onward(i, element); }, onPrevClick: function () { back(i); }, onCloseClick: leave
      }
    });
  }

  /* The step is on another page: say so without standing in the way. */
  function wait(i) {
    stop();
    var step = tour.steps[i], go = document.createElement("a"), end = document.createElement("button"), text = document.createElement("p");
    bar = document.createElement("section");
    bar.className = "tour-bar";
    bar.setAttribute("aria-label", tour.words.region);
    bar.setAttribute("role", "status");
    text.textContent = tour.title + " · " + step.title + ": " + step.text;
    go.className = "btn btn-primary btn-sm";
    go.href = resumePage(i);
    go.textContent = tour.words.resume;
    end.className = "btn btn-outline-secondary btn-sm";
    end.type = "button";
    end.textContent = tour.words.close;
    end.addEventListener("click", leave);
    [text, go, end].forEach(function (part) { bar.appendChild(part); });
    document.body.appendChild(bar);
  }

  fetch(url, {credentials: "same-origin"}).then(function (answer) { return answer.ok ? answer.json() : null; }).then(function (found) {
    if (!found || !found.steps.length) { return; }
    tour = found;
    var here = locate();
    if (here < 0) { wait(tour.step); } else { show(here); }
  }).catch(function () { /* The page was left, or the server is away: the next page asks again. */ });
})();
