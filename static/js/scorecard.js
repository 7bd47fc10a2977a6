/* Scorecards: the running sum, sliders beside their numbers, names put into the formula, and the answer of what-if
   while a slider is dragged.
   Without this script the buttons of the form do the same. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-scorecard]");
  if (!form) { return; }
  var sum = form.querySelector("[data-sum]"), place = document.getElementById("answer"), keep = form.querySelector("[data-keep]");
  var weights = Array.from(form.querySelectorAll('input[name^="line-"][name$="-weight"]'));
  var shown = new Intl.NumberFormat(document.documentElement.lang, {maximumFractionDigits: 2});

  function cents(input) { var value = Number(input.value.trim() || "0"); return isFinite(value) ? Math.round(value * 100) : 0; }
  function slider(input) { return form.querySelector('[data-slider="' + input.name + '"]'); }

  function total() {
    var all = weights.reduce(function (held, input) { return held + cents(input); }, 0);
    sum.textContent = shown.format(all / 100) + (all === 10000 ? "" : " (" + sum.dataset.wrong + ")");
    weights.forEach(function (input) {
      var beside = slider(input);
      if (beside && beside !== document.activeElement) { beside.value = input.value; }
    });
  }

  // The others make room in proportion to what they weighed when the dragging began; the last one takes the rest.
  var base = null;
  function begin() { base = weights.map(cents); }
  function makeRoom(moved) {
    var others = weights.filter(function (input) { return input !== moved; });
    if (!keep || !keep.querySelector("input").checked || !others.length) { return; }
    if (!base) { begin(); }
    var room = Math.max(0, 10000 - cents(moved));
    var held = others.map(function (input) { return base[weights.indexOf(input)]; });
    var whole = held.reduce(function (a, b) { return a + b; }, 0), left = room;
    others.forEach(function (input, at) {
      var share = at === others.length - 1 ? left : Math.floor(whole ? held[at] * room / whole : room / others.length);
      left -= share;
      input.value = String(share / 100);
    });
  }

  // One question at a time; what was moved meanwhile is asked when the answer is there.
  var asking = false, again = false;
  function ask() {
    if (!place || !form.dataset.answer) { return; }
    if (asking) { again = true; return; }
    asking = true;
    place.setAttribute("aria-busy", "true");
    fetch(form.dataset.answer, {method: "POST", body: new FormData(form), headers: {Accept: "text/html"}})
      .then(function (answer) { return answer.status === 200 || answer.status === 422 ? answer.text() : null; })
      .then(function (text) { if (text !== null) { place.innerHTML = text; } })
      .catch(function () { /* the old answer stays; the next move asks again */ })
      .then(function () {
        asking = false;
        place.removeAttribute("aria-busy");
        if (again) { again = false; ask(); }
      });
  }

  // A name that a formula may use is put where the cursor is.
  var formula = form.elements.formula;
  form.addEventListener("click", function (event) {
    var button = event.target.closest("[data-insert]");
    if (!button || !formula) { return; }
    formula.setRangeText(button.dataset.insert, formula.selectionStart, formula.selectionEnd, "end");
    formula.focus();
    formula.dispatchEvent(new Event("input", {bubbles: true}));
  });
  document.body.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id !== "formula-check" || !formula) { return; }
    var wrong = event.target.querySelector("[data-wrong]") !== null;
    formula.classList.toggle("is-invalid", wrong);
    if (wrong) { formula.setAttribute("aria-invalid", "true"); } else { formula.removeAttribute("aria-invalid"); }
  });

  if (keep && weights.length > 1) { keep.hidden = false; }
  form.addEventListener("pointerdown", function (event) { if (event.target.dataset.slider) { begin(); } });
  form.addEventListener("focusin", function (event) { if (event.target.dataset.slider) { begin(); } });
  form.addEventListener("input", function (event) {
    var target = event.target;
    if (target.dataset.slider) {
      var number = form.elements[target.dataset.slider];
      number.value = target.value;
      makeRoom(number);
    }
    total();
    if (target.name !== "name" && target.id !== "new" && target.id !== "new_name") { ask(); }
  });
  total();
})();
