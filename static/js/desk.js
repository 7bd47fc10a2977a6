/* The designer's desk: dragging and arrow keys press the forms that are there; the form beside it follows each edit. */
(function () {
  "use strict";
  var frame = document.getElementById("sight"), choice = document.getElementById("sight-choice");
  function refresh() {
    if (!frame) { return; }
    try {
      var top = frame.contentWindow.scrollY || 0;
      frame.addEventListener("load", function () { scrolled(top); }, {once: true});
      frame.contentWindow.location.reload();
    } catch (error) { frame.src = frame.getAttribute("src"); }  // it holds the browser's word that the server is away
  }
  function scrolled(top) {
    try { frame.contentWindow.scrollTo(0, top); } catch (error) { /* The server is away: there is nothing to scroll. */ }
  }
  if (choice) { choice.addEventListener("change", function () { choice.requestSubmit(); }); }
  var desk = document.getElementById("desk");
  if (!desk || !window.htmx) { return; }
  function send(path, values) {
    var now = document.getElementById("desk");
    values.csrf_token = now.dataset.token; values.revision = now.dataset.revision; values.side = now.dataset.side;
    htmx.ajax("POST", location.pathname.replace(/\/$/, "") + path, {target: "#desk", swap: "outerHTML", values: values});
  }
  function draggable(list, group, drop) {
    new Sortable(list, {group: group, handle: ".desk-grip", draggable: ".desk-field", ghostClass: "desk-ghost", animation: 120,
      onEnd: function (event) {
        if (event.from === event.to && event.oldDraggableIndex === event.newDraggableIndex) { return; }
        drop(event.item.dataset.field, event.to, event.newDraggableIndex);
      }});
  }
  function prepare() {
    document.querySelectorAll(".desk-fields").forEach(function (list) {
      draggable(list, "fields", function (field, to, at) { send("/place/" + field, {section: to.dataset.section, position: at}); });
    });
    document.querySelectorAll(".desk-list").forEach(function (list) {
      draggable(list, "list", function (field, _to, at) { send("/columns/" + field, {to: "place", position: at}); });
    });
  }
  document.addEventListener("keydown", function (event) {
    var way = {ArrowUp: "up", ArrowDown: "down"}[event.key], row = event.target.closest && event.target.closest(".desk-field");
    if (!way || !row || !(event.target.classList.contains("desk-grip") || event.altKey)) { return; }
    event.preventDefault();
    var button = row.querySelector("button[value=" + way + "]");
    if (button && !button.disabled) { button.click(); }
  });
  document.addEventListener("keydown", function (event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea, select, [contenteditable]")) { return; }
    var key = event.key.toLowerCase(), name = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : "";
    var button = name && document.getElementById(name);
    if (button && !button.disabled) { event.preventDefault(); button.click(); }
  });
  document.body.addEventListener("htmx:configRequest", function (event) {
    var now = document.getElementById("desk").dataset;
    event.detail.parameters.revision = now.revision;  // the newest that this page has seen, also after an edit
    event.detail.parameters.side = now.side;
  });
  document.body.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target.id !== "desk") { return; }
    prepare();
    refresh();
    var fresh = document.getElementById("desk"), wanted = fresh.dataset.focus && document.getElementById(fresh.dataset.focus);
    if (wanted && wanted.disabled) { wanted = document.getElementById(wanted.id === "undo" ? "redo" : "undo"); }
    if (!wanted || (document.activeElement && document.activeElement !== document.body && !document.activeElement.disabled)) { return; }
    if (!wanted.matches("a, button, input, select, textarea")) { wanted.tabIndex = -1; }
    wanted.focus();
  });
  document.body.addEventListener("htmx:responseError", function () { location.reload(); });
  prepare();
})();
