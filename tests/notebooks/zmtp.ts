// A client of ZeroMQ's wire protocol, as far as Jupyter kernels need it: ZMTP 3.0 over TCP without
// encryption (rfc.zeromq.org/spec/23), for one socket that sends and receives messages.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection to one port of a kernel. A message is a list of frames. */
export type ZmtpConnection = {
  send(frames: readonly Buffer[]): void
  /** The next message; undefined once the other side has closed the connection. */
  receive(): Promise<readonly Buffer[] | undefined>
  close(): void
}

const more = 0x01
const long = 0x02
const command = 0x04

/** Connects as a DEALER, or as a SUB that receives everything. The caller closes it. */
export async function connectZmtp(
  port: number,
  socketType: 'DEALER' | 'SUB',
): Promise<ZmtpConnection> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(greeting())
  const bytes = byteReader(socket)
  await bytes.take(greetingBytes)
  writeFrame(socket, command, readyCommand(socketType))
  const ready = await readFrame(bytes)
  if (ready === undefined || (ready.flags & command) === 0) throw new Error('no ZMTP handshake')
  if (socketType === 'SUB') writeFrame(socket, 0, Buffer.from([1]))
  return {
    send(frames) {
      for (const [at, frame] of frames.entries()) {
        writeFrame(socket, at + 1 < frames.length ? more : 0, frame)
      }
    },
    async receive() {
      const frames: Buffer[] = []
      for (;;) {
        const frame = await readFrame(bytes)
        if (frame === undefined) return undefined
        if ((frame.flags & command) !== 0) continue
        frames.push(frame.body)
        if ((frame.flags & more) === 0) return frames
      }
    },
    close: () => socket.destroy(),
  }
}

const greetingBytes = 64

/** Signature, version 3.0, mechanism NULL, and zeros. */
function greeting(): Buffer {
  const bytes = Buffer.alloc(greetingBytes)
  bytes[0] = 0xff
  bytes[9] = 0x7f
  bytes[10] = 3
  bytes.write('NULL', 12, 'latin1')
  return bytes
}

function readyCommand(socketType: string): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(socketType.length)
  const name = 'Socket-Type'
  return Buffer.concat([
    Buffer.from(`\u0005READY${String.fromCharCode(name.length)}${name}`, 'latin1'),
    size,
    Buffer.from(socketType, 'latin1'),
  ])
}

function writeFrame(socket: Socket, flags: number, body: Buffer): void {
  const isLong = body.length > 255
  const head = Buffer.alloc(isLong ? 9 : 2)
  head[0] = isLong ? flags | long : flags
  if (isLong) head.writeBigUInt64BE(BigInt(body.length), 1)
  else head[1] = body.length
  socket.write(Buffer.concat([head, body]))
}

async function readFrame(bytes: ByteReader): Promise<{ flags: number; body: Buffer } | undefined> {
  const [flags] = (await bytes.take(1)) ?? []
  if (flags === undefined) return undefined
  const isLong = (flags & long) !== 0
  const size = await bytes.take(isLong ? 8 : 1)
  if (size === undefined) return undefined
  const body = await bytes.take(isLong ? Number(size.readBigUInt64BE()) : size[0]!)
  return body && { flags, body }
}

type ByteReader = {
  /** The next bytes; undefined if the connection ends before. */
  take(count: number): Promise<Buffer | undefined>
}

function byteReader(socket: Socket): ByteReader {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let held = Buffer.alloc(0)
  return {
    async take(count) {
      while (held.length < count) {
        const next = await chunks.next().catch(() => ({ done: true }) as const)
        if (next.done === true) return undefined
        held = Buffer.concat([held, next.value])
      }
      const taken = held.subarray(0, count)
      held = held.subarray(count)
      return taken
    },
  }
}
