// Finds connections of a configuration on which a password travels unencrypted. It only says so: a mesh or a tunnel
// may encrypt what this cannot see.
import type { Config } from './schema.ts'

/** A password in clear text: the setting that makes it so, and one sentence on what happens and what to do. */
export type PlainSecret = { readonly setting: string; readonly sentence: string }

/** Every connection that sends a password in clear text. HTTP to this machine itself does not count. */
export function plainSecrets({ kafka, registry, clickhouse }: Config): PlainSecret[] {
  const found: PlainSecret[] = []
  if (kafka.saslMechanism === 'plain' && !kafka.ssl) {
    const sentence =
      'kafka.saslMechanism plain without kafka.ssl sends the password unencrypted; set kafka.ssl to ' +
      'true, or use scram-sha-512'
    found.push({ setting: 'kafka.saslMechanism', sentence })
  }
  const overHttp = [
    { setting: 'registry.url', ...registry, hasPassword: registry.username !== undefined },
    { setting: 'clickhouse.url', ...clickhouse, hasPassword: Boolean(clickhouse.password) },
  ]
  for (const { setting, url, hasPassword } of overHttp) {
    const { protocol, hostname, username, password } = new URL(url)
    if (protocol !== 'http:' || isLoopback(hostname)) continue
    if (!hasPassword && username === '' && password === '') continue
    const sentence = `${setting} is http, so that the password goes to ${hostname} unencrypted; use https`
    found.push({ setting, sentence })
  }
  return found
}

function isLoopback(hostname: string): boolean {
  return (
    /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname) || hostname.endsWith('.localhost')
  )
}
