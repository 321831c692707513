// Reads a search space from YAML. It owns the form of the file and its messages, which name path,
// value and rule; which settings a method has is train-space.ts.
import { parse } from 'yaml'
import { z } from 'zod'
import { WinnowError, errorMessage } from '../../../schemas/errors.ts'
import { issueSentence } from '../../../schemas/issue-text.ts'
import { nearest } from '../../../schemas/nearest.ts'
import type { CategoricalDomain, Condition, Parameter, SearchSpace } from './space.ts'
import { settingProblem, type Setting } from './train-space.ts'

/** Keeps a suggestion fast, whatever the file says. */
const choicesMax = 100
const parametersMax = 32

const value = z.union([z.string(), z.number(), z.boolean()])

const parameterSchema = z
  .strictObject({
    type: z.enum(['float', 'int', 'categorical']),
    low: z.number().optional(),
    high: z.number().optional(),
    scale: z.enum(['linear', 'log']).optional(),
    choices: z.array(value).min(1).max(choicesMax).optional(),
    when: z.record(z.string(), z.array(value).min(1)).optional(),
  })
  .superRefine((parameter, context) => {
    for (const { path, message } of formProblems(parameter)) {
      context.addIssue({ code: 'custom', path: [path], message })
    }
  })

type ParameterFile = z.infer<typeof parameterSchema>

const spaceSchema = z.record(z.string(), parameterSchema)

/**
 * Reads a space whose parameters are among the settings.
 *
 * @throws WinnowError `usage` with a sentence for each broken rule.
 *
 * @example
 * readSpace('lr: {type: float, low: 1e-5, high: 5e-4, scale: log}', { settings, source: 'a.yaml' })
 */
export function readSpace(
  text: string,
  { settings, source }: { settings: readonly Setting[]; source: string },
): SearchSpace {
  const wrong = (problems: readonly string[], cause?: unknown): WinnowError =>
    new WinnowError('usage', `${source}: ${problems.join('; ')}`, { cause })
  let tree: unknown
  try {
    tree = parse(text)
  } catch (cause) {
    throw wrong([`this is not YAML: ${errorMessage(cause).split('\n')[0]!}`], cause)
  }
  const parsed = spaceSchema.safeParse(tree)
  if (!parsed.success) {
    throw wrong(parsed.error.issues.map((issue) => issueSentence(issue, tree, 'the file')))
  }
  const file = new Map(Object.entries(parsed.data))
  if (file.size === 0) throw wrong(['there is no parameter in it'])
  if (file.size > parametersMax) {
    throw wrong([`it has ${file.size} parameters, and at most ${parametersMax} are allowed`])
  }
  const problems = [...file].flatMap(([name, parameter]) => [
    ...settingProblems(name, parameter, settings),
    ...conditionProblems(name, parameter, file),
  ])
  if (problems.length > 0) throw wrong(problems)
  const parameters = [...file].map(([name, parameter]) => parameterOf(name, parameter))
  const ordered = parentsFirst(parameters)
  if (ordered.length === parameters.length) return ordered
  const circle = parameters.filter((each) => !ordered.includes(each)).map(({ name }) => name)
  throw wrong([`the conditions of ${circle.join(' and ')} form a circle`])
}

type FormProblem = { readonly path: keyof ParameterFile; readonly message: string }

function formProblems({ type, low, high, scale, choices }: ParameterFile): FormProblem[] {
  if (type === 'categorical') {
    const unused = Object.entries({ low, high, scale }).find(([, given]) => given !== undefined)
    if (unused !== undefined) {
      return [{ path: unused[0] as 'low', message: 'has no meaning with type categorical' }]
    }
    if (choices === undefined) return [{ path: 'choices', message: 'is missing' }]
    if (new Set(choices).size === choices.length) return []
    return [{ path: 'choices', message: 'must not hold the same value twice' }]
  }
  if (choices !== undefined) {
    return [{ path: 'choices', message: `has no meaning with type ${type}` }]
  }
  if (low === undefined) return [{ path: 'low', message: 'is missing' }]
  if (high === undefined) return [{ path: 'high', message: 'is missing' }]
  const problems: FormProblem[] = []
  if (high < low) problems.push({ path: 'high', message: `must be at least low, which is ${low}` })
  if (scale === 'log' && low <= 0) {
    problems.push({ path: 'low', message: 'must be above 0 with scale log' })
  }
  if (type === 'float') return problems
  for (const [path, end] of [['low', low] as const, ['high', high] as const]) {
    if (!Number.isSafeInteger(end)) {
      problems.push({ path, message: 'must be a whole number with type int' })
    }
  }
  return problems
}

/** What of a parameter the setting of its name does not take. */
function settingProblems(
  name: string,
  { low, high, choices = [], type }: ParameterFile,
  settings: readonly Setting[],
): string[] {
  const setting = settings.find((each) => each.name === name)
  if (setting === undefined) {
    const names = settings.map((each) => each.name)
    const near = nearest(name, names)
    const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`
    return [`${name} is no setting of this method; ${hint}`]
  }
  const ends = type === 'categorical' ? [] : [['low', low!] as const, ['high', high!] as const]
  const tried = [
    ...ends.map(([end, number]) => ({ path: `${name}.${end}`, tried: number })),
    ...choices.map((choice, index) => ({ path: `${name}.choices[${index}]`, tried: choice })),
  ]
  const problems = tried.flatMap(({ path, tried: at }) => {
    const problem = settingProblem(setting, at)
    return problem === undefined ? [] : [`${path} ${problem}, not ${JSON.stringify(at)}`]
  })
  if (problems.length > 0 || type !== 'float' || setting.kind !== 'whole') return problems
  return [`${name}.type must be int: this setting is a whole number`]
}

function conditionProblems(
  name: string,
  { when = {} }: ParameterFile,
  file: ReadonlyMap<string, ParameterFile>,
): string[] {
  return Object.entries(when).flatMap(([parent, values]) => {
    const path = `${name}.when.${parent}`
    const choices = file.get(parent)?.choices
    if (choices === undefined) return [`${path} must name a categorical parameter of this file`]
    return values
      .filter((each) => !choices.includes(each))
      .map((each) => `${path}: ${JSON.stringify(each)} is none of the choices of ${parent}`)
  })
}

function parameterOf(name: string, file: ParameterFile): Parameter {
  const { type, low, high, scale = 'linear', choices, when = {} } = file
  const conditions = Object.entries(when).map(([parameter, values]): Condition => ({
    parameter,
    values,
  }))
  // formProblems has found what the type needs.
  const domain: Parameter['domain'] =
    type === 'categorical'
      ? ({ kind: type, choices: choices! } satisfies CategoricalDomain)
      : { kind: type, low: low!, high: high!, scale }
  return { name, domain, when: conditions }
}

/** In an order in which conditions name earlier parameters only; without those of a circle. */
function parentsFirst(parameters: readonly Parameter[]): Parameter[] {
  const ordered: Parameter[] = []
  const isPlaced = (name: string): boolean => ordered.some((each) => each.name === name)
  for (;;) {
    const next = parameters.find(
      (each) => !ordered.includes(each) && each.when.every(({ parameter }) => isPlaced(parameter)),
    )
    if (next === undefined) return ordered
    ordered.push(next)
  }
}
