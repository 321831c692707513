// Values that avsc wrote, read with their own schema alone.
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { readPlainValue } from './plain-value.ts'
import { readSchemaGraph } from './schema-graph.ts'

const schema = {
  type: 'record',
  name: 'Ticket',
  fields: [
    { name: 'body', type: ['null', 'string'] },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'DONE'] } },
    { name: 'tags', type: { type: 'map', values: 'int' } },
    { name: 'lines', type: { type: 'array', items: 'double' } },
    { name: 'parent', type: ['null', 'Ticket'] },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 2 } },
    { name: 'open', type: 'boolean' },
  ],
}

const ticket = {
  body: 'a',
  state: 'DONE',
  tags: { x: 1 },
  lines: [0.5],
  parent: null,
  hash: Buffer.from([1, 2]),
  open: true,
}

function nodeOf(json: unknown) {
  const graph = readSchemaGraph(json)
  if (graph.kind === 'rejected') throw new Error(graph.message)
  return graph.root
}

describe('readPlainValue', () => {
  const type = avro.Type.forSchema(schema as avro.Schema)
  const node = nodeOf(schema)

  it('gives objects, lists, text and numbers', () => {
    const nested = { ...ticket, body: null, parent: ticket }
    const written = [ticket, nested].map((one) => type.toBuffer(one))
    expect(readPlainValue(node, written[0]!)).toEqual({ kind: 'ok', value: ticket })
    expect(readPlainValue(node, written[1]!)).toEqual({ kind: 'ok', value: nested })
  })

  it('keeps all digits of a long', () => {
    const long = nodeOf('long')
    const longs = [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]
    for (const value of longs) {
      const zigzag = BigInt.asUintN(64, value < 0n ? -value * 2n - 1n : value * 2n)
      const read = readPlainValue(long, variable(zigzag))
      expect(read.kind === 'ok' && BigInt(read.value as number | bigint)).toBe(value)
    }
  })

  it('names the field whose bytes end early, and bytes that are left', () => {
    const written = type.toBuffer(ticket)
    expect(readPlainValue(node, written.subarray(0, -1))).toMatchObject({
      error: { code: 'avro_undecodable', message: expect.stringMatching(/^open /) as string },
    })
    expect(readPlainValue(node, Buffer.concat([written, Buffer.from([0])]))).toMatchObject({
      error: { code: 'avro_undecodable' },
    })
  })
})

function variable(unsigned: bigint): Buffer {
  const bytes: number[] = []
  let rest = unsigned
  do {
    const bits = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? bits | 0x80 : bits)
  } while (rest > 0n)
  return Buffer.from(bytes)
}
