// Converts proxy settings for Maven, without the HTTP client of proxied-fetch.ts.
import type { ProxySettings } from './proxied-fetch.ts'

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
