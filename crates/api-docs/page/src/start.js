// The URL is relative to this page, so that it works whatever path a proxy puts in front.
window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  // Show collapsed groups, each opened on demand: with 146 operations at once, not all were drawn.
  docExpansion: "none",
  tryItOutEnabled: true,
  // Disable the validator, which would send the document to another server.
  validatorUrl: null,
});
