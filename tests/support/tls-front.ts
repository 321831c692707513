// TLS in front of a service that speaks none, as a proxy of a cluster adds it.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'
import type { Certificate } from './certificates.ts'

export type TlsFront = { readonly port: number; close(): void }

/** Listens on a free port of this machine and relays to the URL `target`; the caller closes it. */
export async function openTlsFront(
  { certFile, keyFile }: Pick<Certificate, 'certFile' | 'keyFile'>,
  { target, ...tls }: TlsOptions & { target: string },
): Promise<TlsFront> {
  const { hostname, port } = new URL(target)
  const pem = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const front = createServer({ ...pem, ...tls }, (client) => {
    const service = connect(Number(port), hostname)
    client.pipe(service).pipe(client)
    client.on('error', () => service.destroy())
    service.on('error', () => client.destroy())
  })
  front.on('tlsClientError', () => undefined)
  await once(front.listen(0, '127.0.0.1'), 'listening')
  return { port: (front.address() as AddressInfo).port, close: () => void front.close() }
}
