// The test stack's registry behind TLS and basic authentication, as a proxy in front of it adds
// them.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './certificates.ts'
import type { RegistryAccess } from './registry-client.ts'

/** The user that the proxy lets in. */
export const registryUser = { username: 'reader', password: 'open-sesame' } as const

export type SecureRegistry = { readonly url: string; close(): Promise<void> }

/**
 * Starts a proxy that speaks TLS, checks the user, and passes requests on with the token; the
 * caller closes it. With `mutual`, it asks for a certificate of this authority; with `readOnly`, it
 * refuses changes.
 */
export async function startSecureRegistry(
  certificate: Certificate,
  options: { access: RegistryAccess; mutual?: Certificate | undefined; readOnly?: boolean },
): Promise<SecureRegistry> {
  const { access, mutual, readOnly = false } = options
  const target = new URL(access.registryUrl)
  const { username, password } = registryUser
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const server = createServer(
    {
      cert: readFileSync(certificate.certFile),
      key: readFileSync(certificate.keyFile),
      ...(mutual !== undefined && {
        ...{ ca: readFileSync(mutual.certFile), requestCert: true, rejectUnauthorized: true },
      }),
    },
    (incoming, response) => {
      if (incoming.headers.authorization !== expected) {
        response.writeHead(401).end('{"error_code":401,"message":"who are you?"}')
        return
      }
      const isChange = incoming.method === 'PUT' || /\/versions$/.test(incoming.url ?? '')
      if (readOnly && isChange && incoming.method !== 'GET') {
        response.writeHead(403).end('{"error_code":40301,"message":"forbidden"}')
        return
      }
      const { hostname: host, port } = target
      const authorization = `Bearer ${access.registryToken}`
      const headers = { ...incoming.headers, host: target.host, authorization }
      const { url: path, method } = incoming
      const passed = request({ host, port, path, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      incoming.pipe(passed)
    },
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}${target.pathname}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
