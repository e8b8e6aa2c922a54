// Starts Swagger UI with /openapi.json. Runs in the browser.
const dark = window.matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayOperationId: false,
  displayRequestDuration: true,
  // A token that the user enters is not stored.
  persistAuthorization: false,
  // No badge from an external validator.
  validatorUrl: null,
})
