/* Searchable selects for references, and a question before what is hard to take back. */
(function () {
  "use strict";
  // A record of a tree stands under what it belongs to; when searched for, the path says where.
  function inTree(data, escape) {
    var depth = Math.min(Number(data.depth || 0), 8);
    var path = data.path ? '<span class="tree-path">' + escape(data.path) + "</span>" : "";
    return '<div class="tree-' + depth + '">' + escape(data.text) + path + "</div>";
  }
  function inPlace(picker, found) {
    found.forEach(function (one, place) {
      one.$order = place + 1;
      if (picker.options[one.value]) { Object.assign(picker.options[one.value], one); }
    });
  }

  function searchable(select) {
    var tree = select.hasAttribute("data-tree");
    var settings = {
      valueField: "value", labelField: "text", searchField: [], preload: "focus", maxOptions: 50, sortField: "$order",
      refreshThrottle: 0,  // later, it would open again the list that a quick choice has closed, and take the focus back
      dropdownParent: select.closest("[data-grid]") ? "body" : null,  // a table would cut it off
      score: function () { return function () { return 1; }; },
      load: function (words, done) {
        var self = this;
        fetch(select.dataset.pick + "?q=" + encodeURIComponent(words), {headers: {Accept: "application/json"}})
          .then(function (answer) { return answer.ok ? answer.json() : []; })
          .then(function (found) { if (tree) { inPlace(self, found); } done(found); }).catch(function () { done(); });
      }
    };
    if (tree) {
      delete settings.score;
      Object.assign(settings, {searchField: ["text", "path"], maxOptions: 1000, render: {option: inTree}});
      settings.shouldLoad = function (words) { return !words || Object.keys(this.options).length <= 20; };  // all are there
    }
    var picker = new TomSelect(select, settings);
    ["aria-label", "aria-labelledby", "aria-describedby", "aria-invalid", "aria-required"].forEach(function (name) {
      if (select.hasAttribute(name)) { picker.control_input.setAttribute(name, select.getAttribute(name)); }
    });
  }
  document.querySelectorAll("select[data-pick]").forEach(searchable);
  document.addEventListener("plumbline:added", function (event) {
    event.target.querySelectorAll("select[data-pick]").forEach(searchable);
  });
  document.addEventListener("htmx:load", function (event) {
    event.detail.elt.querySelectorAll("select[data-pick]:not(.tomselected)").forEach(searchable);
  });
  // A second click on the way must not send a form twice; coming back by the browser's history opens it again.
  document.querySelectorAll("form[data-once]").forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
    });
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.person-menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
  });
  document.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && document.querySelector("details.person-menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("submit", function (event) {
    var words = event.target.dataset.confirm;
    if (words && !window.confirm(words)) { event.preventDefault(); }
  });
})();
