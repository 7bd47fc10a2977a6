/* The forms of the designer for a field and for a new definition: only the inputs of the chosen type, and a name that follows the title. */
(function () {
  "use strict";
  function named(title) {
    return title.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "_")
      .replace(/^[_0-9]+|_+$/g, "").slice(0, 40).replace(/_+$/, "");
  }
  var type = document.getElementById("field-type");
  function follow() {
    if (!type) { return; }
    document.querySelectorAll("[data-for-type]").forEach(function (part) {
      part.hidden = part.dataset.forType.split(" ").indexOf(type.value) < 0;
    });
  }
  if (type) { type.addEventListener("change", follow); }
  document.querySelectorAll(".desk-line").forEach(function (line) {
    var title = line.querySelector("[name=row_title]"), name = line.querySelector("[name=row_name]"), own = !!name.value;
    name.addEventListener("input", function () { own = true; });
    title.addEventListener("input", function () { if (!own) { name.value = named(title.value); } });
  });
  follow();
  function followEffect() {
    var chosen = document.querySelector("[name=effect]:checked");
    document.querySelectorAll("[data-for-effect]").forEach(function (part) {
      part.hidden = !!chosen && part.dataset.forEffect.split(" ").indexOf(chosen.value) < 0;
    });
  }
  function offer(select) {
    var value = select.closest(".row").querySelector("[name=test_value]"), list = "values-" + select.value;
    if (document.getElementById(list)) { value.setAttribute("list", list); } else { value.removeAttribute("list"); }
  }
  document.querySelectorAll("[name=effect]").forEach(function (one) { one.addEventListener("change", followEffect); });
  document.querySelectorAll("[name=test_field]").forEach(function (one) {
    one.addEventListener("change", function () { offer(one); });
    offer(one);
  });
  followEffect();
  var title = document.getElementById("field-title"), name = document.getElementById("field-name");
  if (!name || name.readOnly || name.value) { return; }
  name.addEventListener("input", function () { name.dataset.own = "yes"; });
  function suggest() {
    if (name.dataset.own) { return; }
    name.value = named(title.value);
  }
  title.addEventListener("input", suggest);
  suggest();  // a quick person typed the title before this ran
})();
