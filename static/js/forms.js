/* A record's form while it is filled: the server says what it asks for, and this shows it. Without this script all
   fields are there and the server checks them at the save. Typed values and the focus are never touched. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-live]");
  if (!form) { return; }
  var reads = form.dataset.reads.split(" ").filter(Boolean);
  var touched = new Set(), told = new Set(), asking = null, timer = 0;

  function frames() { return Array.from(form.querySelectorAll("[data-field]")); }
  function frame(name) { return form.querySelector('[data-field="' + CSS.escape(name) + '"]'); }
  function nameOf(element) { var holder = element.closest("[data-field]"); return holder ? holder.dataset.field : ""; }

  function controls(holder) {
    return Array.from(holder.querySelectorAll("input, select, textarea")).filter(function (one) { return one.type !== "hidden"; });
  }

  // A group of inputs is described as a whole; each single input is marked itself.
  function marked(holder) {
    var group = holder.querySelector("fieldset");
    return group ? [group] : controls(holder);
  }

  function announce(words) { form.querySelector("[data-announce]").textContent = words; }

  function showProblems(holder, problems) {
    var id = "error-field-" + holder.dataset.field, place = holder.querySelector("[id='" + id + "']");
    if (!place && problems.length) {
      place = document.createElement("div");
      place.id = id;
      place.className = "invalid-feedback d-block";
      holder.insertBefore(place, holder.querySelector("[data-left]"));
    }
    if (place) { place.textContent = problems.join(" "); place.hidden = !problems.length; }
    marked(holder).forEach(function (one) {
      var words = (one.getAttribute("aria-describedby") || "").split(" ").filter(function (word) { return word && word !== id; });
      if (problems.length) { words.push(id); }
      if (problems.length && one.tagName !== "FIELDSET") { one.setAttribute("aria-invalid", "true"); } else { one.removeAttribute("aria-invalid"); }
      if (words.length) { one.setAttribute("aria-describedby", words.join(" ")); } else { one.removeAttribute("aria-describedby"); }
      one.classList.toggle("is-invalid", problems.length > 0);
    });
  }

  function require(holder, required) {
    var label = holder.querySelector("label.form-label, legend.form-label");
    if (label) { label.classList.toggle("required", required); }
    marked(holder).forEach(function (one) {
      if (required && one.tagName !== "FIELDSET") { one.setAttribute("aria-required", "true"); } else { one.removeAttribute("aria-required"); }
    });
  }

  function hideEmptySections() {
    form.querySelectorAll("fieldset.card").forEach(function (section) {
      section.hidden = !section.querySelector("[data-field]:not([hidden])");
    });
  }

  function apply(state) {
    var appeared = [];
    Object.keys(state.fields).forEach(function (name) {
      var holder = frame(name), now = state.fields[name];
      if (!holder) { return; }
      var inside = holder.contains(document.activeElement);  // who is in a field keeps it until they leave it
      if (now.shown && holder.hidden) { appeared.push(holder.querySelector(".form-label, .form-check-label").textContent.trim()); }
      holder.toggleAttribute("data-away", !now.shown);
      holder.hidden = !now.shown && !inside;
      holder.querySelector("[data-left]").hidden = !now.left;
      require(holder, now.required);
      if (!told.has(name)) {
        showProblems(holder, touched.has(name) ? now.problems : []);
        holder.dispatchEvent(new CustomEvent("plumbline:problems", {detail: now.cells}));
      }
    });
    Object.keys(state.computed).forEach(function (name) {
      var holder = frame(name), place = holder && holder.querySelector("[data-computed]");
      if (place) { place.textContent = state.computed[name] || "–"; }
    });
    var place = form.querySelector("[data-problems]");
    place.textContent = state.problems.join(" ");
    place.hidden = !state.problems.length;
    hideEmptySections();
    if (appeared.length) { announce(form.dataset.nowAsked + " " + appeared.join(", ")); }
  }

  function ask() {
    if (asking) { asking.abort(); }
    asking = new AbortController();
    var typed = new FormData(form);
    Array.from(typed.keys()).forEach(function (name) { if (typed.get(name) instanceof File) { typed.delete(name); } });  // they go ahead by themselves
    fetch(form.dataset.live, {method: "POST", body: typed, signal: asking.signal, headers: {Accept: "application/json"}})
      .then(function (answer) { return answer.ok ? answer.json() : null; })
      .then(function (state) { if (state) { apply(state); } })
      .catch(function () { /* a newer question took its place, or nobody answers: the save will tell */ });
  }

  function changed(event) {
    var name = nameOf(event.target);
    if (!name || event.target.closest("[data-quiet]")) { return; }
    var wrong = told.has(name) || event.target.getAttribute("aria-invalid") === "true" || event.target.closest("[data-grid]");
    touched.add(name);
    told.delete(name);
    if (reads.indexOf(name) < 0 && !wrong) { return; }
    clearTimeout(timer);
    timer = setTimeout(ask, event.type === "input" ? 300 : 0);
  }

  function putAway() {
    frames().forEach(function (holder) {
      if (holder.hasAttribute("data-away") && !holder.contains(document.activeElement)) { holder.hidden = true; }
    });
    hideEmptySections();
  }

  frames().forEach(function (holder) {
    if (holder.querySelector(".invalid-feedback")) { told.add(holder.dataset.field); }  // the save knows more than we do here
  });
  putAway();
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("focusout", function () { setTimeout(putAway, 0); });
})();
