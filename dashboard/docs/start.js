// Shows /openapi.json in Swagger UI. Requests go to this gateway only, with the key that the reader
// gives under Authorize; the key is forgotten with the page.
/* global SwaggerUIBundle */
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', prefersDark.matches)
prefersDark.addEventListener('change', follow)
follow()
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  // Nothing is sent to a validator on the network.
  validatorUrl: null,
})
