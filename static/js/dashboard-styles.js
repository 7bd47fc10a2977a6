// Lets Bokeh's own styles through the Content-Security-Policy, and nobody else's.
//
// BokehJS puts <style> elements into its shadow roots, some while its script is still loading. The
// policy of dashboard pages takes styles that carry the nonce of this very response; so every style
// element made by script from here on gets it. Must run before bokeh.min.js.
{
  const nonce = document.currentScript.nonce;
  const create = Document.prototype.createElement;
  document.createElement = function (name, options) {
    const element = create.call(this, name, options);
    if (String(name).toLowerCase() === "style") element.nonce = nonce;
    return element;
  };
}
