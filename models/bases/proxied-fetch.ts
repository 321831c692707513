// What proxy settings mean to the HTTP client and to Maven. Reading them from the environment is
// the caller's; nothing here connects.
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'

/** Proxies to use, as the environment variables of the same meaning give them. */
export type ProxySettings = {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  readonly noProxy?: string | undefined
}

/**
 * The connections of one download, through the proxy where the settings say so. The caller destroys
 * it. `connectMsMax` bounds opening a connection.
 */
export function createDispatcher(
  proxy: ProxySettings | undefined,
  connectMsMax: number,
): Dispatcher {
  const connect = { timeout: connectMsMax }
  if (!proxy?.httpProxy && !proxy?.httpsProxy) return new Agent({ connect })
  return new EnvHttpProxyAgent({
    connect,
    // Empty strings, not undefined: an absent option would be read from the environment, which
    // only configs/ may do.
    httpProxy: proxy.httpProxy ?? '',
    httpsProxy: proxy.httpsProxy ?? proxy.httpProxy ?? '',
    noProxy: proxy.noProxy ?? '',
  })
}

/**
 * Arguments that tell Maven of the proxies: it does not read HTTPS_PROXY, but its JVM takes the
 * same facts as properties. A proxy in the user's settings.xml goes first.
 */
export function mavenProxyArguments(proxy: ProxySettings | undefined): string[] {
  const args: string[] = []
  const schemes = [
    ['http', proxy?.httpProxy],
    ['https', proxy?.httpsProxy ?? proxy?.httpProxy],
  ] as const
  for (const [scheme, value] of schemes) {
    if (!value) continue
    const url = new URL(value.includes('://') ? value : `http://${value}`)
    args.push(`-D${scheme}.proxyHost=${url.hostname}`)
    args.push(`-D${scheme}.proxyPort=${url.port || (url.protocol === 'https:' ? '443' : '80')}`)
  }
  if (args.length === 0) return args
  args.push('-Daether.connector.http.useSystemProperties=true')
  const excluded = (proxy?.noProxy ?? '').split(/[\s,]+/).filter((host) => host !== '')
  if (excluded.length > 0) {
    const hosts = excluded.map((host) => (host.startsWith('.') ? `*${host}` : host))
    args.push(`-Dhttp.nonProxyHosts=${hosts.join('|')}`)
  }
  return args
}
