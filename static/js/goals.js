/* The goal tree: walked by the arrow keys as WAI-ARIA asks of a tree, branches fetched when they are first opened. */
(function () {
  "use strict";
  var tree = document.querySelector("[data-goal-tree]");
  if (!tree) return;
  var SPACE = " ";

  function group(item) {
    return item.querySelector(":scope > ul[role=group]");
  }
  function items() {
    return Array.prototype.filter.call(tree.querySelectorAll("[role=treeitem]"), function (item) {
      return !item.parentElement.closest("ul[hidden]");
    });
  }
  function above(item) {
    return item.parentElement.closest("[role=treeitem]");
  }
  function focus(item) {
    if (!item) return;
    tree.querySelectorAll('[role=treeitem][tabindex="0"]').forEach(function (other) {
      other.tabIndex = -1;
    });
    item.tabIndex = 0;
    item.focus();
  }
  function level(item, depth) {
    item.setAttribute("aria-level", String(depth));
    item.querySelectorAll(":scope > ul > [role=treeitem]").forEach(function (child) {
      level(child, depth + 1);
    });
  }
  function fetched(item) {
    var list = group(item);
    if (list.children.length) return Promise.resolve();
    item.setAttribute("aria-busy", "true");
    var over = tree.dataset.over === "1" ? "?over=1" : "";
    return fetch(item.dataset.branch + over, { credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.text();
      })
      .then(function (html) {
        if (!list.children.length) list.innerHTML = html;
        level(item, Number(item.getAttribute("aria-level")));
      })
      .finally(function () {
        item.removeAttribute("aria-busy");
      });
  }
  function open(item) {
    return fetched(item).then(
      function () {
        group(item).hidden = false;
        item.setAttribute("aria-expanded", "true");
      },
      function () {
        location.href = item.querySelector("a").href;
      }
    );
  }
  function close(item) {
    group(item).hidden = true;
    item.setAttribute("aria-expanded", "false");
  }
  function toggle(item) {
    if (item.getAttribute("aria-expanded") === "true") close(item);
    else open(item);
  }

  tree.addEventListener("click", function (event) {
    var item = event.target.closest("[role=treeitem]");
    if (!item || event.target.closest("a")) return;
    if (event.target.closest("button") && group(item)) toggle(item);
    focus(item);
  });
  tree.addEventListener("keydown", function (event) {
    var item = event.target.closest("[role=treeitem]");
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    var shown = items();
    var at = shown.indexOf(item);
    var expanded = item.getAttribute("aria-expanded");
    var done = true;
    if (event.key === "ArrowDown") focus(shown[at + 1]);
    else if (event.key === "ArrowUp") focus(shown[at - 1]);
    else if (event.key === "Home") focus(shown[0]);
    else if (event.key === "End") focus(shown[shown.length - 1]);
    else if (event.key === "ArrowRight" && expanded === "false") open(item);
    else if (event.key === "ArrowRight" && expanded === "true") focus(shown[at + 1]);
    else if (event.key === "ArrowLeft" && expanded === "true") close(item);
    else if (event.key === "ArrowLeft") focus(above(item));
    else if (event.key === "Enter") item.querySelector("a").click();
    else if (event.key === SPACE && expanded !== null) toggle(item);
    else done = false;
    if (done) event.preventDefault();
  });
  var first = tree.querySelector("[role=treeitem]");
  if (first) first.tabIndex = 0;
})();
