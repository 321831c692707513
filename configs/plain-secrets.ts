// Finds connections that send a password unencrypted. It only warns, because a mesh or a tunnel
// that it cannot see may encrypt them.
import { noRegistry, type Config } from './schema.ts'

/** The setting at fault, the danger, and the remedy. */
export type PlainSecret = {
  readonly setting: string
  readonly danger: string
  readonly advice: string
}

/** Every connection that sends a password in clear text. HTTP to this machine does not count. */
export function plainSecrets({ kafka, registry, clickhouse, tracking }: Config): PlainSecret[] {
  const found: PlainSecret[] = []
  const sent = { plain: 'password', oauthbearer: 'access token' } as const
  if (kafka.saslMechanism in sent && !kafka.ssl && kafka.tls === undefined) {
    const mechanism = kafka.saslMechanism as keyof typeof sent
    const danger = `kafka.saslMechanism ${mechanism} without kafka.ssl sends the ${sent[mechanism]} unencrypted`
    const advice = 'set kafka.ssl to true, or use scram-sha-512'
    found.push({ setting: 'kafka.saslMechanism', danger, advice })
  }
  const hasRegistrySecret = registry.username !== undefined || registry.token !== undefined
  const overHttp = [
    { setting: 'registry.url', ...registry, hasPassword: hasRegistrySecret },
    { setting: 'clickhouse.url', ...clickhouse, hasPassword: Boolean(clickhouse.password) },
    {
      setting: 'kafka.oauth.tokenUrl',
      url: kafka.oauth?.tokenUrl ?? noRegistry,
      hasPassword: true,
    },
    {
      setting: 'tracking.mlflow.url',
      url: tracking.mlflow.url ?? noRegistry,
      hasPassword: (tracking.mlflow.password ?? tracking.mlflow.token) !== undefined,
    },
  ]
  for (const { setting, url, hasPassword } of overHttp) {
    if (url === noRegistry) continue
    const { protocol, hostname, username, password } = new URL(url)
    if (protocol !== 'http:' || isLoopback(hostname)) continue
    if (!hasPassword && username === '' && password === '') continue
    const danger = `${setting} is http, so the password goes to ${hostname} unencrypted`
    found.push({ setting, danger, advice: 'use https' })
  }
  return found
}

function isLoopback(hostname: string): boolean {
  return (
    /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname) || hostname.endsWith('.localhost')
  )
}
