// How fast are Avro events read? Values per second of infra/avro, compared with avsc alone, which
// checks nothing: for values of the reader's own schema, and of a writer's schema that differs by
// two fields.
import avro from 'avsc'
import { resolveSchemas } from '../infra/avro/resolution.ts'
import { readSchemaGraph, type SchemaNode } from '../infra/avro/schema-graph.ts'
import { eventAvro } from '../schemas/event.ts'
import { callSpeed } from './measuring.ts'

const pace = { rounds: 9, callsInRound: 60_000 }
const other = {
  ...eventAvro,
  fields: [
    ...eventAvro.fields.filter(({ name }) => name !== 'label'),
    { name: 'mood', type: 'string', default: '' },
  ],
}
const rest = { source: null, attributes: { lang: 'en' }, label: null, mood: 'glad' }
const events = {
  'of 20 characters': { ...rest, id: 'e-1', text: 'where is my parcel?!', time: 1.7e12 },
  'of 2,000 characters': { ...rest, id: 'e-1', text: 'Wo ist mein Päckchen? '.repeat(91), time: 5 },
}

function graphOf(schema: object): SchemaNode {
  const graph = readSchemaGraph(schema)
  if (graph.kind === 'rejected') throw new TypeError(graph.message)
  return graph.root
}

function typeOf(schema: object): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema)
}

const reader = typeOf(eventAvro)
for (const [size, event] of Object.entries(events)) {
  for (const [which, writer] of Object.entries({ own: eventAvro, other })) {
    const type = typeOf(writer)
    const bytes = type.toBuffer(event)
    const resolution = resolveSchemas(graphOf(writer), graphOf(eventAvro))
    if (resolution.kind === 'rejected') throw new TypeError(resolution.message)
    const resolver = which === 'own' ? undefined : reader.createResolver(type)
    process.stdout.write(
      `texts ${size}, ${which} schema: infra/avro ${callSpeed(() => resolution.read(bytes), pace)}, ` +
        `avsc ${callSpeed(() => reader.fromBuffer(bytes, resolver) as unknown, pace)}\n`,
    )
  }
}
