// Addresses of HTTP in the configuration: what counts as one, and what is wrong with a text that is
// none.

/** Whether a text is a URL of HTTP or HTTPS with a host. */
export function isHttpUrl(text: string): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return /^https?:$/.test(protocol) && hostname !== ''
}

/** A host with an optional port and path, and nothing that could be a password. */
const bareAddress =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[\w./-]*)?$/

/** What is wrong with an address that is none, and the right one where that can be told. */
export function urlProblem(text: string, none?: string): string {
  const or = none === undefined ? '' : `, or ${none}`
  const rule = `must be a URL that starts with http:// or https://${or}`
  if (bareAddress.test(text) && isHttpUrl(`http://${text}`)) {
    return `${rule}; the scheme is missing: write http://${text}`
  }
  return rule
}
