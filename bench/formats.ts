// How fast are values of inputs read as plain objects, compared with the libraries that people
// would use? Values per second of infra/protobuf and protobufjs, and of infra/avro and avsc, for one
// order. Both libraries give plain objects with whole numbers that keep their digits as text.
import avro from 'avsc'
import protobuf from 'protobufjs'
import { plainReader } from '../infra/avro/plain-value.ts'
import { readSchemaGraph } from '../infra/avro/schema-graph.ts'
import { readMessage } from '../infra/protobuf/message-value.ts'
import { readProtoSchema } from '../infra/protobuf/proto-schema.ts'
import { callSpeed } from './measuring.ts'

const pace = { rounds: 9, callsInRound: 30_000 }
const note = 'Wo ist mein Päckchen? '.repeat(10)
const line = { what: 'shoes', count: 2 }
const order = { number: 4_711, note, paid: true, price: 12.5, lines: [line, line, line] }

const proto = `syntax = "proto3"; package shop;
message Line { string what = 1; int32 count = 2; }
message Order {
  int64 number = 1; string note = 2; bool paid = 3; double price = 4; repeated Line lines = 5;
}`
const lineAvro = {
  type: 'record',
  name: 'Line',
  fields: [
    { name: 'what', type: 'string' },
    { name: 'count', type: 'int' },
  ],
}
const orderAvro = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'number', type: 'long' },
    { name: 'note', type: ['null', 'string'] },
    { name: 'paid', type: 'boolean' },
    { name: 'price', type: 'double' },
    { name: 'lines', type: { type: 'array', items: lineAvro } },
  ],
}

const library = protobuf.parse(proto, { keepCase: true }).root.lookupType('shop.Order')
const message = Buffer.from(library.encode(library.fromObject(order)).finish())
const schema = readProtoSchema(proto, () => undefined)
if (schema.kind === 'rejected') throw new TypeError(schema.message)
const own = schema.schema.byName('shop.Order')!
const toPlain = { longs: String, enums: String, bytes: String, defaults: true } as const
process.stdout.write(
  `Protobuf, ${message.length} bytes: infra/protobuf ` +
    `${callSpeed(() => readMessage(own, message, { bytes: 'base64' }), pace)}, ` +
    `protobufjs ${callSpeed(() => library.toObject(library.decode(message), toPlain), pace)}\n`,
)

const avsc = avro.Type.forSchema(orderAvro as avro.Schema)
const datum = avsc.toBuffer(order)
const graph = readSchemaGraph(orderAvro)
if (graph.kind === 'rejected') throw new TypeError(graph.message)
const read = plainReader(graph.root, { bytes: 'base64' })
process.stdout.write(
  `Avro, ${datum.length} bytes: infra/avro ${callSpeed(() => read(datum), pace)}, ` +
    `avsc ${callSpeed(() => avsc.fromBuffer(datum) as unknown, pace)}\n`,
)
