// Explains to a person why an address cannot be listened on.
import { WinnowError } from '../schemas/errors.ts'

/**
 * Makes a `port_taken` or `config_invalid` error that names the setting to change. `cause` is the
 * error of the socket.
 */
export function listenError(
  section: 'gateway' | 'telemetry',
  { host, port }: { host: string; port: number },
  cause: NodeJS.ErrnoException,
): WinnowError {
  const options = { cause, details: { host, port } }
  if (cause.code === 'EADDRINUSE') {
    const advice = `Stop it, or choose another ${section}.port; 0 picks a free one.`
    const message = `Another program listens on ${host}:${port}. ${advice}`
    return new WinnowError('port_taken', message, options)
  }
  const [setting, why] = problems[cause.code ?? ''] ?? ['host', cause.message]
  const message = `Cannot listen on ${host}:${port}: ${why} (${section}.${setting}).`
  return new WinnowError('config_invalid', message, options)
}

/** The setting to change, and what is wrong with it. */
const problems: Readonly<Record<string, readonly [setting: string, why: string]>> = {
  EADDRNOTAVAIL: ['host', 'this machine does not have that address'],
  ENOTFOUND: ['host', 'there is no host of that name'],
  EAI_AGAIN: ['host', 'the host name cannot be looked up at the moment'],
  EACCES: ['port', 'this user may not listen on that port; choose one of at least 1024'],
}
