// Starts Swagger UI on our document. Runs in the browser.
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
  // A token that somebody has typed in is gone with the page.
  persistAuthorization: false,
  // No badge from a validator elsewhere.
  validatorUrl: null,
})
