import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { kafkaCommands, rightText, rightsOf, rightsTable } from './command-rights.ts'

const config = configSchema.parse({})

describe('the rights of commands', () => {
  it('are what the table of docs/kafka.md says', () => {
    const page = readFileSync('docs/kafka.md', 'utf8')
    const cells = (line: string) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    const start = page.indexOf('| command ')
    const lines = page.slice(start, page.indexOf('\n\n', start)).split('\n')
    const [head, , ...rows] = lines.map(cells)
    expect([head, ...rows]).toEqual(rightsTable(config))
  })

  it('follow the configured names', () => {
    const named = configSchema.parse({ topics: { prefix: 'team.' }, stream: { group: 'night' } })
    expect(rightsOf('stream --stages labels', named).map(rightText)).toEqual([
      'Read on the topic team.labels',
      'Write on the topic team.dead-letters',
      'Read on consumer groups whose names start with night.',
    ])
  })

  it('include the topics of inputs and outputs', () => {
    const named = configSchema.parse({
      inputs: [{ topic: 'orders', fields: { text: 'note' }, deadLetterTopic: 'orders.rejected' }],
      outputs: [{ topic: 'orders.labelled' }],
    })
    const own = rightsOf('stream', config).map(rightText)
    const added = rightsOf('stream', named)
      .map(rightText)
      .filter((right) => !own.includes(right))
    expect(added).toEqual([
      'Read on the topic orders',
      'Read on the topic winnow.retries',
      'Write on the topic orders.rejected',
      'Write on the topic orders.labelled',
    ])
    expect(rightsOf('dlq replay', named).map(rightText)).toContain(
      'Write on the topic winnow.retries',
    )
  })

  it('name each right once', () => {
    for (const command of kafkaCommands) {
      const texts = rightsOf(command, config).map(rightText)
      expect(new Set(texts).size, command).toBe(texts.length)
    }
  })
})
