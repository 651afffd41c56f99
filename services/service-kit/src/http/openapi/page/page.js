// Starts Swagger UI on this service's own document. The policy of the page lets it reach nothing else.
SwaggerUIBundle({
  dom_id: "#page",
  // Whole, so that the document's relative server address means this service, under whatever prefix it is reached.
  url: new URL("openapi.json", document.baseURI).href,
  deepLinking: true,
  displayRequestDuration: true,
  // No outside service is asked whether the document is valid.
  validatorUrl: null,
});
