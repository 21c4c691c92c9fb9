// Says why the page does not start, where it can be known: a classic script in old JavaScript, which runs where modules
// do not. main.js removes what this shows.

(function () {
  var trouble = document.getElementById("trouble");
  var main = document.querySelector("script[type=module]");

  /** Shows the text for one reason. @param {string} reason */
  function show(reason) {
    // main.js has started, and says itself what is wrong; or a better reason is known.
    if (!trouble || !trouble.parentNode || trouble.className) return;
    var texts = trouble.getElementsByTagName("p");
    for (var i = 0; i < texts.length; i++) {
      texts[i].hidden = texts[i].getAttribute("data-reason") !== reason;
    }
    trouble.className = "known";
    var state = document.getElementById("state");
    if (state) state.textContent = "";
  }

  if (location.protocol === "file:") show("file");
  else if (self.origin === "null") show("frame");
  // Its own file or one that it imports is missing, or not sent as JavaScript.
  if (main) main.addEventListener("error", function () { show("scripts"); });
  // Syntax that the browser does not know.
  addEventListener("error", function (event) {
    if (event.error instanceof SyntaxError) show("browser");
  });
  if (!("noModule" in HTMLScriptElement.prototype)) show("browser");
})();
