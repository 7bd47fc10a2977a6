/* Lists: groups that open, columns that are put in order, cells that are changed where they stand, records that are chosen;
   and people who are named in a comment. Without this script each leads to a page of its own. */
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-open-rows]");
    if (!opener) { return; }
    event.preventDefault();
    var rows = document.getElementById(opener.getAttribute("aria-controls"));
    rows.hidden = !rows.hidden;
    opener.setAttribute("aria-expanded", String(!rows.hidden));
  });
  document.querySelectorAll("[data-arrange]").forEach(function (list) {
    list.querySelectorAll(".arrange").forEach(function (buttons) { buttons.hidden = false; });
    list.addEventListener("click", function (event) {
      var button = event.target.closest("[data-move]");
      if (!button) { return; }
      var item = button.closest("li");
      var other = button.dataset.move === "-1" ? item.previousElementSibling : item.nextElementSibling;
      if (!other) { return; }
      if (button.dataset.move === "-1") { list.insertBefore(item, other); } else { list.insertBefore(other, item); }
      button.focus();
    });
  });
  // What is wrong with a cell comes back with its status, and belongs to the cell all the same.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status === 422 || event.detail.xhr.status === 412) { event.detail.shouldSwap = true; }
  });
  var bulk = document.querySelector("[data-bulk]");
  if (bulk) {
    var all = bulk.querySelector("[data-choose-all]"), boxes = 'input[name="ids"][form="bulk"]:not([disabled])';
    all.hidden = false;
    all.querySelector("input").addEventListener("change", function (event) {
      document.querySelectorAll(boxes).forEach(function (box) { box.checked = event.target.checked; });
    });
    cells();
  }
  // A list like a sheet: Enter opens a cell and keeps it, Tab keeps it and opens the next, Escape leaves it as it was.
  function cells() {
    var then = null;
    document.addEventListener("keydown", function (event) {
      var form = event.target.closest("[data-cell]");
      if (!form) { return; }
      if (event.key === "Escape") {
        event.preventDefault();
        then = {id: form.closest("td").id, step: 0};
        form.querySelector("[data-leave]").click();
      } else if (event.key === "Tab" && !event.target.closest("button")) {
        event.preventDefault();
        then = {id: form.closest("td").id, step: event.shiftKey ? -1 : 1};
        form.requestSubmit();
      } else if (event.key === "Enter" && (event.target.tagName !== "TEXTAREA" || event.ctrlKey) && !event.target.closest(".ts-wrapper, button")) {
        event.preventDefault();
        then = {id: form.closest("td").id, step: 0};
        form.requestSubmit();
      }
    }, true);
    document.addEventListener("htmx:afterSettle", function () {
      var open = document.querySelector("[data-cell]");
      if (open) {
        then = null;
        open.querySelector("[data-columns]").value = bulk.dataset.columns;
        var input = open.querySelector(".ts-control input, input:not([type=hidden]), select, textarea");
        if (input) { input.focus(); if (input.select && input.type === "text") { input.select(); } }
        return;
      }
      var cell = then && document.getElementById(then.id);
      if (!cell) { return; }
      var openers = Array.prototype.slice.call(document.querySelectorAll(".cell-open"));
      var next = openers[openers.indexOf(cell.querySelector(".cell-open")) + then.step];
      var step = then.step;
      then = null;
      if (next) { next.focus(); if (step) { next.click(); } }
    });
    // One cell at a time: opening another leaves the first as it was.
    document.addEventListener("htmx:beforeRequest", function (event) {
      if (!event.target.matches(".cell-open")) { return; }
      var open = document.querySelector("[data-cell] [data-leave]");
      if (open) { open.click(); }
    });
  }
  var mention = document.querySelector("[data-mention]");
  if (mention) {
    mention.hidden = false;
    mention.querySelector("select").addEventListener("change", function (event) {
      var text = document.getElementById("comment-text");
      if (!event.target.value) { return; }
      text.value += (text.value && !/\s$/.test(text.value) ? " " : "") + "@" + event.target.value + " ";
      event.target.tomselect.clear(true);
      text.focus();
    });
  }
})();
