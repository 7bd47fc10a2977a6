/* Files of a record's form: one that is chosen is sent at once, with its progress, and the form keeps its number. Without
   this script the file goes with the form when it is saved. A save while something is on its way waits for it. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-live]");
  if (!form || !form.querySelector("[data-upload]")) { return; }
  var running = new Set(), waiting = null;

  function filled(words, name) { return words.replace("{name}", name); }

  function settle(request) {
    running.delete(request);
    if (waiting !== null && !running.size) {
      var button = waiting;
      waiting = null;
      if (!form.querySelector("[data-file-wrong]:not([hidden])")) { form.requestSubmit(button || undefined); }
    }
  }

  function problemOf(request, words) {
    try {
      var told = JSON.parse(request.responseText);
      return told.problems && told.problems.length ? told.problems[0].message : told.title || words;
    } catch (_error) {
      return words;
    }
  }

  function begin(room) {
    var chosen = room.querySelector("input[type=file]"), number = room.querySelector("[data-file-id]");
    var now = room.querySelector("[data-file-now]"), link = room.querySelector("[data-file-link]");
    var bar = room.querySelector("[data-file-progress]"), said = room.querySelector("[data-file-said]");
    var wrong = document.createElement("div"), request = null;
    wrong.className = "invalid-feedback d-block";
    wrong.id = "upload-" + chosen.id;
    wrong.hidden = true;
    wrong.setAttribute("role", "alert");
    wrong.setAttribute("data-file-wrong", "");
    room.appendChild(wrong);
    room.querySelector("[data-plain]").remove();
    room.querySelector("[data-file-remove]").hidden = false;

    function refuse(words) {
      wrong.textContent = words;
      wrong.hidden = !words;
      chosen.classList.toggle("is-invalid", !!words);
      var ids = (chosen.getAttribute("aria-describedby") || "").split(" ").filter(function (id) { return id && id !== wrong.id; });
      if (words) { ids.push(wrong.id); chosen.setAttribute("aria-invalid", "true"); } else { chosen.removeAttribute("aria-invalid"); }
      if (ids.length) { chosen.setAttribute("aria-describedby", ids.join(" ")); } else { chosen.removeAttribute("aria-describedby"); }
    }

    function keep(id, name, url) {
      number.value = id;
      link.textContent = name;
      link.href = url;
      now.hidden = !id;
      number.dispatchEvent(new Event("change", {bubbles: true}));
    }

    function stop() {
      if (request) { request.abort(); settle(request); request = null; }
      bar.hidden = true;
    }

    function send(file) {
      var mine = request = new XMLHttpRequest(), body = new FormData();
      running.add(mine);
      body.append("file", file);
      refuse("");
      bar.value = 0;
      bar.hidden = false;
      said.textContent = filled(room.dataset.uploading, file.name);
      mine.upload.addEventListener("progress", function (event) {
        if (event.lengthComputable) { bar.value = 100 * event.loaded / event.total; }
      });
      mine.addEventListener("load", function () {
        bar.hidden = true;
        chosen.value = "";  // it is there already, and need not be sent again
        if (mine.status === 201) {
          var made = JSON.parse(mine.responseText).result;
          keep(made.id, made.name, made.url);
          said.textContent = filled(room.dataset.uploaded, made.name);
        } else {
          said.textContent = "";
          refuse(problemOf(mine, room.dataset.failed));
        }
        settle(mine);
      });
      mine.addEventListener("error", function () {
        bar.hidden = true;
        said.textContent = "";
        refuse(room.dataset.failed);
        settle(mine);
      });
      mine.open("POST", room.dataset.upload);
      mine.setRequestHeader("Accept", "application/json");
      mine.send(body);
    }

    chosen.addEventListener("change", function () {
      stop();
      if (chosen.files.length) { send(chosen.files[0]); }
    });
    room.querySelector("[data-file-remove]").addEventListener("click", function () {
      stop();
      refuse("");
      keep("", "", "");
      said.textContent = room.dataset.removed;
      chosen.focus();
    });
  }

  form.addEventListener("submit", function (event) {
    if (!running.size) { return; }
    event.preventDefault();
    waiting = event.submitter || false;
  });
  form.querySelectorAll("[data-upload]").forEach(begin);
})();
