import { expect, test } from 'vitest'
import { readSpace } from './space-file.ts'
import { partialRecipe } from '../../encoder/fine-tuning-task.ts'
import { defaultSpace, settingProblem, settingsOf } from './train-space.ts'

const read = (text: string) =>
  readSpace(text, { settings: settingsOf('partial'), source: 'a.yaml' })

test('reads every kind of parameter, parents first', () => {
  const space = read(`
contrast-temperature: {type: float, low: 0.05, high: 0.5, scale: log, when: {contrast: [1, 2]}}
contrast: {type: categorical, choices: [0, 1, 2]}
epochs: {type: int, low: 2, high: 6}
`)
  expect(space).toEqual([
    { name: 'contrast', domain: { kind: 'categorical', choices: [0, 1, 2] }, when: [] },
    {
      name: 'contrast-temperature',
      domain: { kind: 'float', low: 0.05, high: 0.5, scale: 'log' },
      when: [{ parameter: 'contrast', values: [1, 2] }],
    },
    { name: 'epochs', domain: { kind: 'int', low: 2, high: 6, scale: 'linear' }, when: [] },
  ])
})

test.each([
  ['[', 'a.yaml: this is not YAML'],
  ['', 'must be an object, not null'],
  ['{}', 'there is no parameter in it'],
  ['lr: {type: double}', 'lr.type must be one of float, int, categorical'],
  ['lr: {type: float, low: 1e-5}', 'lr.high is missing'],
  [
    'lr: {type: float, low: 1e-5, frobnicate: 1}',
    'lr has a name that it must not have: "frobnicate"',
  ],
  ['lr: {type: float, low: 2, high: 1}', 'lr.high: must be at least low, which is 2, not 1'],
  ['lr: {type: float, low: 0, high: 1, scale: log}', 'lr.low: must be above 0 with scale log'],
  ['lr: {type: float, low: 0, high: 1}', 'lr.low must be above 0, not 0'],
  ['epochs: {type: int, low: 1, high: 2.5}', 'epochs.high: must be a whole number'],
  ['epochs: {type: float, low: 1, high: 2}', 'epochs.type must be int'],
  ['epochs: {type: int, low: 1, high: 2, choices: [1]}', 'epochs.choices has no meaning'],
  ['batch: {type: categorical, low: 1, choices: [8]}', 'batch.low has no meaning'],
  ['batch: {type: categorical, choices: [8, 8]}', 'must not hold the same value twice'],
  ['batch: {type: categorical, choices: [8.5]}', 'batch.choices[0] must be a whole number'],
  ['schedule: {type: categorical, choices: [steps]}', 'must be one of linear, cosine, not "steps"'],
  ['dropouts: {type: float, low: 0, high: 0.5}', 'did you mean dropout?'],
  ['lr: {type: float, low: 1, high: 2, when: {x: [1]}}', 'lr.when.x must name a categorical'],
  [
    'batch: {type: categorical, choices: [8]}\nlr: {type: float, low: 1, high: 2, when: {batch: [9]}}',
    'lr.when.batch: 9 is none of the choices of batch',
  ],
  [
    'batch: {type: categorical, choices: [8], when: {patience: [1]}}\n' +
      'patience: {type: categorical, choices: [1], when: {batch: [8]}}',
    'the conditions of batch and patience form a circle',
  ],
])('refuses %s', (text, words) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'usage' }) as Error)
  expect(() => read(text)).toThrow(words)
})

test('knows how many layers the base has', () => {
  const settings = settingsOf('partial', { layers: 6 })
  const text = (high: number) => `layers: {type: int, low: 1, high: ${high}}`
  expect(readSpace(text(5), { settings, source: 'a.yaml' })).toHaveLength(1)
  expect(() => readSpace(text(6), { settings, source: 'a.yaml' })).toThrow('layers.high must be')
})

test.each(['head', 'partial', 'full'] as const)('has a default space of %s', (method) => {
  for (const task of ['single-label', 'multi-label'] as const) {
    for (const { name, domain } of defaultSpace(method, { layers: 6, task })) {
      const setting = settingsOf(method).find((each) => each.name === name)!
      const tried = domain.kind === 'categorical' ? domain.choices : [domain.low, domain.high]
      expect(tried.map((value) => settingProblem(setting, value))).toEqual(
        tried.map(() => undefined),
      )
    }
  }
})

test('lies around the default recipe for the texts, and bounds what a trial costs', () => {
  const domainsFor = (epochs: number) => {
    const recipe = { ...partialRecipe, epochs }
    const space = defaultSpace('partial', { layers: 6, task: 'single-label', recipe })
    return Object.fromEntries(space.map(({ name, domain }) => [name, domain]))
  }
  expect(domainsFor(3)).toMatchObject({
    epochs: { low: 2, high: 4 },
    lr: { low: 5e-5, high: 8e-4 },
    batch: { choices: [32, 64] },
    layers: { low: 1, high: 5 },
  })
  expect(domainsFor(2)).toMatchObject({ epochs: { low: 1, high: 3 } })
  // Few examples per label are trained for many epochs.
  expect(domainsFor(40)).toMatchObject({ epochs: { low: 20, high: 54 } })
})
