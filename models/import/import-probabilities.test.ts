// Exports whose graph makes probabilities itself, or has one logit: what is served is what the
// export means.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  exportFixtures,
  goldenOf,
  openVersion,
  classified,
  json,
  config,
  graph,
  ending,
  type Golden,
  type Operator,
  type ExportGraph,
} from '../../tests/support/import-exports.ts'
import { importModel, type ImportOptions } from './import-model.ts'

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'winnow-import-'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

/** What a version serves for the golden texts of its family. */
const probabilitiesOf = async (dir: string, options: Partial<ImportOptions> = {}) => {
  const storeDir = await mkdtemp(join(scratch, 'store-'))
  const imported = await importModel({ dir, storeDir, name: 'ending', ...options })
  const { manifest } = imported.version
  const classifier = await openVersion(imported.version)
  try {
    const found: number[][] = []
    for (const { text } of goldenOf(manifest.metrics['family'] as string)) {
      const { probabilities } = await classified(classifier, classifier.tokenize(text).ids)
      found.push(Array.from(probabilities))
    }
    return { found, outputs: imported.outputs, manifest }
  } finally {
    await classifier.close()
  }
}

describe('an export that ends in probabilities gives these', () => {
  const cases: [what: string, family: string, operators: Operator[]][] = [
    ['a softmax', 'bert', [{ operator: 'Softmax' }]],
    ['a softmax that is passed on', 'bert', [{ operator: 'Softmax' }, { operator: 'Identity' }]],
    ['a log softmax', 'bert', [{ operator: 'LogSoftmax' }]],
    ['sigmoids', 'roberta', [{ operator: 'Sigmoid' }]],
    [
      'a softmax by hand',
      'bert',
      [{ operator: 'Exp' }, { operator: 'Div', inputs: ['Exp', 'sum'] }],
    ],
    [
      'sigmoids by hand',
      'roberta',
      [
        { operator: 'Tanh', inputs: ['half'] },
        { operator: 'Add', inputs: ['Tanh', 'one'] },
        { operator: 'Mul', inputs: ['Add', 'point five'] },
      ],
    ],
  ]

  test.each(cases)('%s (%s)', async (what, family, operators) => {
    const dir = await mkdtemp(join(scratch, 'export-'))
    await cp(join(exportFixtures, family), dir, { recursive: true })
    await ending(operators)(dir)
    await graph(withConstants)(dir)
    await json('golden.json', (texts) =>
      // The logarithm of probabilities has another zero than the logits.
      (texts as unknown as Golden[]).map((golden) => ({ ...golden, logits: undefined })),
    )(dir)
    const isMulti = what === 'sigmoids by hand'
    const { found, outputs } = await probabilitiesOf(
      dir,
      isMulti ? { outputs: 'probabilities' } : {},
    )
    expect(outputs).toBe(what === 'a log softmax' ? 'logits' : 'probabilities')
    for (const [index, { probabilities }] of goldenOf(family).entries()) {
      for (const [i, chance] of probabilities.entries()) {
        expect(found[index]![i]).toBeCloseTo(chance, 4)
      }
    }
  })

  /** What the endings by hand refer to: the sum over labels, half of the logits, numbers. */
  function withConstants(one: ExportGraph): ExportGraph {
    const number = (name: string, value: number) => ({
      name,
      dims: [1],
      elementType: 1,
      floats: [value],
    })
    const uses = (name: string) => one.nodes!.some(({ inputs }) => inputs?.includes(name))
    const last = one.nodes!.slice(0, -3)
    if (uses('sum')) {
      const sum = { name: 'sum', operator: 'ReduceSum', inputs: ['Exp', 'axis'], outputs: ['sum'] }
      const axis = { name: 'axis', dims: [1], elementType: 7, ints: [1] }
      return {
        ...one,
        nodes: [...one.nodes!.slice(0, -1), sum, one.nodes!.at(-1)!],
        initializers: [...one.initializers!, axis],
      }
    }
    if (!uses('half')) return one
    const half = { name: 'half', operator: 'Mul', inputs: ['raw', 'point five'], outputs: ['half'] }
    return {
      ...one,
      nodes: [...last, half, ...one.nodes!.slice(-3)],
      initializers: [...one.initializers!, number('one', 1), number('point five', 0.5)],
    }
  }
})

test('one label applies or not where the export is said to mean that', async () => {
  const dir = await mkdtemp(join(scratch, 'export-'))
  await cp(join(exportFixtures, 'bert'), dir, { recursive: true })
  await rm(join(dir, 'golden.json'))
  await config({ id2label: { 0: 'spam' } })(dir)
  await ending([{ operator: 'Gather', inputs: ['raw', 'first'] }])(dir)
  await graph((one) => ({
    ...one,
    nodes: one.nodes!.map((node) =>
      node.operator === 'Gather' && node.inputs![1] === 'first'
        ? { ...node, attributes: [{ name: 'axis', int: 1, type: 2 }] }
        : node,
    ),
    initializers: [...one.initializers!, { name: 'first', dims: [1], elementType: 7, ints: [0] }],
    outputs: [{ name: 'logits', type: { tensor: { elementType: 1 } } }],
  }))(dir)
  const problemType = 'multi_label_classification'
  const { found, manifest } = await probabilitiesOf(dir, { problemType })
  expect(manifest).toMatchObject({ task: 'multi-label', labels: ['spam'], thresholds: [0.5] })
  for (const [index, { logits }] of goldenOf('bert').entries()) {
    expect(found[index]![0]).toBeCloseTo(1 / (1 + Math.exp(-logits[0]!)), 4)
  }
})
