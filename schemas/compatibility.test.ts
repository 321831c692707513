// Each Avro schema must be able to read what its last release wrote. `schemas/released/` keeps the
// released form of each; `UPDATE_RELEASED=1` writes them again and belongs to making a release.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { topicSchemas } from './subjects.ts'

const releasedDir = new URL('./released/', import.meta.url)

describe.each(Object.entries(topicSchemas))('schema of %s', (topic, schema) => {
  const path = new URL(`${topic}.avsc`, releasedDir)

  it('reads what its last released version wrote', () => {
    if (process.env['UPDATE_RELEASED'] === '1') {
      writeFileSync(path, `${JSON.stringify(schema, undefined, 2)}\n`)
    }
    expect(existsSync(path), `${path.pathname} is missing`).toBe(true)
    const released = avro.Type.forSchema(JSON.parse(readFileSync(path, 'utf8')) as avro.Schema)
    const current = avro.Type.forSchema(schema as unknown as avro.Schema)
    const resolver = current.createResolver(released)
    const sample = released.random() as unknown
    expect(() => current.fromBuffer(released.toBuffer(sample), resolver) as unknown).not.toThrow()
  })

  it('documents every field', () => {
    for (const field of schema.fields) expect(field.doc.length).toBeGreaterThan(5)
  })
})

describe('the check itself', () => {
  it('finds a new field without a default incompatible', () => {
    const { events } = topicSchemas
    const broken = {
      ...events,
      fields: [...events.fields, { name: 'extra', type: 'string', doc: '' }],
    }
    const reader = avro.Type.forSchema(broken as unknown as avro.Schema)
    const writer = avro.Type.forSchema(events as unknown as avro.Schema)
    expect(() => reader.createResolver(writer)).toThrow(/extra/)
  })
})
