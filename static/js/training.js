/* One click for the usual case: everybody came. */
(function () {
  "use strict";
  document.querySelectorAll("[data-attendance] [data-all]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      button.form.querySelectorAll('input[type="radio"][value="' + button.dataset.all + '"]').forEach(function (radio) {
        radio.checked = true;
      });
    });
  });
})();
