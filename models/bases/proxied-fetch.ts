// Proxy settings, and the dispatcher of the HTTP client for them. The caller reads the settings
// from the environment; maven-proxy.ts converts them for Maven.
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
