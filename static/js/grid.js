/* Child tables: add, remove and move rows by buttons and keys, paste from a spreadsheet, totals while one types.
   Without this script a table has three empty rows and a box for each row that shall go. */
(function () {
  "use strict";
  var CELL = "input:not([type=hidden]), select, textarea";

  function each(list, act) { Array.prototype.forEach.call(list, act); }
  function changed(control) { control.dispatchEvent(new Event("change", {bubbles: true})); }
  function inCell(cell) { return cell.querySelector(".ts-control input") || cell.querySelector(CELL); }

  function Grid(root) {
    var body = root.querySelector("tbody"), pattern = root.querySelector("template"), next = body.rows.length;
    var most = Number(root.dataset.most || Infinity), adder = root.querySelector("[data-add]");

    function rows() { return Array.from(body.rows); }

    function blank(row) {
      var model = pattern.content.querySelector("tr");
      if (row.querySelector('input[name$="-id"]')) { return false; }
      return Array.from(row.querySelectorAll("td[data-column]")).every(function (cell) {
        var mine = cell.querySelector(CELL), start = model.querySelector('[data-column="' + cell.dataset.column + '"]').querySelector(CELL);
        return mine.type === "checkbox" ? mine.checked === start.defaultChecked : !mine.value.trim() || mine.value === start.value;
      });
    }

    function settle() {
      rows().forEach(function (row, place) {
        row.querySelector("[data-place]").textContent = place + 1;
        row.querySelector("[data-up]").disabled = place === 0;
        row.querySelector("[data-down]").disabled = place === body.rows.length - 1;
      });
      root.querySelector("[data-empty]").hidden = body.rows.length > 0;
      root.querySelector("table").hidden = body.rows.length === 0;
      adder.disabled = body.rows.length >= most;
      total();
    }

    function total() {
      each(root.querySelectorAll("[data-total]"), function (cell) {
        var places = 0, sum = 0;
        rows().forEach(function (row) {
          var text = row.querySelector('[data-column="' + cell.dataset.total + '"]').querySelector(CELL).value.trim();
          if (text && isFinite(Number(text))) {
            sum += Number(text);
            places = Math.max(places, (text.split(".")[1] || "").length);
          }
        });
        cell.textContent = new Intl.NumberFormat(document.documentElement.lang, {maximumFractionDigits: Math.min(places, 15)}).format(sum);
      });
    }

    function tools(row) {
      each(row.querySelectorAll("[data-plain]"), function (one) { one.remove(); });
      each(row.querySelectorAll("[data-tools]"), function (one) { one.hidden = false; });
    }

    function add() {
      var made = document.createElement("tbody");
      made.innerHTML = pattern.innerHTML.replaceAll("__key__", String(next++));
      var row = made.rows[0];
      body.append(row);
      tools(row);
      row.dispatchEvent(new Event("plumbline:added", {bubbles: true}));
      return row;
    }

    function focus(row, column) {
      var cell = row && (row.querySelector('[data-column="' + column + '"]') || row.querySelector("td[data-column]"));
      if (cell) { inCell(cell).focus(); }
    }

    function move(row, by) {
      var other = by < 0 ? row.previousElementSibling : row.nextElementSibling, held = document.activeElement;
      if (!other) { return; }
      if (by < 0) { other.before(row); } else { other.after(row); }
      settle();
      if (held.disabled) { held = row.querySelector(by < 0 ? "[data-down]" : "[data-up]"); }
      held.focus();
      changed(row.querySelector(CELL));
    }

    function drop(row) {
      var near = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      settle();
      if (near) { near.querySelector("[data-drop]").focus(); } else { adder.focus(); }
      root.dispatchEvent(new Event("change", {bubbles: true}));
    }

    function problems(found) {  // by "row/column", counting only the rows that say something, as the server does
      var place = 0;
      rows().forEach(function (row) {
        var here = blank(row) ? -1 : place++;
        each(row.querySelectorAll("td[data-column]"), function (cell) { tell(cell, found[here + "/" + cell.dataset.column] || []); });
      });
    }

    function tell(cell, words) {
      var control = cell.querySelector(CELL), old = cell.querySelector(".invalid-feedback"), id = "error-" + control.id;
      if (old) { old.remove(); }
      each(cell.querySelectorAll(CELL), function (one) {
        if (words.length) { one.setAttribute("aria-invalid", "true"); one.setAttribute("aria-describedby", id); }
        else { one.removeAttribute("aria-invalid"); one.removeAttribute("aria-describedby"); }
        one.classList.toggle("is-invalid", words.length > 0);
      });
      if (!words.length) { return; }
      var note = document.createElement("div");
      note.className = "invalid-feedback d-block";
      note.id = id;
      note.textContent = words.join(" ");
      cell.append(note);
    }

    function put(cell, text) {
      var control = cell.querySelector(CELL), words = text.trim();
      if (control.tomselect) { return choose(control, words); }
      if (control.type === "checkbox") {
        control.checked = ["true", "1", "yes", "y", "on", "是"].indexOf(words.toLowerCase()) >= 0;
      } else if (control.tagName === "SELECT") {
        var fits = Array.from(control.options).find(function (one) { return [one.value, one.text].some(function (word) { return word.trim().toLowerCase() === words.toLowerCase(); }); });
        if (!fits && words) { fits = new Option(words, words); control.add(fits); }  // the server says what is wrong with it
        control.value = fits ? fits.value : "";
      } else {
        control.value = words;
        if (words && !control.value) { control.type = "text"; control.value = words; }
      }
      return Promise.resolve();
    }

    function choose(control, words) {  // a record by the words that people read for it; several such, or none: as typed
      if (!words) { control.tomselect.clear(); return Promise.resolve(); }
      return fetch(control.dataset.pick + "?q=" + encodeURIComponent(words), {headers: {Accept: "application/json"}})
        .then(function (answer) { return answer.ok ? answer.json() : []; })
        .then(function (found) {
          var same = found.filter(function (one) { return one.text.toLowerCase() === words.toLowerCase() || one.value === words; });
          var one = same.length === 1 ? same[0] : {value: words, text: words};
          control.tomselect.addOption(one);
          control.tomselect.setValue(one.value);
        }).catch(function () { /* nobody answers: the cell stays as it is */ });
    }

    function paste(event) {
      var text = (event.clipboardData || window.clipboardData).getData("text").replace(/\r\n?/g, "\n").replace(/\n$/, "");
      var cell = event.target.closest("td[data-column]");
      if (!cell || !/[\t\n]/.test(text) || event.target.tagName === "TEXTAREA" && text.indexOf("\t") < 0) { return; }
      event.preventDefault();
      var row = cell.parentElement, start = Array.from(row.cells).indexOf(cell), waiting = [], last = cell;
      text.split("\n").forEach(function (line, place) {
        if (place) { row = row.nextElementSibling || (body.rows.length < most ? add() : null); }
        if (!row) { return; }
        line.split("\t").forEach(function (words, across) {
          var target = row.cells[start + across];
          if (target && target.dataset.column) { waiting.push(put(target, words)); last = target; }
        });
      });
      settle();
      Promise.all(waiting).then(function () { total(); changed(last.querySelector(CELL)); });
    }

    function keys(event) {
      var cell = event.target.closest("td[data-column]"), row = event.target.closest("tr[data-row]");
      if (!row || event.isComposing) { return; }
      var up = event.key === "ArrowUp", down = event.key === "ArrowDown";
      if (event.altKey && (up || down)) { event.preventDefault(); move(row, up ? -1 : 1); return; }
      if (!cell || event.target.closest(".ts-wrapper")) { return; }
      var line = event.target.tagName === "INPUT" && ["text", "email", "url"].indexOf(event.target.type) >= 0;
      if (line && (up || down)) {
        var other = up ? row.previousElementSibling : row.nextElementSibling;
        if (other) { event.preventDefault(); focus(other, cell.dataset.column); }
      }
      if (event.key === "Enter" && event.target.tagName === "INPUT") {
        event.preventDefault();
        focus(row.nextElementSibling || (body.rows.length < most ? added() : null), cell.dataset.column);
      }
    }

    function added() { var row = add(); settle(); return row; }

    rows().forEach(function (row) { if (row.hasAttribute("data-spare")) { row.remove(); } else { tools(row); } });
    root.querySelector("[data-add]").parentElement.hidden = false;
    adder.addEventListener("click", function () { focus(added(), ""); });
    body.addEventListener("click", function (event) {
      var row = event.target.closest("tr[data-row]");
      if (event.target.closest("[data-up]")) { move(row, -1); }
      if (event.target.closest("[data-down]")) { move(row, 1); }
      if (event.target.closest("[data-drop]")) { drop(row); }
    });
    body.addEventListener("keydown", keys);
    body.addEventListener("paste", paste);
    body.addEventListener("input", total);
    root.closest("[data-field]").addEventListener("plumbline:problems", function (event) { problems(event.detail); });
    settle();
  }

  each(document.querySelectorAll("[data-grid]"), Grid);
})();
