// Starts the reader; a file of its own, because the content security policy allows no script in a page.
const place = document.getElementById("reader");
SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
});
