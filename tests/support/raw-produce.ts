// Produces a record batch byte for byte, as a foreign producer made it; kafkajs cannot do this.
import { once } from 'node:events'
import { connect } from 'node:net'
import { int16, int32, string } from './kafka-bytes.ts'

/**
 * Sends one Produce request (version 7, the first with zstd) for partition 0 to a broker,
 * `host:port`. Resolves with the broker's error code: 0 if the batch is in the log.
 */
export async function produceRaw(broker: string, topic: string, batch: Buffer): Promise<number> {
  const [host, port] = broker.split(':') as [string, string]
  const socket = connect(Number(port), host)
  try {
    const request = produceRequest(topic, batch)
    socket.write(Buffer.concat([int32(request.length), request]))
    let answer: Buffer = Buffer.alloc(0)
    while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
      const [part] = (await once(socket, 'data')) as [Buffer]
      answer = Buffer.concat([answer, part])
    }
    // Size, correlation id, one topic with its name, one partition with its number, the code.
    return answer.readInt16BE(4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4)
  } finally {
    socket.destroy()
  }
}

function produceRequest(topic: string, batch: Buffer): Buffer {
  const head = Buffer.concat([int16(0), int16(7), int32(1), string('raw')])
  const noTransaction = int16(-1)
  const acksOfAll = int16(-1)
  const timeoutMs = int32(30_000)
  const records = Buffer.concat([int32(batch.length), batch])
  const topics = Buffer.concat([int32(1), string(topic), int32(1), int32(0), records])
  return Buffer.concat([head, noTransaction, acksOfAll, timeoutMs, topics])
}
