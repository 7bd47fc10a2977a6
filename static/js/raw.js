/* The raw editor: CodeMirror over the text area, words offered from the dialect, problems marked where they are. */
(function () {
  "use strict";
  var area = document.getElementById("document"), host = document.getElementById("editor"), CM = window.CodeMirror;
  if (!area || !CM) { return; }
  var given = JSON.parse(document.getElementById("dialect").textContent), DIALECT = given.dialect;

  // The path of keys and positions that leads to a node of the syntax tree.
  function pathOf(state, node) {
    var path = [];
    for (var one = node; one; one = one.parent) {
      var above = one.parent;
      if (one.name === "Property") {
        var key = one.getChild("PropertyName");
        if (key) { path.unshift(textOf(state, key)); }
      } else if (above && above.name === "Array") {
        var at = 0;
        for (var before = one.prevSibling; before; before = before.prevSibling) { if (!/^[[\],]$/.test(before.name)) { at += 1; } }
        path.unshift(at);
      }
    }
    return path;
  }
  function textOf(state, node) {
    var text = state.sliceDoc(node.from, node.to);
    try { return JSON.parse(text); } catch (error) { return text.replace(/^"|"$/g, ""); }
  }

  // The node that a JSON pointer names: its value, or the nearest there is.
  function nodeAt(state, pointer) {
    var node = CM.syntaxTree(state).topNode.firstChild;
    pointer.split("/").slice(1).every(function (raw) {
      var key = raw.replace(/~1/g, "/").replace(/~0/g, "~"), found = null;
      if (node && node.name === "Object") {
        node.getChildren("Property").forEach(function (one) {
          var name = one.getChild("PropertyName");
          if (name && textOf(state, name) === key) { found = one; }
        });
      } else if (node && node.name === "Array") {
        var at = 0;
        for (var child = node.firstChild; child; child = child.nextSibling) {
          if (/^[[\],]$/.test(child.name)) { continue; }
          if (String(at) === key) { found = child; }
          at += 1;
        }
      }
      if (!found) { return false; }
      node = found.name === "Property" ? found.lastChild : found;
      return true;
    });
    return node || CM.syntaxTree(state).topNode;
  }

  // Every part of the dialect that may speak at a place, branches of if/then/else included.
  function parts(schema, into, depth) {
    if (!schema || typeof schema !== "object" || depth > 12 || into.indexOf(schema) >= 0) { return into; }
    into.push(schema);
    if (schema.$ref && schema.$ref.indexOf("#/$defs/") === 0) { parts(DIALECT.$defs[schema.$ref.slice(8)], into, depth + 1); }
    ["then", "else"].forEach(function (word) { parts(schema[word], into, depth + 1); });
    ["allOf", "anyOf", "oneOf"].forEach(function (word) { (schema[word] || []).forEach(function (one) { parts(one, into, depth + 1); }); });
    return into;
  }
  function schemasAt(path) {
    var here = parts(DIALECT, [], 0);
    path.forEach(function (key) {
      var next = [];
      here.forEach(function (schema) {
        var inner = typeof key === "number" ? schema.items
          : (schema.properties && schema.properties[key]) || schema.additionalProperties;
        parts(inner, next, 0);
      });
      here = next;
    });
    return here;
  }
  function wordsAt(path) {
    var found = {};
    schemasAt(path).forEach(function (schema) {
      Object.keys(schema.properties || {}).forEach(function (word) {
        var about = schema.properties[word];
        found[word] = found[word] || about.description || (about.$ref && (DIALECT.$defs[about.$ref.slice(8)] || {}).description) || "";
      });
    });
    return found;
  }
  function valuesAt(path, root) {
    var found = [], last = path[path.length - 1];
    schemasAt(path).forEach(function (schema) {
      found = found.concat(schema.enum || [], schema.const === undefined ? [] : [schema.const], schema.type === "boolean" ? [true, false] : []);
      if (schema.title === "name" || (schema.$ref || "").endsWith("/name")) {
        found = found.concat(last === "$ref" ? given.names : Object.keys((root && root.properties) || {}));
      }
    });
    return found.filter(function (one, at) { return found.indexOf(one) === at; });
  }
  function complete(context) {
    var node = CM.syntaxTree(context.state).resolveInner(context.pos, -1), root = null;
    try { root = JSON.parse(context.state.doc.toString()); } catch (error) { root = null; }
    var text = node.name === "PropertyName" || node.name === "String";
    var naming = node.name === "PropertyName" || node.name === "Object" || node.name === "{" || (node.name === "," && node.parent.name === "Object")
      || (node.name === "⚠" && node.parent && node.parent.name === "Object");
    if (!text && !context.explicit) { return null; }
    var options;
    if (naming) {
      var object = node.name === "PropertyName" ? node.parent.parent : node.name === "Object" ? node : node.parent;
      var words = wordsAt(pathOf(context.state, object));
      options = Object.keys(words).map(function (word) {
        return {label: word, info: words[word] || undefined, type: "property",
          apply: node.name === "PropertyName" ? JSON.stringify(word) : JSON.stringify(word) + ": "};
      });
    } else {
      options = valuesAt(pathOf(context.state, node), root).map(function (value) {
        return {label: String(value), type: "constant", apply: JSON.stringify(value)};
      });
    }
    return {from: text ? node.from : context.pos, to: text ? node.to : undefined, options: options, filter: !text ? undefined : false,
      ...(text ? {options: options.filter(function (one) {
        return one.label.toLowerCase().indexOf(context.state.sliceDoc(node.from + 1, context.pos).toLowerCase()) >= 0;
      })} : {})};
  }

  var list = document.getElementById("raw-problems");
  function show(problems) {
    list.hidden = !problems.length;
    list.querySelector("ul").replaceChildren.apply(list.querySelector("ul"), problems.map(function (one) {
      var item = document.createElement("li"), code = document.createElement("code");
      item.className = "list-group-item";
      code.className = "text-secondary";
      code.textContent = one.pointer;
      item.append(one.message + " ", code);
      return item;
    }));
  }
  async function check(view) {
    var syntax = CM.jsonParseLinter()(view);
    if (syntax.length) { return syntax; }
    var answer = await fetch(given.check, {method: "POST", credentials: "same-origin",
      headers: {"Content-Type": "application/json", Accept: "application/json"},
      body: JSON.stringify({documents: [JSON.parse(view.state.doc.toString())]})});
    if (!answer.ok) { return []; }
    var problems = (await answer.json()).problems;
    show(problems);
    return problems.map(function (one) {
      var node = nodeAt(view.state, one.pointer);
      return {from: node.from, to: Math.max(node.to, node.from + 1), severity: "error", message: one.message};
    });
  }

  var view = new CM.EditorView({
    parent: host,
    state: CM.EditorState.create({doc: area.value, extensions: [
      CM.EditorView.cspNonce.of(document.currentScript.nonce),
      CM.basics, CM.EditorView.lineWrapping, CM.autocompletion({override: [complete]}), CM.linter(check, {delay: 600}),
      CM.EditorView.contentAttributes.of({"aria-label": host.dataset.label, spellcheck: "false", tabindex: "0"}),
      CM.EditorView.updateListener.of(function (update) { if (update.docChanged) { area.value = update.state.doc.toString(); } }),
    ]}),
  });
  host.hidden = false;
  area.hidden = true;
  area.labels.forEach(function (label) { label.addEventListener("click", function () { view.focus(); }); });
})();
