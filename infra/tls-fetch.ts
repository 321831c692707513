// `fetch` with the TLS settings of a client. undici is loaded on the first request, because
// connections without such settings do not need it.
import type { Agent } from 'undici'
import type { ClientTls } from './tls-client.ts'

/** Sends requests over connections with the current options; changed options close the old ones. */
export function tlsFetch(current: () => ClientTls): typeof fetch {
  let open: { readonly tls: ClientTls; readonly dispatcher: Agent } | undefined
  return async (url, request) => {
    const undici = await import('undici')
    const tls = current()
    if (open?.tls !== tls) {
      // Requests under way are finished first.
      open?.dispatcher.close().catch(() => undefined)
      open = { tls, dispatcher: new undici.Agent({ connect: { ...tls } }) }
    }
    // The types of undici's package and of Node's copy differ in names only.
    const send = undici.fetch as unknown as (url: unknown, request: object) => Promise<Response>
    return send(url, { ...request, dispatcher: open.dispatcher })
  }
}
