// A search space: the parameters of a tune with their domains, and the map between values and the
// unit cube, in which the samplers work. Reading one from YAML is space-file.ts.

/** Of decimal values: more would be noise, and people copy them into options. */
const digits = 6

/** A value of a parameter. */
export type ParameterValue = string | number | boolean

/** The values of a trial by the names of its parameters; inactive ones are absent. */
export type TrialParameters = Readonly<Record<string, ParameterValue>>

/** Numbers from `low` to `high`, both included, spread evenly or by their logarithms. */
export type NumericDomain = {
  readonly kind: 'float' | 'int'
  readonly low: number
  readonly high: number
  readonly scale: 'linear' | 'log'
}

/** Values without an order. */
export type CategoricalDomain = {
  readonly kind: 'categorical'
  readonly choices: readonly ParameterValue[]
}

/** A categorical parameter that must have one of these values. */
export type Condition = { readonly parameter: string; readonly values: readonly ParameterValue[] }

/** One parameter. It is active only in trials in which all its conditions hold. */
export type Parameter = {
  readonly name: string
  readonly domain: NumericDomain | CategoricalDomain
  readonly when: readonly Condition[]
}

/** Parameters; those that a condition names come before those that have it. */
export type SearchSpace = readonly Parameter[]

/** Whether all conditions of a parameter hold, given the values of those before it. */
export function isActive({ when }: Parameter, values: TrialParameters): boolean {
  return when.every(({ parameter, values: wanted }) => {
    const value = values[parameter]
    return value !== undefined && wanted.includes(value)
  })
}

/** The values at a point of the unit cube, float64 [parameters]; coordinates are in [0, 1). */
export function valuesAt(space: SearchSpace, point: Float64Array): TrialParameters {
  const values: Record<string, ParameterValue> = {}
  for (const [index, parameter] of space.entries()) {
    if (isActive(parameter, values)) values[parameter.name] = valueAtUnit(parameter, point[index]!)
  }
  return values
}

/** The coordinate of each parameter in the unit cube; undefined where a trial has no value. */
export function unitsOf(space: SearchSpace, values: TrialParameters): (number | undefined)[] {
  return space.map((parameter) => {
    const value = values[parameter.name]
    return value === undefined ? undefined : unitOfValue(parameter, value)
  })
}

/** The value at a coordinate from 0 to 1. Each whole number or choice has a cell of the range. */
export function valueAtUnit({ domain }: Parameter, unit: number): ParameterValue {
  if (domain.kind === 'categorical') {
    const { choices } = domain
    return choices[Math.min(choices.length - 1, Math.floor(unit * choices.length))]!
  }
  const { low, high } = domain
  const [from, to] = rangeOf(domain)
  const at = from + unit * (to - from)
  const value = domain.scale === 'log' ? Math.exp(at) : at
  const rounded = domain.kind === 'int' ? Math.round(value) : Number(value.toPrecision(digits))
  return Math.min(high, Math.max(low, rounded))
}

/**
 * The coordinate of a value: the middle of the cell of a choice. A number outside of the domain
 * has the nearest end. Undefined for what is no choice of the domain.
 */
export function unitOfValue({ domain }: Parameter, value: ParameterValue): number | undefined {
  if (domain.kind === 'categorical') {
    const index = domain.choices.indexOf(value)
    return index < 0 ? undefined : (index + 0.5) / domain.choices.length
  }
  if (typeof value !== 'number') return undefined
  const [from, to] = rangeOf(domain)
  if (from === to) return 0.5
  const inside = Math.min(domain.high, Math.max(domain.low, value))
  return ((domain.scale === 'log' ? Math.log(inside) : inside) - from) / (to - from)
}

/** The part of the unit range that has the same value as a coordinate: a point for a float. */
export function cellOf(parameter: Parameter, unit: number): readonly [from: number, to: number] {
  const { domain } = parameter
  if (domain.kind === 'categorical') {
    const count = domain.choices.length
    const index = Math.min(count - 1, Math.floor(unit * count))
    return [index / count, (index + 1) / count]
  }
  if (domain.kind === 'float') return [unit, unit]
  const value = valueAtUnit(parameter, unit) as number
  const [from, to] = rangeOf(domain)
  const edge = (at: number): number =>
    ((domain.scale === 'log' ? Math.log(at) : at) - from) / (to - from)
  return [Math.max(0, edge(value - 0.5)), Math.min(1, edge(value + 0.5))]
}

/** What 0 and 1 stand for. Whole numbers reach half a step further, so that the ends count full. */
function rangeOf({ kind, low, high, scale }: NumericDomain): readonly [number, number] {
  const margin = kind === 'int' ? 0.5 : 0
  const ends = [low - margin, high + margin] as const
  return scale === 'log' ? [Math.log(ends[0]), Math.log(ends[1])] : ends
}
