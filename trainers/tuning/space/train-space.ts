// What can be tuned of each training method, and the space that is searched unless a file gives
// another. Names are those of the options of `winnow train`; C of the head is `c`.
import { partialRecipe, type Recipe } from '../../encoder/fine-tuning-task.ts'
import type { TrainingMethod } from '../../runs/run-record.ts'
import type { Parameter, ParameterValue, SearchSpace } from './space.ts'

/** A setting of a method, with what it may be. */
export type Setting = { readonly name: string } & (
  | ({ readonly kind: 'number' | 'whole' } & Limits)
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
)

type Limits = {
  readonly above?: number
  readonly from?: number
  readonly below?: number
  readonly to?: number
}

const classWeights: Setting = {
  name: 'class-weights',
  kind: 'choice',
  choices: ['none', 'balanced'],
}

const headSettings: readonly Setting[] = [
  { name: 'c', kind: 'number', above: 0 },
  classWeights,
  { name: 'pooled-layers', kind: 'choice', choices: ['every', 'last'] },
]

const encoderSettings: readonly Setting[] = [
  { name: 'lr', kind: 'number', above: 0 },
  { name: 'head-lr', kind: 'number', above: 0 },
  { name: 'epochs', kind: 'whole', from: 1 },
  { name: 'batch', kind: 'whole', from: 1 },
  { name: 'schedule', kind: 'choice', choices: ['linear', 'cosine'] },
  { name: 'warmup', kind: 'number', from: 0, below: 1 },
  { name: 'layer-decay', kind: 'number', above: 0, to: 1 },
  { name: 'weight-decay', kind: 'number', from: 0 },
  { name: 'clip', kind: 'number', above: 0 },
  { name: 'dropout', kind: 'number', from: 0, below: 1 },
  { name: 'label-smoothing', kind: 'number', from: 0, below: 1 },
  classWeights,
  { name: 'patience', kind: 'whole', from: 1 },
  { name: 'contrast', kind: 'number', from: 0 },
  { name: 'contrast-temperature', kind: 'number', above: 0 },
]

/** The settings of a method, for a base with so many layers if it is known. */
export function settingsOf(
  method: TrainingMethod,
  { layers = Infinity, positions = Infinity }: { layers?: number; positions?: number } = {},
): readonly Setting[] {
  const maxTokens: Setting = { name: 'max-tokens', kind: 'whole', from: 3, to: positions }
  if (method === 'head') return [...headSettings, maxTokens]
  if (method === 'full') return [...encoderSettings, maxTokens]
  const trained: Setting = { name: 'layers', kind: 'whole', from: 1, to: layers - 1 }
  return [...encoderSettings, maxTokens, trained]
}

/** The rule that a value breaks: `must be above 0`; undefined when the setting takes it. */
export function settingProblem(setting: Setting, value: ParameterValue): string | undefined {
  if (setting.kind === 'choice') {
    const { choices } = setting
    return choices.some((each) => each === value)
      ? undefined
      : `must be one of ${choices.join(', ')}`
  }
  if (typeof value !== 'number') return 'must be a number'
  if (setting.kind === 'whole' && !Number.isInteger(value)) return 'must be a whole number'
  const { above = -Infinity, from = -Infinity, below = Infinity, to = Infinity } = setting
  if (!(value > above)) return `must be above ${above}`
  if (!(value >= from)) return `must be at least ${from}`
  if (!(value < below)) return `must be below ${below}`
  return value <= to ? undefined : `must be at most ${to}`
}

const decimals = (name: string, low: number, high: number): Parameter => ({
  name,
  domain: { kind: 'float', low, high, scale: 'linear' },
  when: [],
})
const magnitudes = (name: string, low: number, high: number): Parameter => ({
  name,
  domain: { kind: 'float', low, high, scale: 'log' },
  when: [],
})
const counts = (name: string, low: number, high: number): Parameter => ({
  name,
  domain: { kind: 'int', low, high, scale: 'linear' },
  when: [],
})
const factors = (name: string, low: number, high: number): Parameter => ({
  name,
  domain: { kind: 'int', low, high, scale: 'log' },
  when: [],
})
const oneOf = (name: string, choices: readonly ParameterValue[]): Parameter => ({
  name,
  domain: { kind: 'categorical', choices },
  when: [],
})

/** The fewest tokens that the default space cuts texts at. */
const shortestCut = 8

/**
 * The space of a method for a base with so many layers, around the default recipe for the texts:
 * rates up to a factor of four to both sides, and epochs from half of its number to a third more,
 * so that no trial takes much longer than the default one. Weight decay and the shape of the
 * schedule are left out, because they change little within so few steps. Only the tokens at which
 * texts are cut decide how long a text takes, so they are searched if that time counts.
 */
export function defaultSpace(
  method: TrainingMethod,
  options: {
    readonly layers: number
    readonly task: 'single-label' | 'multi-label'
    /** The default recipe for the texts; the method head has none. */
    readonly recipe?: Pick<Recipe, 'epochs' | 'encoderRate' | 'headRate'> | undefined
    /** The most tokens to cut texts at, if the time per text counts. */
    readonly tokensMax?: number | undefined
  },
): SearchSpace {
  const { layers, task, tokensMax, recipe = partialRecipe } = options
  const cuts = tokensMax === undefined ? [] : [cutsUpTo(tokensMax)]
  // Texts with several labels cannot be weighted by class.
  const weights = task === 'multi-label' ? [] : [oneOf('class-weights', ['none', 'balanced'])]
  if (method === 'head') {
    const pooled = oneOf('pooled-layers', ['every', 'last'])
    return [magnitudes('c', 0.5, 500), pooled, ...weights, ...cuts]
  }
  const { epochs, encoderRate, headRate } = recipe
  const shared = [
    aroundRate('lr', encoderRate),
    aroundRate('head-lr', headRate),
    counts('epochs', Math.ceil(epochs / 2), Math.ceil((epochs * 4) / 3)),
    oneOf('batch', [32, 64]),
    decimals('warmup', 0, 0.3),
    decimals('layer-decay', 0.7, 1),
    decimals('dropout', 0, 0.3),
    decimals('label-smoothing', 0, 0.15),
    ...weights,
    ...cuts,
  ]
  if (method === 'full') return shared
  return [...shared, counts('layers', 1, Math.max(1, layers - 1))]
}

function aroundRate(name: string, rate: number): Parameter {
  const [low, high] = [rate / 4, rate * 4].map((end) => Number(end.toPrecision(6)))
  return magnitudes(name, low!, high!)
}

function cutsUpTo(tokensMax: number): Parameter {
  return factors('max-tokens', Math.min(shortestCut, tokensMax), tokensMax)
}
