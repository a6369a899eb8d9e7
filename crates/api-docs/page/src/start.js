// Beside this page, whatever a proxy puts in front of it.
window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  // By subject, each opened when it is wanted: with 146 operations at once not all
  // were drawn.
  docExpansion: "none",
  tryItOutEnabled: true,
  // Nothing is asked of anybody else.
  validatorUrl: null,
});
