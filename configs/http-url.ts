// Checks HTTP addresses in the configuration, with a message for texts that are none.

/** Whether a text is a URL of HTTP or HTTPS with a host. */
export function isHttpUrl(text: string): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return /^https?:$/.test(protocol) && hostname !== ''
}

/** A host with an optional port and path, without anything that could be a password. */
const bareAddress =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[\w./-]*)?$/

/** Says what is wrong with an invalid address, and suggests the right one if possible. */
export function urlProblem(text: string, none?: string): string {
  const or = none === undefined ? '' : `, or ${none}`
  const rule = `must be a URL that starts with http:// or https://${or}`
  if (bareAddress.test(text) && isHttpUrl(`http://${text}`)) {
    return `${rule}; the scheme is missing: write http://${text}`
  }
  return rule
}
