// Converts proxy settings for the HTTP client and for Maven. The caller reads the settings from the
// environment.
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'

/** The proxies to use, with the meaning of the environment variables of the same name. */
export type ProxySettings = {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  readonly noProxy?: string | undefined
}

/**
 * The HTTP dispatcher of one download, with a proxy if the settings have one. The caller destroys
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
 * Arguments that pass the proxies to Maven as JVM properties, because Maven does not read
 * HTTPS_PROXY. A proxy in the user's settings.xml takes precedence.
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
