/* The forms of the designer for a field and for a new definition: only the inputs of the chosen type, and a name that follows the title. */
(function () {
  "use strict";
  var type = document.getElementById("field-type");
  function follow() {
    if (!type) { return; }
    document.querySelectorAll("[data-for-type]").forEach(function (part) {
      part.hidden = part.dataset.forType.split(" ").indexOf(type.value) < 0;
    });
  }
  if (type) { type.addEventListener("change", follow); }
  follow();
  var title = document.getElementById("field-title"), name = document.getElementById("field-name");
  if (!name || name.readOnly || name.value) { return; }
  name.addEventListener("input", function () { name.dataset.own = "yes"; });
  function suggest() {
    if (name.dataset.own) { return; }
    name.value = title.value.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "_")
      .replace(/^[_0-9]+|_+$/g, "").slice(0, 40).replace(/_+$/, "");
  }
  title.addEventListener("input", suggest);
  suggest();  // a quick person typed the title before this ran
})();
