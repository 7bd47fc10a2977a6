// What the raw editor needs of CodeMirror 6, bundled by tools/vendor.sh into static/vendor/codemirror.min.js.
import {autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap} from "@codemirror/commands";
import {json, jsonParseLinter} from "@codemirror/lang-json";
import {bracketMatching, defaultHighlightStyle, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting, syntaxTree} from "@codemirror/language";
import {lintGutter, lintKeymap, linter, setDiagnostics} from "@codemirror/lint";
import {highlightSelectionMatches, searchKeymap} from "@codemirror/search";
import {EditorState} from "@codemirror/state";
import {EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers} from "@codemirror/view";

window.CodeMirror = {
  EditorState, EditorView, syntaxTree, linter, setDiagnostics, jsonParseLinter, autocompletion,
  // Tab stays with the page, so that the keyboard gets out of the editor.
  basics: [lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
    highlightActiveLine(), highlightSelectionMatches(), syntaxHighlighting(defaultHighlightStyle, {fallback: true}), json(), lintGutter(),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap])],
};
