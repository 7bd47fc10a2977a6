/* The help menu asks for its content when it is opened: progress is read then, not on every page. */
(function () {
  "use strict";
  document.querySelectorAll("[data-help]").forEach(function (toggle) {
    toggle.addEventListener("show.bs.dropdown", function () {
      var menu = toggle.parentElement.querySelector("[data-help-menu]");
      fetch(toggle.dataset.help, {credentials: "same-origin"})
        .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
        .then(function (html) { menu.innerHTML = html; })
        .catch(function () { window.location.assign(toggle.href); });
    });
  });
})();
