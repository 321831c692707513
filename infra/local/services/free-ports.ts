// Chooses TCP ports on loopback: a wanted one if it is free, otherwise any free one.
import { createConnection, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * The first of `wanted` that is free and not in `reserved`, otherwise one that the system picks. A
 * wanted 0 means any.
 */
export async function choosePort(
  wanted: readonly number[],
  reserved: ReadonlySet<number> = new Set(),
): Promise<number> {
  for (const port of wanted) {
    if (port !== 0 && !reserved.has(port) && (await isPortFree(port))) return port
  }
  const port = await bindBriefly(0)
  return port === undefined || reserved.has(port) ? choosePort([], reserved) : port
}

/** Whether nobody listens on this loopback port and it can be bound. */
export async function isPortFree(port: number): Promise<boolean> {
  // Checks both, because loopback may be bound beside a listener on all addresses.
  return !(await answers(port)) && (await bindBriefly(port)) !== undefined
}

/** Whether a program accepts connections on this loopback port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 })
    const settle = (isAnswering: boolean) => {
      socket.destroy()
      resolve(isAnswering)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.once('timeout', () => settle(false))
  })
}

/** The bound port, or undefined if it cannot be bound. */
function bindBriefly(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as AddressInfo
      server.close(() => resolve(bound))
    })
  })
}
