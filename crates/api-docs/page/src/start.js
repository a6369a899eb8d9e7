// Beside this page, whatever a proxy puts in front of it.
window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  // Nothing is asked of anybody else.
  validatorUrl: null,
});
